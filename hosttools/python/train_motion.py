"""Train, export and check the `motion` model: seven shoulder exercises from a smart-watch, subjects unseen in training.

    python train_motion.py                    train on subjects 1-8, test on 9 and 10, export examples/models/motion
    python train_motion.py --validate 1,2     train on the other six training subjects, report on these two, export nothing
    python train_motion.py --train 1,2,3,4,5,6,7 --test 8,9,10 --no-export

Uses CUDA when there is one, else the CPU, and says which. Choose settings with --validate, on subjects 1-8.
"""

import argparse
import copy
import time
from pathlib import Path

import torch
from torch.nn import functional as F

import motion_data
from percio_files import device_name, pick_device, write_reference
from percio_native import Block, NativeModel, load_model, save_model

MODEL = Path(__file__).resolve().parents[2] / "examples" / "models" / "motion"
TRAIN, TEST = [1, 2, 3, 4, 5, 6, 7, 8], [9, 10]
REFERENCE_WINDOWS = 48
SETTINGS = {
    "seed": 0, "steps": 3000, "batch": 96, "rate": 2e-3, "warmup": 200, "weight_decay": 0.05, "clip": 1.0,
    "average": 0.998, "smoothing": 0.1, "dropout": 0.1, "init": 0.16,
    "speed": 0.25, "turn": 0.2, "gain": 0.1, "noise": 0.03,
}


def configuration(recordings):
    """The native configuration; the scale of the raw units comes from these (training) recordings."""
    mean, std = recordings.samples.mean(0), recordings.samples.std(0)
    mean[[0, 4, 5]] = 0.0  # the two wrists mirror these, and training mirrors at random
    rounded = lambda values: [float(f"{v:.3g}") for v in values.tolist()]

    def series(name, samples, rate, unit, axes):
        return {"name": name, "kind": "series", "samples": samples, "channels": 3, "patch": 5, "rate_hz": rate, "unit": unit,
                "scale": {"offset": rounded(mean[axes]), "gain": rounded(1 / std[axes])}, "project": 47,
                "position": {"kind": "fourier", "combine": "concat", "bands": 8, "max_resolution": [20]}}

    return {
        "model_type": "percio", "format": 1, "name": "motion",
        "summary": "Tells seven shoulder exercises from four seconds of wrist motion (accelerometer and gyroscope).",
        "inputs": [series("acceleration", 200, 50, "g", slice(0, 3)), series("rotation", 100, 25, "rad/s", slice(3, 6))],
        "latents": {"count": 16, "width": 64},
        "encoder": {"cross": {"heads": 4, "qk": 64, "v": 64, "widening": 1, "activation": "gelu", "residual": True},
                    "layers": {"count": 2, "blocks": 1, "heads": 4, "qk": 64, "v": 64, "widening": 1, "activation": "gelu"}},
        "decoder": {"queries": {"kind": "learned", "count": 1, "width": 64}, "heads": 1, "qk": 32, "v": 64, "widening": 1,
                    "activation": "gelu", "residual": True},
        "outputs": [{"name": "logits", "width": 7, "labels": motion_data.LABELS}],
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
                              {"params": others, "weight_decay": 0.0}], lr=settings["rate"], betas=(0.9, 0.98))
    warm = torch.optim.lr_scheduler.LinearLR(adam, 1e-2, 1.0, settings["warmup"])
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings["steps"] - settings["warmup"])
    return adam, torch.optim.lr_scheduler.SequentialLR(adam, [warm, fall], [settings["warmup"]])


def train(recordings, settings, device, report):
    """Train on all of `recordings` for a fixed number of steps; returns the running average of the weights."""
    torch.manual_seed(settings["seed"])
    model = NativeModel(configuration(recordings))
    initialize(model, settings)
    model.to(device).train()
    average = copy.deepcopy(model).eval()
    adam, schedule = optimizer(model, settings)
    source = motion_data.Augmented(recordings.to(device), torch.Generator().manual_seed(settings["seed"]), settings)
    for step in range(settings["steps"]):
        windows, labels = source.batch(settings["batch"])
        loss = F.cross_entropy(model(**motion_data.split_rates(windows))["logits"], labels, label_smoothing=settings["smoothing"])
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clip"])
        adam.step()
        schedule.step()
        keep = min(settings["average"], (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), model.parameters()):
                mean.lerp_(now, 1 - keep)
        if (step + 1) % 500 == 0:
            report(step + 1, loss.item(), average)
    return average


@torch.no_grad()
def evaluate(model, recordings):
    """Accuracy over windows and over whole recordings (mean of log-probabilities), confusion [true, told] of windows."""
    windows, source = motion_data.evaluation_windows(recordings)
    scores = model(**motion_data.split_rates(windows))["logits"].log_softmax(-1)
    label = recordings.label[source]
    told = scores.argmax(-1)
    confusion = torch.zeros(7, 7, dtype=torch.int64)
    confusion.index_put_((label.cpu(), told.cpu()), torch.ones(len(label), dtype=torch.int64), accumulate=True)
    whole = torch.zeros(len(recordings.label), 7, device=scores.device).index_add_(0, source, scores)
    return {"windows": (told == label).float().mean().item(), "count": len(label), "confusion": confusion,
            "recordings": (whole.argmax(-1) == recordings.label).float().mean().item(), "of": len(recordings.label)}


def show(result, title):
    print(f"{title}: windows {result['windows']:.4f} of {result['count']}, recordings {result['recordings']:.4f} of {result['of']}")


@torch.no_grad()
def latency(model, inputs, runs=200):
    """Median milliseconds for one window (batch 1) where the model is now."""
    one, times = {k: v[:1] for k, v in inputs.items()}, []
    for _ in range(runs):
        start = time.perf_counter()
        model(**one)["logits"].cpu()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[runs // 2]


def reference_windows(recordings):
    """Windows evenly spaced through each exercise's test windows, picked without looking at any prediction."""
    windows, source = motion_data.evaluation_windows(recordings)
    label, chosen = recordings.label[source], []
    for i in range(7):
        own = (label == i).nonzero()[:, 0]
        count = REFERENCE_WINDOWS // 7 + (i < REFERENCE_WINDOWS % 7)
        chosen.append(own[torch.linspace(0, len(own) - 1, count).round().long()])
    chosen = torch.cat(chosen)
    return windows[chosen], label[chosen]


@torch.no_grad()
def export(model, test, device, directory):
    """Write the model directory, then read it back and check that it gives the recorded logits."""
    save_model(model, directory)
    windows, label = reference_windows(test)
    inputs = motion_data.split_rates(windows)
    outputs = model(**inputs)
    write_reference(directory / "reference.safetensors", inputs, outputs, device, {"label.logits": label.to(torch.int32)},
                    {"latency_ms": f"{latency(model, inputs):.3f}"})
    again = load_model(directory).to(device)(**inputs)["logits"]
    worst = (again - outputs["logits"]).abs().max().item()
    right = (again.argmax(-1) == label).sum().item()
    print(f"exported; read back: largest difference {worst:.1e}, {right} of {len(label)} reference windows right")
    assert worst < 1e-6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    subjects = lambda text: [int(s) for s in text.split(",")]
    parser.add_argument("--validate", type=subjects, help="training subjects to hold out for choosing settings")
    parser.add_argument("--train", type=subjects, default=TRAIN)
    parser.add_argument("--test", type=subjects, default=TEST)
    parser.add_argument("--no-export", action="store_true")
    parser.add_argument("--out", type=Path, default=MODEL, help="directory to export to")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change one of SETTINGS")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = SETTINGS | {k: type(SETTINGS[k])(float(v)) for k, v in (s.split("=") for s in options.set)}
    device = pick_device()
    held = options.validate or options.test
    print(f"device: {device_name(device)}; settings: {settings}; held out: subjects {held}")
    train_on = [s for s in options.train if s not in held]
    test = motion_data.load(held).to(device)
    start = time.time()

    def report(step, loss, average):
        progress = f"step {step}, {time.time() - start:.0f} s, loss {loss:.3f}"
        print(progress, flush=True) if not options.validate else show(evaluate(average, test), progress)

    model = train(motion_data.load(train_on), settings, device, report)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, trained in {time.time() - start:.0f} s")
    result = evaluate(model, test)
    show(result, f"subjects {held}, trained on {train_on}")
    print(result["confusion"])
    if not (options.validate or options.no_export):
        export(model, test, device, options.out)


if __name__ == "__main__":
    main()
