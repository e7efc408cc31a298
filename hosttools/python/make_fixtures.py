"""Make the golden models under tests/fixtures: random tiny models and what torch / transformers computes with them.

Rerunning makes every file again bit for bit (same versions, same CPU family).
Usage: python make_fixtures.py [--only NAME]
"""

import argparse
import math
import zlib
from pathlib import Path

import torch
from transformers import PerceiverConfig
from transformers.utils import logging

import fixture_models
from fixture_deepmind import faithful
from percio.files import framework, write_reference
from percio.native import NativeModel, save_model
from percio.reference import named, points, tensors
from percio.reference import reference as staged

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "fixtures"
DEVICE = torch.device("cpu")


def seeded(name):
    """A random generator of this fixture's own, so that fixtures do not depend on their order."""
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


@torch.no_grad()
def randomize(model, generator):
    """Fill all tensors so that every term shows: peaky attention, gains 1 ± 0.3, offsets ± 0.3, unit tables."""
    norms = (torch.nn.LayerNorm, torch.nn.RMSNorm, torch.nn.BatchNorm2d)
    linears = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)
    gains = {id(m.weight) for m in model.modules() if isinstance(m, norms)}
    weights = {id(m.weight) for m in model.modules() if isinstance(m, linears)}
    cells = [m for m in model.modules() if isinstance(m, torch.nn.GRUCell)]
    weights |= {id(m.in_proj_weight) for m in model.modules() if isinstance(m, torch.nn.MultiheadAttention)}
    weights |= {id(weight) for cell in cells for weight in (cell.weight_ih, cell.weight_hh)}
    for name, tensor in sorted(model.state_dict(keep_vars=True).items()):
        uniform = torch.rand(tensor.shape, generator=generator) * 2 - 1
        normal = torch.randn(tensor.shape, generator=generator)
        if not tensor.is_floating_point() or name.endswith("inv_freq"):
            continue
        if id(tensor) in gains or name.endswith("running_var"):
            tensor.copy_(1 + 0.3 * uniform)
        elif name.endswith(("bias", "bias_ih", "bias_hh", "running_mean")):
            tensor.copy_(0.3 * uniform)
        elif id(tensor) in weights:
            tensor.copy_(normal * 1.5 / math.sqrt(tensor[0].numel()))
        else:
            tensor.copy_(normal)


def double(value):
    """`value` with every float32 tensor in it as float64."""
    if isinstance(value, dict):
        return {name: double(part) for name, part in value.items()}
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


@torch.no_grad()
def rounding(model, inputs, pick):
    """Largest |float32 - float64| of the outputs: how much of a difference is rounding."""
    single = pick(model(**inputs))
    exact = pick(model.double()(**double(inputs)))
    model.float()
    return max((single[k].double() - exact[k]).abs().max().item() for k in single)


@torch.no_grad()
def reference(model, path, inputs, pick=lambda out: out, metadata=None):
    """Run `model` in float32 and write what went in and came out; prints sizes and the rounding error."""
    outputs = pick(model(**inputs))
    extra = {f"points.{name}": index for name, index in points(inputs).items()}
    write_reference(path, tensors(inputs), outputs, DEVICE, extra, {"framework": framework("transformers")} | (metadata or {}))
    shown = ", ".join(f"{k} {list(v.shape)} max {v.abs().max():.2f}" for k, v in outputs.items())
    print(f"{path.parent.name}/{path.name}: {shown}; float32 rounding {rounding(model, inputs, pick):.1e}")


# Transformers fixtures whose weights are stored in half precision: the width of their positions makes them large.
HALF = ("hf-optical-flow", "hf-video")
# Transformers fixtures with a reference of every stage, and the samples it holds.
STAGED = {"hf-masked-lm": 2}
# Transformers fixtures with a reference of what DeepMind's original computes, and the inputs it is for.
DEEPMIND = {"hf-masked-lm": "", "hf-image-learned": "", "hf-image-conv": ""}


def make_hf(name):
    """One directory in `save_pretrained` layout, with its references."""
    kind, fields, inputs = fixture_models.HF_FIXTURES[name]
    generator, directory = seeded(name), FIXTURES / name
    config = PerceiverConfig(**fields)
    model = kind(config).eval()
    randomize(model, generator)
    if name in HALF:
        model.half()
    model.save_pretrained(directory)
    (directory / "model.safetensors").chmod(0o644)
    model.float()
    made = inputs(config, generator)
    for suffix, arguments in made.items():
        reference(model, directory / f"reference{suffix}.safetensors", arguments, named)
    if name in STAGED:
        arguments = {argument: tensor[: STAGED[name]] for argument, tensor in made[""].items()}
        staged(model, arguments, directory / "reference-stages.safetensors")
    if name in DEEPMIND:
        arguments = made[DEEPMIND[name]]
        faithful(model, arguments.get("attention_mask"))
        reference(model, directory / "reference-deepmind.safetensors", arguments, named, metadata={"fidelity": "deepmind"})


def make_native(config):
    """A fixture of percio's own format, from its configuration; returns the directory and the model."""
    name = f"native-{config['name']}"
    generator = seeded(name)
    model = NativeModel(config).eval()
    randomize(model, generator)
    return FIXTURES / name, model, generator


def make_multi():
    """Every linear layer has a bias, all tensors float32; raw inputs in the units their scale expects."""
    directory, model, generator = make_native(fixture_models.NATIVE_MULTI)
    normal = lambda *shape: torch.randn(shape, generator=generator)
    inputs = {"motion": normal(2, 20, 3) * torch.tensor([4.0, 9.0, 0.6]) + torch.tensor([0.5, -9.81, 3.0]),
              "picture": torch.rand(2, 2, 6, 9, generator=generator) * 255, "extra": normal(2, 5, 6)}
    save_model(model, directory)
    reference(model, directory / "reference.safetensors", inputs)


def make_ids():
    """Some biases absent, and a shorter reference beside the full one."""
    directory, model, generator = make_native(fixture_models.NATIVE_IDS)
    blocks = [model.encoder.cross, *model.encoder.layers, model.decoder.cross]
    for linear in [b.q for b in blocks] + [b.k for b in blocks] + [blocks[0].v, blocks[1].o, blocks[2].mlp.up]:
        linear.bias = None
    save_model(model, directory)
    ids = torch.randint(23, (3, 13), generator=generator, dtype=torch.int32)
    reference(model, directory / "reference.safetensors", {"ids": ids})
    reference(model, directory / "reference-short.safetensors", {"ids": ids[:, :6].contiguous()})


@torch.no_grad()
def make_grid():
    """Tensors stored as F16, BF16 and F64 too; the reference is computed with what a reader gets (float32)."""
    directory, model, generator = make_native(fixture_models.NATIVE_GRID)
    stored = {"latents": torch.float16, "inputs.sound.position": torch.bfloat16,
              "encoder.layers.0.q.weight": torch.bfloat16, "decoder.cross.v.weight": torch.float16,
              "outputs.flow.weight": torch.float64}
    tensors = model.state_dict()
    for name, dtype in stored.items():
        tensors[name].copy_(tensors[name].to(dtype))
    save_model(model, directory, stored)
    normal = lambda *shape: torch.randn(shape, generator=generator)
    inputs = {"frame": normal(2, 5, 7, 3), "sound": normal(2, 6, 1) * 0.3, "points": normal(2, 3, 2)}
    reference(model, directory / "reference.safetensors", inputs)


def main():
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="make just this fixture")
    only = parser.parse_args().only
    makers = {name: (lambda n=name: make_hf(n)) for name in fixture_models.HF_FIXTURES}
    makers |= {"native-multi": make_multi, "native-ids": make_ids, "native-grid": make_grid}
    for name, make in makers.items():
        if only in (None, name):
            make()


if __name__ == "__main__":
    main()
