"""What every training shares: initialisation, optimiser, the running average of the weights, latency, progress, export."""

import copy
import time

import torch

from percio.files import median_latency, write_reference
from percio.native import Block, NativeModel, load_model, save_model

# Settings that a training may change by `--set NAME=VALUE`; each training adds its own.
SETTINGS = {
    "seed": 0, "steps": 3000, "batch": 96, "rate": 2e-3, "warmup": 200, "weight_decay": 0.05, "clip": 1.0,
    "average": 0.998, "smoothing": 0.1, "dropout": 0.1, "init": 0.16,
}


@torch.no_grad()
def initialize(model, settings):
    """Matrices and tables N(0, init); gains and offsets keep torch's one and zero. Sets the dropout of the blocks."""
    generator = torch.Generator().manual_seed(settings["seed"])
    for name, tensor in model.named_parameters():
        if tensor.dim() > 1:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * settings["init"])
        elif name.endswith("bias"):
            tensor.zero_()
    for block in model.modules():
        if isinstance(block, Block):
            block.drop.p = settings["dropout"]


def optimizer(model, settings):
    """AdamW with weight decay on matrices only, linear warm-up then cosine to zero."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() < 2]
    adam = torch.optim.AdamW([{"params": matrices, "weight_decay": settings["weight_decay"]},
                              {"params": others, "weight_decay": 0.0}], lr=settings["rate"], betas=(0.9, 0.98), fused=True)
    warm = torch.optim.lr_scheduler.LinearLR(adam, 1e-2, 1.0, settings["warmup"])
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings["steps"] - settings["warmup"])
    return adam, torch.optim.lr_scheduler.SequentialLR(adam, [warm, fall], [settings["warmup"]])


def fit(configuration, loss_of, settings, device, report, *, start=None, every=500):
    """Train a model of this configuration for a fixed number of steps on `loss_of(model)`; returns the weights' running average.

    It starts from the weights of `start` where that is given. `report(average, text)` is called every `every` steps and after the
    last one.
    """
    torch.manual_seed(settings["seed"])
    model = NativeModel(configuration)
    initialize(model, settings)
    if start is not None:
        model.load_state_dict(start.state_dict())
    model.to(device).train()
    average = copy.deepcopy(model).eval()
    adam, schedule = optimizer(model, settings)
    began, shown = time.time(), 0.0
    for step in range(1, settings["steps"] + 1):
        loss = loss_of(model)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clip"])
        adam.step()
        schedule.step()
        keep = min(settings["average"], step / (step + 9))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)
        shown += (loss.item() - shown) / min(step, 100)
        if step % every == 0 or step == settings["steps"]:
            report(average, f"step {step}, {time.time() - began:.0f} s, loss {shown:.3f}")
    return average


@torch.no_grad()
def export(model, device, directory, inputs, extra, metadata=None):
    """Write the model directory and the reference of `inputs`, then read both back and check that they agree."""
    save_model(model, directory)
    outputs = model(**inputs)
    one = {name: tensor[:1] for name, tensor in inputs.items()}
    latency = median_latency(lambda: model(**one), device, 200)
    stored = {name: tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor for name, tensor in inputs.items()}
    write_reference(directory / "reference.safetensors", stored, outputs, device, extra,
                    {"latency_ms": f"{latency:.3f}"} | (metadata or {}))
    again = load_model(directory).to(device)(**inputs)
    worst = max((again[name] - outputs[name]).abs().max().item() for name in outputs)
    largest = max(outputs[name].abs().max().item() for name in outputs)
    print(f"exported to {directory}; read back: largest difference {worst:.1e} of {largest:.3g}")
    assert worst < 1e-6 * max(1.0, largest)


def parameters(model):
    """The number of trained numbers."""
    return sum(p.numel() for p in model.parameters())
