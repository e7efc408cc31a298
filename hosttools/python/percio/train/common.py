"""What every training shares: initialisation, optimiser, the running average of the weights, latency, progress, export."""

import copy
import math
import time

import torch

from percio.files import median_latency
from percio.native import Block, NativeModel, load_model, save_model
from percio.reference import PRECISIONS, matrix_precision, reference, to

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


def optimizer(model, settings, device):
    """AdamW with weight decay on matrices only, linear warm-up then cosine to zero."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() < 2]
    cuda = device.type == "cuda"
    # A rate that lies on the device can change between two replays of one graph.
    rate = torch.tensor(settings["rate"], device=device) if cuda else settings["rate"]
    adam = torch.optim.AdamW([{"params": matrices, "weight_decay": settings["weight_decay"]},
                              {"params": others, "weight_decay": 0.0}], lr=rate, betas=(0.9, 0.98), fused=True, capturable=cuda)
    warm, last = settings["warmup"], settings["steps"]

    def share(step):
        return max(step, 1) / warm if step <= warm else 0.5 + 0.5 * math.cos(math.pi * (step - warm) / (last - warm))

    def at(step):
        """Set the rate of this step, counted from 1."""
        for group in adam.param_groups:
            now = settings["rate"] * share(step)
            group["lr"].fill_(now) if cuda else group.update(lr=now)

    return adam, at


class Step:
    """One step of training on a batch; on CUDA recorded once as a graph and replayed, for such small models launch slowly."""

    # Steps before the recording, in which the libraries set themselves up.
    WARM = 3

    def __init__(self, model, loss_of, adam, clip, device):
        self.model, self.loss_of, self.adam, self.clip = model, loss_of, adam, clip
        self.parameters = list(model.parameters())
        self.cuda, self.graph, self.count = device.type == "cuda", None, 0
        self.loss = torch.zeros((), device=device)
        self.stream = torch.cuda.Stream() if self.cuda else None

    def __call__(self, batch):
        """Train on `batch`, tensors of the same shapes each time; the loss is in `self.loss`, on the device."""
        self.count += 1
        if not self.cuda:
            self.compute(batch)
        elif self.count <= self.WARM:
            self.aside(batch)
        else:
            if self.graph is None:
                self.record(batch)
            for own, new in zip(self.batch, batch):
                own.copy_(new)
            self.graph.replay()

    def compute(self, batch):
        loss = self.loss_of(self.model, *batch)
        self.adam.zero_grad(set_to_none=not self.cuda)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.adam.step()
        self.loss.copy_(loss.detach())

    def aside(self, batch):
        """On a stream of its own, as recording wants it of the steps before."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.compute(batch)
        torch.cuda.current_stream().wait_stream(self.stream)

    def record(self, batch):
        self.batch = [tensor.clone() for tensor in batch]
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.compute(self.batch)


def fit(configuration, sample, loss_of, settings, device, report, *, start=None, every=None):
    """Train a model of this configuration for a fixed number of steps; returns the weights' running average.

    `sample()` gives the tensors of a batch, `loss_of(model, *tensors)` their loss. Training starts from the weights of `start` where
    that is given. `report(average, text)` is called every `every` steps (by default six times) and after the last one.
    """
    torch.manual_seed(settings["seed"])
    model = NativeModel(configuration)
    initialize(model, settings)
    if start is not None:
        model.load_state_dict(start.state_dict())
    model.to(device).train()
    average = copy.deepcopy(model).eval()
    adam, set_rate = optimizer(model, settings, device)
    step_on = Step(model, loss_of, adam, settings["clip"], device)
    every = every or max(settings["steps"] // 6, 1)
    began, shown = time.time(), torch.zeros((), device=device)
    for step in range(1, settings["steps"] + 1):
        set_rate(step)
        step_on([tensor.to(device) for tensor in sample()])
        keep = min(settings["average"], step / (step + 9))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)
            shown.lerp_(step_on.loss, 1 / min(step, 100))
        if step % every == 0 or step == settings["steps"]:
            report(average, f"step {step}, {time.time() - began:.0f} s, loss {shown.item():.3f}")
    return average


# What is recorded beside `reference.safetensors`, which is in float32 without TF32: `reference-<name>.safetensors`.
OTHER_PRECISIONS = ["fp64", "tf32", "bf16"]


@torch.no_grad()
def export(model, device, directory, inputs, extra, metadata=None):
    """Write the model directory and the references of `inputs`, then read both back and check that they agree."""
    save_model(model, directory)
    one = {name: tensor[:1] for name, tensor in inputs.items()}
    stored = {name: tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor for name, tensor in inputs.items()}

    def record(name, precision):
        module = copy.deepcopy(model).to(PRECISIONS[precision][0])
        own = {key: to(value, device, PRECISIONS[precision][0]) for key, value in one.items()}
        with matrix_precision(precision, device):
            latency = median_latency(lambda: module(**own), device, 200)
        stated = {"latency_ms": f"{latency:.4f}", "latency_runs": "200", "batch": "1"} | (metadata or {})
        return reference(module, stored, directory / name, device=device, precision=precision, stages=False, extra=extra,
                         metadata=stated)

    outputs = record("reference.safetensors", "fp32")
    for precision in OTHER_PRECISIONS:
        if device.type == "cuda" or not PRECISIONS[precision][1]:
            record(f"reference-{precision}.safetensors", precision)
    again = load_model(directory).to(device)(**inputs)
    worst = max((again[name].cpu() - outputs[name]).abs().max().item() for name in outputs)
    largest = max(outputs[name].abs().max().item() for name in outputs)
    print(f"exported to {directory}; read back: largest difference {worst:.1e} of {largest:.3g}")
    assert worst < 1e-6 * max(1.0, largest)


def parameters(model):
    """The number of trained numbers."""
    return sum(p.numel() for p in model.parameters())
