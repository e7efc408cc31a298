"""Make the goldens of lucidrains' perceiver-pytorch under tests/fixtures: random tiny models and what the library computes with them.

The library's versions exclude one another: SOURCES holds a folder for each version, as requirements-lucidrains.txt says.
Rerunning makes every file again bit for bit (same versions, same CPU family).
Usage: python make_lucidrains.py SOURCES [--only NAME]
"""

import argparse
import contextlib
import importlib
import json
import sys
from pathlib import Path

import torch

from lucidrains_models import GOLDENS
from make_fixtures import FIXTURES, randomize, reference, seeded
from percio.files import framework, write_safetensors

PACKAGE = "perceiver_pytorch"
BATCH = 3


@contextlib.contextmanager
def version(folder):
    """The package in `folder` can be imported; afterwards no trace of it is left."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]


def inputs(golden, generator):
    """Batch of 3; the mask keeps all, some, none of the tokens."""
    tensors = {name: torch.randn(BATCH, *shape, generator=generator) for name, shape in golden.shapes.items()}
    if "max_seq_len" in golden.args:
        tensors["x"] = torch.randint(golden.args["num_tokens"], (BATCH, golden.args["max_seq_len"]), generator=generator)
    if golden.masked:
        tokens = tensors["x"].shape[1] if "x" in tensors else tensors["data"][0, ..., 0].numel()
        mask = torch.ones(BATCH, tokens, dtype=torch.bool)
        mask[1, tokens // 2 :] = False
        mask[1, 1] = False
        mask[2] = False
        tensors["mask"] = mask
    return tensors


def build(kind, queries_contribute_kv=False, **args):
    """The model; an argument of `PerceiverBlock` that the classes do not hand on is set where it would have gone."""
    model = kind(**args)
    for module in model.modules():
        if queries_contribute_kv and hasattr(module, "queries_contribute_kv"):
            module.queries_contribute_kv = True
    return model


def make(name, golden, sources):
    """One directory with what `percio` reads, and its references."""
    generator, directory = seeded(name), FIXTURES / name
    with version(sources / golden.version):
        module, kind = golden.kind
        model = build(getattr(importlib.import_module(f"{PACKAGE}.{module}"), kind), **golden.args).eval()
        randomize(model, generator)
        config = {"library": "perceiver-pytorch", "version": golden.version, "class": kind, "args": golden.args}
        if golden.shapes:
            config["input_shapes"] = golden.shapes
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        write_safetensors(directory / "model.safetensors", model.state_dict(), {"format": "pt"})
        stated = {"framework": f"{framework()}, perceiver-pytorch {golden.version}"}
        run = lambda file, tensors: reference(model, directory / file, tensors, lambda out: {"logits": out}, stated)
        tensors = inputs(golden, generator)
        run("reference.safetensors", tensors)
        if "x" in tensors:
            run("reference-one-token.safetensors", {"x": tensors["x"][:2, :1].contiguous()})


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="the folder with a folder for each version")
    parser.add_argument("--only", help="make just this fixture")
    options = parser.parse_args()
    for name, golden in GOLDENS.items():
        if options.only in (None, name):
            make(name, golden, options.sources)


if __name__ == "__main__":
    main()
