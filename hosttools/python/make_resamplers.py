"""Make the goldens of resamplers under tests/fixtures: random tiny models and what their libraries compute with them.

SOURCES holds a folder for each library, as requirements-resamplers.txt says; transformers comes from requirements.txt.
Rerunning makes every file again bit for bit (same versions, same CPU family).
Usage: python make_resamplers.py SOURCES [--only NAME]
"""

import argparse
import importlib.util
import json
import types
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers.models.idefics import perceiver as idefics

from make_fixtures import FIXTURES, randomize, reference, seeded
from percio.files import framework, write_safetensors

BATCH = 2


@dataclass(frozen=True)
class Golden:
    """A resampler, the file and the name of its class, and the shape of its features without the batch."""

    library: str
    version: str
    file: str
    kind: str
    args: dict
    shape: tuple
    input: str = "x"
    # Of IDEFICS: whether each head's queries and keys have norms.
    head_norms: bool = False


FLAMINGO = ("flamingo-pytorch", "0.1.2", "flamingo_pytorch/flamingo_pytorch.py", "PerceiverResampler")
OPEN_FLAMINGO = ("open_flamingo", "2.0.1", "open_flamingo/src/helpers.py", "PerceiverResampler")
IP_ADAPTER = ("ip-adapter", "0.1.0", "ip_adapter/resampler.py", "Resampler")
IDEFICS = ("transformers", "5.23.0", "", "IdeficsPerceiverResampler")
SIZES = {"depth": 2, "dim": 10, "dim_head": 3, "heads": 3, "num_latents": 7}
IDEFICS_SIZES = {"depth": 2, "embed_dim": 10, "n_heads": 3, "head_dim": 5, "n_latents": 7}

GOLDENS = {
    "resampler-flamingo-pytorch": Golden(*FLAMINGO, SIZES | {"num_media_embeds": 3, "ff_mult": 3}, (9, 10)),
    "resampler-open-flamingo": Golden(*OPEN_FLAMINGO, SIZES | {"max_num_media": 3, "max_num_frames": 5}, (1, 3, 4, 10)),
    "resampler-open-flamingo-bare": Golden(*OPEN_FLAMINGO, SIZES | {"depth": 1}, (1, 1, 1, 10)),
    "resampler-idefics": Golden(*IDEFICS, IDEFICS_SIZES, (9, 10), "context"),
    "resampler-idefics-head-norms": Golden(*IDEFICS, IDEFICS_SIZES | {"depth": 1}, (9, 10), "context", head_norms=True),
    "resampler-ip-adapter": Golden(*IP_ADAPTER, {
        "dim": 10, "depth": 2, "dim_head": 3, "heads": 2, "num_queries": 5, "embedding_dim": 8, "output_dim": 9}, (11, 8)),
    "resampler-ip-adapter-positions": Golden(*IP_ADAPTER, {
        "dim": 10, "depth": 1, "dim_head": 3, "heads": 2, "num_queries": 5, "embedding_dim": 8, "output_dim": 9, "ff_mult": 2,
        "apply_pos_emb": True, "max_seq_len": 13}, (11, 8)),
}


def load(golden, sources):
    """The class, from its file alone: the packages around it load much that no resampler needs."""
    if golden.library == "transformers":
        return idefics_class(golden.head_norms)
    spec = importlib.util.spec_from_file_location(golden.library, sources / golden.library / golden.file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, golden.kind)


def idefics_class(head_norms):
    """The class without the configuration of the model around it, which says the arguments once more."""

    def build(embed_dim, **sizes):
        config = types.SimpleNamespace(
            perceiver_config=types.SimpleNamespace(qk_layer_norms_perceiver=head_norms),
            vision_config=types.SimpleNamespace(embed_dim=embed_dim))
        return idefics.IdeficsPerceiverResampler(config, embed_dim, **sizes)

    return build


def make(name, golden, sources):
    """One directory with what `percio` reads, and its reference."""
    generator, directory = seeded(name), FIXTURES / name
    model = load(golden, sources)(**golden.args).eval()
    randomize(model, generator)
    config = {"library": golden.library, "version": golden.version, "class": golden.kind, "args": golden.args,
              "input_shapes": {golden.input: golden.shape}}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_safetensors(directory / "model.safetensors", model.state_dict(), {"format": "pt"})
    stated = {"framework": f"{framework()}, {golden.library} {golden.version}"}
    tensors = {golden.input: torch.randn(BATCH, *golden.shape, generator=generator)}
    reference(model, directory / "reference.safetensors", tensors, lambda out: {"latents": out}, stated)


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="the folder with a folder for each library")
    parser.add_argument("--only", help="make just this fixture")
    options = parser.parse_args()
    for name, golden in GOLDENS.items():
        if options.only in (None, name):
            make(name, golden, options.sources)


if __name__ == "__main__":
    main()
