#!/usr/bin/env python3
"""Peers side by side: percio, ONNX Runtime, PyTorch, tract, candle, burn and onnx2c on the same models, in one run.

    python benches/peers.py                    # writes benches/record/peers.md, .svg, and for each model a .json
    python benches/peers.py --onnx2c [DIR]     # with onnx2c beside, built from the checkout DIR or from a pinned commit
    python benches/peers.py --rounds 5 --dry   # a short run that writes nothing

It builds benches/peers, checks the output of each engine against the reference, and then asks all engines in turn, one batch of
inferences each, round after round: what else the machine does disturbs all of them alike. A figure is the median over the rounds of the
mean time of a batch, ± the median of the absolute deviations from it. One thread each, float32. Needs torch, transformers, onnx and
onnxruntime (hosttools/python/requirements.txt, requirements-libraries.txt and onnx, onnxruntime).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Before the libraries that read them.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "CANDLE_NUM_THREADS")}
os.environ.update(ONE_THREAD)

import numpy
import onnxruntime
import torch
from safetensors.numpy import load_file

import onnx2c

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODELS = {"tiny-mlm": ROOT / "tests/fixtures/tiny-mlm", "motion": ROOT / "examples/models/motion"}
ANCHOR = "ONNX Runtime"
# Largest difference from the reference, as a share of its largest number.
BOUND = 1e-4
BATCH_SECONDS = 0.02


class Ids(torch.nn.Module):
    def __init__(self, directory):
        super().__init__()
        from transformers import PerceiverForMaskedLM

        self.net = PerceiverForMaskedLM.from_pretrained(directory).eval()

    def forward(self, input_ids):
        return self.net(inputs=input_ids).logits


class Motion(torch.nn.Module):
    def __init__(self, directory):
        super().__init__()
        sys.path.insert(0, str(ROOT / "hosttools" / "python"))
        from percio.native import load_model

        self.net = load_model(directory).eval()

    def forward(self, acceleration, rotation):
        return self.net(acceleration=acceleration, rotation=rotation)["logits"]


def case(model):
    """The torch module, its inputs by name in the order of their names, and what the reference says comes out."""
    directory = MODELS[model]
    net = (Ids if model == "tiny-mlm" else Motion)(directory).eval()
    reference = load_file(directory / "reference.safetensors")
    inputs = {name.removeprefix("input."): array[:1] for name, array in sorted(reference.items()) if name.startswith("input.")}
    if model == "tiny-mlm":
        inputs = {"input_ids": inputs["input_ids"].astype(numpy.int64)}
    return net, inputs, reference["output.logits"][:1]


def onnx_file(net, inputs, directory):
    path = Path(directory) / "model.onnx"
    tensors = tuple(torch.from_numpy(array) for array in inputs.values())
    torch.onnx.export(net, tensors, str(path), dynamo=False, input_names=list(inputs), output_names=["logits"], opset_version=17)
    return path


def python_engines(net, inputs, expected, path, program):
    """The engines of this process: name to a function that runs once and gives the output."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tensors = [torch.from_numpy(array) for array in inputs.values()]

    def pytorch():
        with torch.inference_mode():
            return net(*tensors).numpy()

    engines = {ANCHOR: lambda: session.run(None, inputs)[0], "PyTorch": pytorch}
    if program:
        c_file = path.with_name("model.c")
        onnx2c.write_c(program, str(path), c_file)
        compiled = onnx2c.Compiled(c_file, list(inputs.values()), [numpy.zeros_like(expected)])
        engines["onnx2c, gcc -O3 -ffast-math"] = lambda: compiled()[0]
    return engines


class Rust:
    """The engines of benches/peers, in a process of their own."""

    def __init__(self, program, model, path):
        self.process = subprocess.Popen([program, model, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.errors = {}
        for line in iter(self.process.stdout.readline, "\n"):
            if not line:
                sys.exit(f"benches/peers ended with {self.process.wait()}")
            name, error = line.rstrip("\n").split("\t")
            self.errors[name] = float(error)

    def seconds(self, name, runs):
        self.process.stdin.write(f"{name} {runs}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) / 1e9


def seconds(function, runs):
    start = time.perf_counter()
    for _ in range(runs):
        function()
    return time.perf_counter() - start


def measure(model, program, compiler, rounds):
    """Microseconds of an inference in each round, by engine; ends when an engine's output is wrong."""
    net, inputs, expected = case(model)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as directory:
        path = onnx_file(net, inputs, directory)
        engines = python_engines(net, inputs, expected, path, compiler)
        largest = abs(expected).max()
        errors = {name: float(abs(function() - expected).max() / largest) for name, function in engines.items()}
        rust = Rust(program, model, path)
        errors |= rust.errors
        wrong = {name: error for name, error in errors.items() if not error <= BOUND}
        if wrong:
            sys.exit(f"{model}: further than {BOUND} from the reference: {wrong}")
        ask = {name: (lambda runs, name=name: rust.seconds(name, runs)) for name in rust.errors}
        ask |= {name: (lambda runs, function=function: seconds(function, runs)) for name, function in engines.items()}
        runs = {name: max(1, int(BATCH_SECONDS / (one(5) / 5))) for name, one in ask.items()}
        times = {name: [] for name in ask}
        for _ in range(rounds):
            for name, one in ask.items():
                times[name].append(one(runs[name]) / runs[name] * 1e6)
    return times, errors


def figures(times):
    """Median and median absolute deviation of each engine."""
    medians = {name: statistics.median(rounds) for name, rounds in times.items()}
    return {name: (medians[name], statistics.median(abs(x - medians[name]) for x in rounds)) for name, rounds in times.items()}


def machine():
    processor = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
                     platform.machine())
    flags = Path("/proc/cpuinfo").read_text()
    vectors = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if f" {flag}" in flags), "neither AVX2 nor AVX-512")
    return f"{processor}, {os.cpu_count()} processors, {vectors}"


def versions():
    lock = (HERE / "peers/Cargo.lock").read_text()
    crates = {name: lock.split(f'name = "{name}"\nversion = "')[1].split('"')[0] for name in ("tract-onnx", "candle-core", "burn")}
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, cwd=ROOT).stdout.split()[1]
    return (f"rustc {rustc}, ONNX Runtime {onnxruntime.__version__}, PyTorch {torch.__version__.split('+')[0]}, "
            f"tract {crates['tract-onnx']}, candle {crates['candle-core']}, burn {crates['burn']}")


def report(results, rounds, with_onnx2c):
    lines = [
        "# Peers side by side",
        "",
        f"`python benches/peers.py{' --onnx2c' if with_onnx2c else ''}` writes this. {machine()}; {versions()}.",
        f"Every engine in turn, {rounds} rounds of batches of about {round(BATCH_SECONDS * 1000)} ms, one thread each, float32: the median of the rounds ± the",
        f"median of the deviations from it, and the ratio to {ANCHOR} in the same run. \"Error\" is the largest difference from the reference,",
        "as a share of its largest number. tract reads the ONNX file that ONNX Runtime reads; candle and burn have no Perceiver: the model is",
        "written from their own operations ([forward.rs](../peers/src/forward.rs)).",
        "",
    ]
    if with_onnx2c:
        lines += [f"onnx2c is commit {onnx2c.COMMIT[:12]}; what its C needs to be right is in [onnx2c.py](../onnx2c.py).", ""]
    for model, (times, errors) in results.items():
        measured = figures(times)
        anchor = measured[ANCHOR][0]
        lines += [f"## {model}", "", "| engine | µs | of ONNX Runtime's | error |", "|---|---|---|---|"]
        for name, (median, deviation) in sorted(measured.items(), key=lambda item: item[1]):
            lines.append(f"| {name} | {median:,.1f} ± {deviation:,.1f} | {median / anchor:.2f} × | {errors[name]:.1e} |")
        lines.append("")
    return "\n".join([*lines, "![the same as bars](peers.svg)", ""])


def plot(results):
    """Bars of the medians, logarithmic."""
    out, y = [], 10
    for model, (times, _) in results.items():
        out.append(f'<text x="10" y="{y + 12}" font-weight="bold">{model}, µs of an inference</text>')
        y += 20
        for name, (median, _) in sorted(figures(times).items(), key=lambda item: item[1]):
            width = 330 * max(numpy.log10(median), 0.05) / 4
            colour = "#0a7" if name.startswith("percio") else "#999"
            out.append(f'<text x="200" y="{y + 12}" text-anchor="end">{name}</text>'
                       f'<rect x="206" y="{y + 2}" width="{width:.0f}" height="12" fill="{colour}"/>'
                       f'<text x="{212 + width:.0f}" y="{y + 12}">{median:,.1f}</text>')
            y += 18
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {y}" font-family="sans-serif" font-size="11">'
    return "\n".join([head, f'<rect width="640" height="{y}" fill="#fff"/>', *out, "</svg>"]) + "\n"


def peers_json(times):
    """The times of the others, for `percio compare --html PAGE --peers FILE`."""
    others = [{"name": name, "microseconds": round(median, 2)} for name, (median, _) in figures(times).items() if not name.startswith("percio")]
    return json.dumps({"machine": f"{machine()}; one thread, in one run with percio's", "times": others}) + "\n"


def build():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "peers"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=HERE / "peers", env=environment, check=True)
    return target / "release" / "peers"


def main():
    options = argparse.ArgumentParser(description="Times of percio and its peers on the same models, in one run")
    options.add_argument("--onnx2c", nargs="?", const="", metavar="DIR", help="with onnx2c, from the checkout DIR or the pinned commit")
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--dry", action="store_true", help="print the record and write nothing")
    arguments = options.parse_args()
    program = build()
    with tempfile.TemporaryDirectory() as directory:
        compiler = None
        if arguments.onnx2c is not None:
            compiler = onnx2c.build(Path(directory), arguments.onnx2c or None)
        results = {model: measure(model, program, compiler, arguments.rounds) for model in MODELS}
    text = report(results, arguments.rounds, arguments.onnx2c is not None)
    print(text)
    if not arguments.dry:
        record = HERE / "record"
        (record / "peers.md").write_text(text)
        (record / "peers.svg").write_text(plot(results))
        for model, (times, _) in results.items():
            (record / f"peers-{model}.json").write_text(peers_json(times))


if __name__ == "__main__":
    main()
