#!/usr/bin/env python3
"""One inference of a model of DeepMind's size on one thread of the interpreter, beside ONNX Runtime on one thread.

    python benches/large.py language|image|flow DIR [--weights f32] [--runs 10] [--threads 1] [--percio target/release/percio]

Makes the model with random weights in DIR when it is not there: the sizes of deepmind/language-perceiver,
vision-perceiver-fourier and optical-flow-perceiver. Prints the shortest inference of each, after the model is read and has run
once, and the peak of resident memory of a run of one sample. `flow` is not run by ONNX Runtime, and once, with reading and
compiling. Needs torch, transformers, onnx and onnxruntime.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "hosttools" / "python"))
CONFIGURATIONS = HERE.parent / "tests" / "configurations"
SIZES = {
    "language": ("language-perceiver", "PerceiverForMaskedLM"),
    "image": ("vision-perceiver-fourier", "PerceiverForImageClassificationFourier"),
    "flow": ("optical-flow-perceiver", "PerceiverForOpticalFlow"),
}


def make(size, directory):
    import torch
    import transformers
    from make_language_size import randomize

    name, kind = SIZES[size]
    config = transformers.PerceiverConfig(**json.loads((CONFIGURATIONS / name / "config.json").read_text()))
    model = getattr(transformers, kind)(config).eval()
    randomize(model, torch.Generator().manual_seed(201))
    model.save_pretrained(directory)


def inputs(size, samples):
    import numpy

    generator = numpy.random.default_rng(201)
    if size == "language":
        mask = numpy.ones((samples, 2048), numpy.int64)
        return {"input_ids": generator.integers(0, 262, (samples, 2048)), "attention_mask": mask}
    shape = (samples, 3, 224, 224) if size == "image" else (samples, 2, 27, 368, 496)
    name = "pixel_values" if size == "image" else "inputs"
    return {name: generator.standard_normal(shape, dtype=numpy.float32)}


def run_percio(options):
    """The seconds that a run of one sample takes, reading and compiling too, and the peak of its memory in bytes."""
    from safetensors.numpy import save_file

    path = options.directory / "inputs.safetensors"
    save_file({f"input.{name}": array for name, array in inputs(options.size, 1).items()}, path)
    command = [options.percio, "run", options.directory, "--input", path, "--threads", str(options.threads), "--format", "json"]
    started = time.monotonic()
    process = subprocess.Popen([*command, "--weights", options.weights], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - started
    path.unlink()
    if status:
        sys.exit(f"percio run ended with {os.waitstatus_to_exitcode(status)}")
    return took, 1024 * usage.ru_maxrss


def bench_percio(options):
    """The seconds of the shortest inference."""
    command = [options.percio, "bench", options.directory, "--threads", str(options.threads), "--format", "json"]
    done = subprocess.run([*command, "--weights", options.weights], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["time_ns"]["min"] / 1e9


def write_graph(size, directory, path):
    import torch
    import transformers

    model = getattr(transformers, SIZES[size][1]).from_pretrained(directory).eval()

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *values):
            return self.model(**dict(zip(names, values))).logits

    tensors = {name: torch.from_numpy(array) for name, array in inputs(size, 1).items()}
    names = list(tensors)
    torch.onnx.export(Logits().eval(), tuple(tensors.values()), path, dynamo=False, input_names=names, opset_version=17)


def run_onnxruntime(size, path, runs, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed, taken = inputs(size, 1), []
    for _ in range(int(runs)):
        started = time.perf_counter()
        session.run(None, feed)
        taken.append(time.perf_counter() - started)
    print(json.dumps({"took": min(taken[1:] or taken), "version": onnxruntime.__version__}))


def main():
    if sys.argv[1:2] == ["write-graph"]:
        return write_graph(*sys.argv[2:])
    if sys.argv[1:2] == ["onnxruntime"]:
        return run_onnxruntime(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--runs", type=int, default=10, help="runs of ONNX Runtime (default: 10)")
    parser.add_argument("--weights", default="f32", help="number type of percio's weights (default: f32)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--percio", type=Path, default=HERE.parent / "target/release/percio")
    options = parser.parse_args()
    own, path = [sys.executable, __file__], options.directory / "model.onnx"
    if not (options.directory / "config.json").exists():
        code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import large; large.make({options.size!r}, {str(options.directory)!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
    took, peak = run_percio(options)
    row = [options.size, "", "", "", f"{peak:,}"]
    if options.size == "flow":
        row[2] = f"{took:.1f} with reading and compiling"
    else:
        ours = bench_percio(options)
        if not path.exists():
            subprocess.run([*own, "write-graph", options.size, options.directory, path], check=True, stdout=subprocess.DEVNULL)
        command = [*own, "onnxruntime", options.size, path, str(options.runs), str(options.threads)]
        theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        row[1:4] = [f"{theirs['took']:.3f}", f"{ours:.3f}", f"{ours / theirs['took']:.2f} ×"]
    print(f"| {options.threads} threads, {options.weights} | ONNX Runtime, seconds | percio, seconds | | peak of memory, bytes |")
    print(f"|---|---|---|---|---|\n| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
