#!/usr/bin/env python3
"""Writes what benches/record/boards.json holds into docs/performance.md, and as bars into benches/record/boards.svg.

    python benches/performance.py
"""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/performance.md"
BOARDS = {"m4": "Cortex-M4", "m7": "Cortex-M7", "m33": "Cortex-M33", "m55": "Cortex-M55, MVE"}
HALF = ", f16"


def multiply_adds(name):
    """Multiply-accumulates of a matrix product or an attention; none of the others."""
    kind, shape = name.split(" ", 1)
    if kind == "linear":
        rows, inputs, outputs = (int(part) for part in shape.split(",")[0].split(" × "))
        return rows * inputs * outputs
    if kind == "attention":
        queries, keys = (int(part) for part in shape.split(",")[0].split(" over "))
        heads, widths = shape.split(", ", 1)[1].split(" × ")
        return queries * keys * int(heads) * sum(int(width) for width in widths.strip("()").split(", "))
    return None


def per(figure, name):
    macs = multiply_adds(name)
    return "" if figure is None else f"{figure:,}" + (f" ({figure / macs:.2f})" if macs else "")


def table(record, names):
    lines = ["| | " + " | ".join(f"{name}: instructions | estimated cycles" if key != "m55" else f"{name}: instructions"
                                  for key, name in BOARDS.items()) + " |", "|---" * (2 * len(BOARDS)) + "|"]
    for name in names:
        cells = []
        for board in BOARDS:
            cost = record[board][name]
            cells.append(per(cost["instructions"], name))
            if board != "m55":
                cells.append(per(cost.get("cycles_estimate"), name))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def halves(record):
    lines = ["| model | " + " | ".join(BOARDS.values()) + " |", "|---" * (len(BOARDS) + 1) + "|"]
    for name in (name for name in record["m4"] if name.endswith(HALF)):
        plain = name.removesuffix(HALF)
        ratios = [record[board][name]["instructions"] / record[board][plain]["instructions"] for board in BOARDS]
        lines.append(f"| {plain.removeprefix('model ')} | " + " | ".join(f"{ratio:.2f} ×" for ratio in ratios) + " |")
    return lines


def plot(record):
    """Instructions of each model on each board."""
    names = [name for name in record["m4"] if name.startswith("model ")]
    most = max(record[board][name]["instructions"] for board in BOARDS for name in names)
    out, y = [], 10
    for name in names:
        out.append(f'<text x="10" y="{y + 12}" font-weight="bold">{name.removeprefix("model ")}, million instructions of an inference</text>')
        y += 20
        for board, title in BOARDS.items():
            count = record[board][name]["instructions"]
            width = 400 * count / most
            out.append(f'<text x="130" y="{y + 12}" text-anchor="end">{title}</text>'
                       f'<rect x="136" y="{y + 2}" width="{width:.0f}" height="12" fill="#0a7"/>'
                       f'<text x="{142 + width:.0f}" y="{y + 12}">{count / 1e6:.2f}</text>')
            y += 18
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {y}" font-family="sans-serif" font-size="11">'
    return "\n".join([head, f'<rect width="640" height="{y}" fill="#fff"/>', *out, "</svg>"]) + "\n"


def put(text, mark, lines):
    """`text` with `lines` between the marks called `mark`."""
    start, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, rest = text.split(start)
    return before + start + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1]


def main():
    record = json.loads((HERE / "record/boards.json").read_text())
    text = PAGE.read_text()
    models = [name for name in record["m4"] if name.startswith("model ")]
    text = put(text, "kernels", table(record, [name for name in record["m4"] if name not in models]))
    text = put(text, "models", table(record, models))
    PAGE.write_text(put(text, "halves", halves(record)))
    (HERE / "record/boards.svg").write_text(plot(record))


if __name__ == "__main__":
    main()
