"""Make the goldens of lucidrains' perceiver-ar-pytorch under tests/fixtures: random tiny models, what the library computes with
them, and what it generates when it always takes the likeliest token.

SOURCE is a folder with the package, as requirements-lucidrains-ar.txt says. Rerunning makes every file again bit for bit (same
versions, same CPU family).
Usage: python make_lucidrains_ar.py SOURCE [--only NAME]
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from make_fixtures import FIXTURES, randomize, reference, seeded
from percio.files import framework, write_safetensors

VERSION = "0.0.10"
# A head may not have fewer than 32 numbers; one that does not turn is left over.
SIZES = {"num_tokens": 17, "dim": 7, "heads": 2, "dim_head": 33}
# name -> arguments of the constructor, and whether the trainer's wrapper around the model is saved
GOLDENS = {
    "lucidrains-ar": (SIZES | {"depth": 1, "perceive_depth": 2, "max_seq_len": 11, "cross_attn_seq_len": 6, "ff_mult": 2}, False),
    # An odd half of a head; a width that is no multiple; no prefix worth the name.
    "lucidrains-ar-wrapped": (SIZES | {"heads": 1, "dim_head": 66, "depth": 2, "max_seq_len": 9, "cross_attn_seq_len": 1,
                                       "ff_mult": 2.5}, True),
}


def masks(prefix):
    """Of the prefix: all of it, some, none."""
    keep = torch.ones(3, prefix, dtype=torch.bool)
    keep[1, prefix // 2 :], keep[1, 0], keep[2] = False, False, False
    return keep


@torch.no_grad()
def greedy(wrapper, prompt, count):
    """The library's own generation with nothing but the likeliest token left to draw."""
    vocabulary = wrapper.net.to_logits.out_features
    return wrapper.generate(prompt, count, filter_thres=1 - 1.5 / vocabulary)


def make(name, args, is_wrapped, library):
    """One directory with what `percio` reads, its references, and what is generated."""
    generator, directory = seeded(name), FIXTURES / name
    model = library.PerceiverAR(**args).eval()
    randomize(model, generator)
    wrapper = library.autoregressive_wrapper.AutoregressiveWrapper(model)
    saved = wrapper if is_wrapped else model
    config = {"library": "perceiver-ar-pytorch", "version": VERSION, "class": type(saved).__name__, "args": args}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_safetensors(directory / "model.safetensors", saved.state_dict(), {"format": "pt"})
    stated = {"framework": f"{framework()}, perceiver-ar-pytorch {VERSION}"}
    ids = lambda batch, count: torch.randint(args["num_tokens"], (batch, count), generator=generator)
    most, prefix = args["max_seq_len"], args["cross_attn_seq_len"]
    full = ids(3, most)
    run = lambda label, tensors: reference(model, directory / f"reference{label}.safetensors", tensors, lambda out: {"logits": out}, stated)
    run("", {"x": full})
    run("-masked", {"x": ids(3, most - 1), "prefix_mask": masks(prefix)})
    run("-one", {"x": ids(2, prefix + 1)})
    # Until there are as many latents as there can be, and on, with the first tokens left behind.
    prompt = full[:1, : prefix + 1]
    made = greedy(wrapper, prompt, most + 2)
    written = {"prompt": prompt[0].tolist(), "generated": made[0].tolist()}
    (directory / "generated.json").write_text(json.dumps(written) + "\n")


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="the folder with the package")
    parser.add_argument("--only", choices=GOLDENS, help="make just this fixture")
    options = parser.parse_args()
    sys.path.insert(0, str(options.source))
    import perceiver_ar_pytorch as library
    import perceiver_ar_pytorch.autoregressive_wrapper  # noqa: F401
    for name, (args, is_wrapped) in GOLDENS.items():
        if options.only in (None, name):
            make(name, args, is_wrapped, library)


if __name__ == "__main__":
    main()
