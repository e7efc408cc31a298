"""Make the goldens of curt-tigges/perceivers under tests/fixtures: random tiny models and what its code computes with them.

The library is no package: SOURCE is a copy of its repository (commit ff6314c03b9c7c0bda3879ed2bfb922a49ce708d; the models are those
of 03abfd1b8d1c08b1a801eeca4c5ceda0bfdb2f69). Rerunning makes every file again bit for bit (same versions, same CPU family).
Usage: python make_tigges.py SOURCE
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

import torch

from make_fixtures import FIXTURES, randomize, reference, seeded
from percio.files import framework, write_safetensors

ARGS = {"input_shape": [5, 7], "latent_dim": 6, "embed_dim": 12, "attn_mlp_dim": 9, "trnfr_mlp_dim": 10, "trnfr_heads": 3,
        "dropout": 0.0, "trnfr_layers": 2, "n_blocks": 2, "n_classes": 5, "batch_size": 4}
# Where the files of other formats are.
CHECKPOINTS = FIXTURES.parents[1] / "codegen" / "core" / "tests" / "checkpoints"


def make(name, kind, args):
    """A model with random weights, its generator and what it computes."""
    generator, directory = seeded(name), FIXTURES / name
    directory.mkdir(parents=True, exist_ok=True)
    model = kind(**args | {"input_shape": tuple(args["input_shape"])}).eval()
    randomize(model, generator)
    with torch.no_grad():
        # Without norms rows grow from layer to layer: half of the usual weights keep them small.
        [tensor.mul_(0.5) for name, tensor in model.named_parameters() if "weight" in name and tensor.dim() > 1]
    images = torch.randn(2, 1, *args["input_shape"], generator=generator)
    stated = {"framework": f"{framework()}, curt-tigges/perceivers 03abfd1"}
    reference(model, directory / "reference.safetensors", {"x": images}, lambda out: {"logits": out}, stated)
    return directory, model


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a copy of the repository")
    sys.path.insert(0, str(parser.parse_args().source / "models"))
    kind = importlib.import_module("perceiver").Perceiver
    directory, model = make("tigges-classifier", kind, ARGS)
    config = {"library": "curt-tigges/perceivers", "class": "Perceiver", "args": ARGS}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_safetensors(directory / "model.safetensors", model.state_dict(), {"format": "pt"})
    torch.save({
        "epoch": 3, "global_step": 40, "pytorch-lightning_version": "1.6.5",
        "state_dict": {f"model.{name}": tensor for name, tensor in model.state_dict().items()},
        "hparams_name": "kwargs", "hyper_parameters": ARGS | {"learning_rate": 0.1, "weight_decay": 0.03},
    }, CHECKPOINTS / "tigges-classifier.ckpt")


if __name__ == "__main__":
    main()
