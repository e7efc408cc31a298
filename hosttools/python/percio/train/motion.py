"""Train `motion`: seven shoulder exercises from a smart-watch, subjects unseen in training.

Without options it trains on subjects 1 to 8 and tests on 9 and 10. Choose settings with `--validate`, on subjects 1 to 8:
`--validate 1,2` trains on the other six, reports on these two as it goes, and exports nothing.
"""

import torch
from torch.nn import functional as F

from percio.data import motion as data
from percio.train import common

TRAIN, TEST = [1, 2, 3, 4, 5, 6, 7, 8], [9, 10]
REFERENCE_WINDOWS = 48
SETTINGS = common.SETTINGS | {"steps": 6000, "dropout": 0.2, "speed": 0.25, "turn": 0.2, "gain": 0.1, "noise": 0.03}


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
        "outputs": [{"name": "logits", "width": 7, "labels": data.LABELS}],
    }


@torch.no_grad()
def evaluate(model, recordings):
    """Accuracy over windows and over whole recordings (mean of log-probabilities), confusion [true, told] of windows."""
    windows, source = data.evaluation_windows(recordings)
    scores = model(**data.split_rates(windows))["logits"].log_softmax(-1)
    label = recordings.label[source]
    told = scores.argmax(-1)
    confusion = torch.zeros(7, 7, dtype=torch.int64)
    confusion.index_put_((label.cpu(), told.cpu()), torch.ones(len(label), dtype=torch.int64), accumulate=True)
    whole = torch.zeros(len(recordings.label), 7, device=scores.device).index_add_(0, source, scores)
    return {"windows": (told == label).float().mean().item(), "count": len(label), "confusion": confusion,
            "recordings": (whole.argmax(-1) == recordings.label).float().mean().item(), "of": len(recordings.label)}


def shown(result):
    return f"windows {result['windows']:.4f} of {result['count']}, recordings {result['recordings']:.4f} of {result['of']}"


def reference_windows(recordings):
    """Windows evenly spaced through each exercise's test windows, picked without looking at any prediction."""
    windows, source = data.evaluation_windows(recordings)
    label, chosen = recordings.label[source], []
    for i in range(7):
        own = (label == i).nonzero()[:, 0]
        count = REFERENCE_WINDOWS // 7 + (i < REFERENCE_WINDOWS % 7)
        chosen.append(own[torch.linspace(0, len(own) - 1, count).round().long()])
    chosen = torch.cat(chosen)
    return windows[chosen], label[chosen]


def arguments(parser):
    """The options of this training alone."""
    subjects = lambda text: [int(s) for s in text.split(",")]
    parser.add_argument("--validate", type=subjects, help="training subjects to hold out for choosing settings")
    parser.add_argument("--train", type=subjects, default=TRAIN, help="subjects to train on")
    parser.add_argument("--test", type=subjects, default=TEST, help="subjects to test on")


def run(device, settings, options, report):
    """Train and test; returns the model and what its reference holds, None when there is nothing to export."""
    held = options.validate or options.test
    train_on = [s for s in options.train if s not in held]
    recordings, test = data.load(train_on), data.load(held).to(device)
    source = data.Augmented(recordings.to(device), torch.Generator().manual_seed(settings["seed"]), settings)

    def sample():
        windows, labels = source.batch(settings["batch"])
        return *data.split_rates(windows).values(), labels

    def loss(model, acceleration, rotation, labels):
        return F.cross_entropy(model(acceleration=acceleration, rotation=rotation)["logits"], labels, label_smoothing=settings["smoothing"])

    def progress(average, text):
        report(f"{text}, {shown(evaluate(average, test))}" if options.validate else text)

    model = common.fit(configuration(recordings), sample, loss, settings, device, progress)
    result = evaluate(model, test)
    report(f"subjects {held}, trained on {train_on}: {shown(result)}\n{result['confusion']}")
    windows, label = reference_windows(test)
    return model, None if options.validate else (data.split_rates(windows), {"label.logits": label.to(torch.int32)})
