#!/usr/bin/env python3
"""RAM against the length of the input: percio, ONNX Runtime and PyTorch, each run in a process of its own.

    python benches/memory.py                   # writes benches/record/memory.md, memory.svg and memory.json
    python benches/memory.py --onnx2c [DIR]    # with onnx2c beside, built from the checkout DIR or from a pinned commit

The model is that of examples/models/motion with one input of N tokens and random weights. percio is given its tokens one at
a time; the others take the whole input, as they must. A process says itself what it had resident at most (VmHWM), before the
run and in all; of onnx2c's C, the sections and the stack are read. Needs torch, onnx and onnxruntime
(hosttools/python/requirements.txt and onnx, onnxruntime).
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LENGTHS = [64, 256, 1_000, 4_000, 16_000, 64_000]
PATCH = 5


def peak():
    """The most that this process had resident so far, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def model(tokens):
    sys.path.insert(0, str(HERE.parent / "hosttools" / "python"))
    import torch
    from percio.native import NativeModel

    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = json.loads((HERE.parent / "examples/models/motion/config.json").read_text())
    config["inputs"] = [{**config["inputs"][0], "samples": tokens * PATCH}]
    return NativeModel(config).eval(), torch.randn(1, tokens * PATCH, 3)


def run_pytorch(tokens):
    import torch

    net, samples = model(tokens)
    before = peak()
    with torch.inference_mode():
        net(acceleration=samples)
    print(before, peak())


def write_onnx(tokens, path):
    import torch

    net, samples = model(tokens)

    class Positional(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, samples):
            out = self.net(acceleration=samples)
            return out["logits"] if isinstance(out, dict) else out

    torch.onnx.export(Positional().eval(), (samples,), path, dynamo=False, input_names=["samples"], opset_version=17)


def run_onnxruntime(tokens, path):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    samples = numpy.zeros((1, int(tokens) * PATCH, 3), numpy.float32)
    before = peak()
    session.run(None, {"samples": samples})
    print(before, peak())


def measure(command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return [int(number) for number in done.stdout.split() if number.isdigit()]


def own(what, *arguments):
    return measure([sys.executable, __file__, what, *map(str, arguments)])


def operator_by_operator(tokens):
    """Keys, values and scores of the cross-attention, in KiB: all are there at once where each operator writes its result."""
    return 4 * tokens * (64 + 64 + 4 * 16) / 1024


def onnx2c_bytes(program, directory, path):
    """RAM and flash of onnx2c's C for the model in the file `path`; its result is compared with ONNX Runtime's."""
    import numpy
    import onnx2c
    import onnxruntime

    c_file = Path(directory) / "model.c"
    onnx2c.write_c(program, str(path), c_file)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    samples = numpy.random.default_rng(0).standard_normal(session.get_inputs()[0].shape, numpy.float32)
    expected = session.run(None, {"samples": samples})[0]
    got = onnx2c.Compiled(c_file, [samples], [numpy.zeros_like(expected)])()[0]
    error = abs(got - expected).max() / abs(expected).max()
    if not error < 1e-4:
        sys.exit(f"onnx2c's C is off by {error:.1e} of the largest number of ONNX Runtime's result")
    ram, flash, stack = onnx2c.sizes(c_file)
    return ram + stack, flash


def rows(program):
    # What is resident does not depend on optimisation, and a plain build takes seconds.
    cargo = ["cargo", "bench", "-q", "-p", "benches", "--all-features", "--bench", "memory", "--profile", "dev", "--"]
    for tokens in LENGTHS:
        model_bytes, before, most = measure([*cargo, str(tokens)])[:3]
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "model.onnx"
            measure([sys.executable, __file__, "write-onnx", str(tokens), str(path)])
            ort = own("onnxruntime", tokens, path)
            compiled = onnx2c_bytes(program, directory, path) if program else (None, None)
        torch = own("pytorch", tokens)
        yield tokens, model_bytes, most - before, *compiled, ort[1] - ort[0], torch[1] - torch[0], most, ort[1], torch[1]


def series(table):
    """Name, colour and bytes of each line of the plot."""
    lines = [
        ("percio: the model, all of it", "#0a7", [row[1] for row in table]),
        ("ONNX Runtime: growth", "#c50", [1024 * row[5] for row in table]),
        ("PyTorch: growth", "#a2a", [1024 * row[6] for row in table]),
        ("operator by operator: keys, values, scores", "#888", [round(1024 * operator_by_operator(row[0])) for row in table]),
    ]
    if table[0][3] is not None:
        lines.append(("onnx2c: RAM of its C", "#06c", [row[3] for row in table]))
    return lines


def plot(table):
    """Lines over the number of tokens, both axes logarithmic, in KiB."""
    width, height, left, bottom, top = 640, 360, 64, 40, 99
    x = lambda tokens: left + (math.log10(tokens) - math.log10(LENGTHS[0])) / math.log10(LENGTHS[-1] / LENGTHS[0]) * (width - left - 20)
    y = lambda kib: height - bottom - (math.log10(max(kib, 1))) / 6 * (height - bottom - top)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for power in range(7):
        at = y(10**power)
        out.append(f'<path d="M{left} {at:.1f}H{width - 20}" stroke="#ddd"/>'
                   f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    for tokens in LENGTHS:
        out.append(f'<text x="{x(tokens):.1f}" y="{height - 22}" text-anchor="middle">{tokens:,}</text>')
    out.append(f'<text x="{(left + width) / 2}" y="{height - 6}" text-anchor="middle">tokens</text>'
               f'<text x="{left - 48}" y="{top - 12}">KiB</text>')
    for index, (name, colour, sizes) in enumerate(series(table)):
        points = " ".join(f"{x(tokens):.1f},{y(size / 1024):.1f}" for tokens, size in zip(LENGTHS, sizes))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{left}" y="{14 + 15 * index}" fill="{colour}">{name}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def peers(table):
    """The lines of the plot, for `percio compare --html PAGE --peers FILE`."""
    memory = [{"name": name, "bytes": [[row[0], size] for row, size in zip(table, line)]} for name, _, line in series(table)]
    said = "The model of examples/models/motion with one input; what a process gained while it ran, but of percio the model itself."
    return json.dumps({"machine": said, "memory": memory}) + "\n"


def onnx2c_note(table):
    if table[0][3] is None:
        return ["onnx2c was not measured in this run: `python benches/memory.py --onnx2c` builds it.", ""]
    import onnx2c

    return [
        f"onnx2c is commit {onnx2c.COMMIT[:12]} of {onnx2c.REPOSITORY}, its C compiled with gcc -O3 for this machine; RAM is .data, .bss and",
        "stack without input and output, flash is .text, .rodata and .data; its result was within 1e-4 of ONNX Runtime's. So that it reads the model and",
        "computes what it says, ONNX Runtime has folded constants, biases are matrices of one row, and undeclared outputs of",
        "norms are taken out (`benches/onnx2c.py`).",
        "",
    ]


def report(table):
    import onnxruntime
    import torch

    lines = [
        "# RAM against the length of the input",
        "",
        "`python benches/memory.py --onnx2c` measures it, each number in a process of its own. The model is that of `examples/models/motion`",
        f"with one input of N tokens; ONNX Runtime {onnxruntime.__version__}, PyTorch {torch.__version__.split('+')[0]}, one thread each, float32, x86-64 Linux.",
        "\"Growth\" is what the peak of resident memory gained from the loaded model to the end of the run.",
        "",
        "| N | percio: the model, bytes | onnx2c: RAM, bytes | onnx2c: flash, bytes | percio: growth, KiB | ONNX Runtime: growth, KiB | PyTorch: growth, KiB | operator by operator, KiB | peak of the process, KiB: percio | ONNX Runtime | PyTorch |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for tokens, size, growth, ram, flash, *rest in table:
        figures = [ram, flash, growth, *rest[:2], round(operator_by_operator(tokens)), *rest[2:]]
        cells = ["" if figure is None else f"{figure:,}" for figure in figures]
        lines.append(f"| {tokens:,} | {size:,} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "percio takes the tokens one at a time, so what it holds is the model's own type, `size_of::<Motion>()`, whatever N is.",
        "\"Operator by operator\" is not measured: it is the keys, values and scores of the cross-attention alone, 4·N·(64 + 64 + 4·16)",
        "bytes, which code that runs a graph one operator after another has at once.",
        "",
        *onnx2c_note(table),
        "![the same as lines](memory.svg)",
        "",
    ]
    return "\n".join(lines)


def main():
    what, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if what == "pytorch":
        run_pytorch(int(arguments[0]))
    elif what == "write-onnx":
        write_onnx(int(arguments[0]), arguments[1])
    elif what == "onnxruntime":
        run_onnxruntime(*arguments)
    else:
        with tempfile.TemporaryDirectory() as directory:
            program = None
            if what == "--onnx2c":
                import onnx2c

                program = onnx2c.build(Path(directory), *arguments[:1])
            table = list(rows(program))
        (HERE / "record" / "memory.svg").write_text(plot(table))
        (HERE / "record" / "memory.json").write_text(peers(table))
        (HERE / "record" / "memory.md").write_text(report(table))
        print(report(table))


if __name__ == "__main__":
    main()
