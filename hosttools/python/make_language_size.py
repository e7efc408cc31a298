"""Write a masked language model as large as the one that DeepMind published, with random weights, and what torch computes with it.

201,108,230 parameters, 804 MB: for `percio compare DIR --reference DIR/reference.safetensors --max-error 1e-4`, and not for the
repository. Usage: python make_language_size.py DIR, then for 32 samples of it
python make_language_size.py DIR --reference FILE --samples 32
"""

import argparse
import json
import math
from pathlib import Path

import torch
from transformers import PerceiverConfig, PerceiverForMaskedLM

from percio.reference import reference

CONFIG = Path(__file__).resolve().parents[2] / "tests" / "configurations" / "language-perceiver" / "config.json"
PARAMETERS = 201_108_230
# Bytes of a text, of which the rest is padding.
LENGTH = 1801


@torch.no_grad()
def randomize(model, generator):
    """Fill all tensors in place so that every term shows: gains 1 ± 0.3, offsets ± 0.3, unit tables, attention that differs."""
    gains = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.LayerNorm)}
    weights = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Linear)}
    for name, tensor in sorted(model.named_parameters()):
        if id(tensor) in gains:
            tensor.uniform_(0.7, 1.3, generator=generator)
        elif name.endswith("bias"):
            tensor.uniform_(-0.3, 0.3, generator=generator)
        elif id(tensor) in weights:
            tensor.normal_(0, 1.5 / math.sqrt(tensor.shape[1]), generator=generator)
        else:
            tensor.normal_(0, 1, generator=generator)


def inputs(config, samples, generator):
    """Random ids, the first as long as LENGTH, the others of any length; the rest is padding."""
    longest = config.max_position_embeddings
    ids = torch.randint(config.vocab_size, (samples, longest), generator=generator)
    lengths = torch.randint(longest // 8, longest + 1, (samples, 1), generator=generator)
    lengths[0] = LENGTH
    return {"input_ids": ids, "attention_mask": (torch.arange(longest) < lengths).long()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--samples", type=int, default=1, metavar="N", help="samples of the reference (default: 1)")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="write this reference alone: the model is there already")
    parser.add_argument("--stages", action="store_true", help="add what each part computes, 54 MB a sample")
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(201)
    model = PerceiverForMaskedLM(PerceiverConfig(**json.loads(CONFIG.read_text()))).eval()
    randomize(model, generator)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == PARAMETERS, f"{count} parameters, expected {PARAMETERS}: another version of transformers?"
    if options.reference is None:
        model.save_pretrained(options.directory)
    path = options.reference or options.directory / "reference.safetensors"
    outputs = reference(model, inputs(model.config, options.samples, generator), path, stages=options.stages)
    shown = ", ".join(f"{name} {list(tensor.shape)} max {tensor.abs().max():.2f}" for name, tensor in outputs.items())
    print(f"{path}: {count:,} parameters, {shown}")


if __name__ == "__main__":
    main()
