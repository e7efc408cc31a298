#!/usr/bin/env python3
"""`percio compare` of a model of DeepMind's size beside ONNX Runtime, each in a process of its own on the same processors.

    python hosttools/python/make_language_size.py DIR
    python hosttools/python/make_language_size.py DIR --reference FILE --samples 32
    python benches/language.py DIR FILE [--threads 2] [--percio target/release/percio]

Both compute all samples of FILE: ONNX Runtime as one batch, percio one sample a thread. Prints lines of
benches/record/language.md. Needs torch, transformers, onnx and onnxruntime (hosttools/python/requirements.txt and onnx,
onnxruntime).
"""

import argparse
import io
import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LARGEST_ERROR = "1e-4"


def peak():
    """The most that this process had resident so far, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def graph(directory, tensors):
    """The model as an ONNX file in memory, for a batch like `tensors`."""
    import torch
    from transformers import PerceiverForMaskedLM

    model = PerceiverForMaskedLM.from_pretrained(directory).eval()

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).logits

    file = io.BytesIO()
    torch.onnx.export(Logits().eval(), tuple(tensors), file, dynamo=False, input_names=["ids", "mask"], opset_version=17)
    return file.getvalue()


def write_graph(directory, reference, path):
    from safetensors.torch import load_file

    arrays = load_file(reference)
    Path(path).write_bytes(graph(directory, [arrays["input.input_ids"], arrays["input.attention_mask"]]))


def run_onnxruntime(path, reference, threads):
    import numpy
    import onnxruntime
    from safetensors.numpy import load_file

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    started = time.monotonic()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    arrays = load_file(reference)
    wanted = arrays["output.logits"]
    feed = {"ids": arrays["input.input_ids"], "mask": arrays["input.attention_mask"]}
    before, worked = time.monotonic(), time.process_time()
    logits = session.run(None, feed)[0]
    ran, worked = time.monotonic() - before, time.process_time() - worked
    error = float(numpy.abs(logits - wanted).max() / numpy.abs(wanted).max())
    print(json.dumps({"run": ran, "all": time.monotonic() - started, "worked": worked, "peak": peak(), "error": error}))


def run_percio(percio, directory, reference, threads):
    command = [percio, "compare", directory, "--reference", reference, "--max-error", LARGEST_ERROR, "--threads", str(threads)]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env={"PERCIO_LOG": "info"})
    took = time.monotonic() - started
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    ran = float(re.search(r"comparing: ([0-9.]+) s", done.stderr).group(1))
    share = float(re.search(r"logits +\S+ +(\S+)", done.stdout).group(1))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"run": ran, "all": took, "worked": used.ru_utime + used.ru_stime, "peak": 1024 * used.ru_maxrss, "error": share}


def main():
    if sys.argv[1:2] == ["write-graph"]:
        return write_graph(*sys.argv[2:])
    if sys.argv[1:2] == ["onnxruntime"]:
        return run_onnxruntime(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--percio", type=Path, default=HERE.parent / "target/release/percio")
    parser.add_argument("--graph", type=Path, help="the model as an ONNX file; made when it is not there (default: none is kept)")
    options = parser.parse_args()
    path = options.graph or options.reference.with_suffix(".onnx")
    own = [sys.executable, __file__]
    try:
        # percio first: what a process of Python had resident would count as a child's.
        ours = run_percio(options.percio, options.directory, options.reference, options.threads)
        if not path.exists():
            subprocess.run([*own, "write-graph", options.directory, options.reference, path], check=True, stdout=subprocess.DEVNULL)
        said = subprocess.run([*own, "onnxruntime", path, options.reference, str(options.threads)], check=True, capture_output=True, text=True)
        theirs = json.loads(said.stdout.splitlines()[-1])
    finally:
        if options.graph is None:
            path.unlink(missing_ok=True)
    weights = (options.directory / "model.safetensors").stat().st_size
    print(report(ours, theirs, weights, options.threads))


def report(ours, theirs, weights, threads):
    import onnxruntime

    rows = [
        ["all samples, seconds", f"{theirs['run']:.1f}", f"{ours['run']:.1f}", f"{theirs['run'] / ours['run']:.2f} × the speed"],
        ["the whole process, seconds", f"{theirs['all']:.1f}", f"{ours['all']:.1f}", f"{theirs['all'] / ours['all']:.2f} × the speed"],
        ["seconds of processors, of percio for the whole process", f"{theirs['worked']:.1f}", f"{ours['worked']:.1f}", f"{ours['worked'] / theirs['worked']:.2f} ×"],
        ["peak of resident memory, bytes", f"{theirs['peak']:,}", f"{ours['peak']:,}", f"{ours['peak'] - weights:,} beyond the weights"],
        ["largest difference from torch, of the largest number", f"{theirs['error']:.1e}", f"{ours['error']:.1e}", ""],
    ]
    head = [f"| {threads} threads | ONNX Runtime {onnxruntime.__version__} | percio | |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    main()
