"""The command `percio-train`: train a bundled model, test it, and export it with a reference."""

import argparse
import importlib
from pathlib import Path

import torch

from percio.files import device_name, pick_device
from percio.train import common

TRAININGS = ["motion", "digits", "phonemes", "flow", "ecg"]


def main():
    parser = argparse.ArgumentParser(prog="percio-train", description="Train a bundled model of percio; CUDA when there is one, else the CPU.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME", help=", ".join(TRAININGS))
    trainings = {name: importlib.import_module(f"percio.train.{name}") for name in TRAININGS}
    for name, training in trainings.items():
        own = names.add_parser(name, description=training.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        own.add_argument("--out", type=Path, default=Path("examples/models") / name, help="directory to export to (default: %(default)s)")
        own.add_argument("--no-export", action="store_true")
        own.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=f"change one of {training.SETTINGS}".replace("%", "%%"))
        own.add_argument("--threads", type=int, default=2)
        training.arguments(own)
    options = parser.parse_args()
    training = trainings[options.name]
    settings = training.SETTINGS | dict(changed(training.SETTINGS, text) for text in options.set)
    torch.set_num_threads(options.threads)
    device = pick_device()
    report = lambda text: print(text, flush=True)
    report(f"device: {device_name(device)}; settings: {settings}")
    model, samples = training.run(device, settings, options, report)
    report(f"{common.parameters(model):,} parameters")
    if samples and not options.no_export:
        common.export(model, device, options.out, *samples)


def changed(settings, text):
    """The pair that `NAME=VALUE` sets."""
    name, _, value = text.partition("=")
    if name not in settings:
        raise ValueError(f"{name!r} is no setting: choose from {', '.join(settings)}")
    return name, type(settings[name])(float(value))
