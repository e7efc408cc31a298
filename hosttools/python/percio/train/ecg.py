"""Train `ecg`: the kind of a heartbeat, one Perceiver query over 28 patches of 5 samples.

The data is ECG5000: 500 beats for training, 4,500 for the test. Choose settings with `--validate K`, which holds out every fifth training
beat from the K-th on (0 to 4) and exports nothing; the test beats are looked at once.
"""

import torch
from torch.nn import functional as F

from percio.data import ecg as data
from percio.train import common

FOLDS = 5
REFERENCE = 40
SETTINGS = common.SETTINGS | {
    "steps": 4000, "batch": 64, "rate": 2e-3, "smoothing": 0.05, "dropout": 0.1, "stretch": 0.1, "bend": 0.03, "gain": 0.15, "noise": 0.05,
    "drift": 0.1,
}


def configuration():
    """The native configuration; the beats come with mean 0 and standard deviation 1."""
    block = {"qk": 48, "v": 48, "widening": 1, "activation": "gelu"}
    return {
        "model_type": "percio", "format": 1, "name": "ecg",
        "summary": "Tells the kind of a heartbeat from one lead of an electrocardiogram.",
        "inputs": [{"name": "beat", "kind": "series", "samples": data.SAMPLES, "channels": 1, "patch": 5,
                    "unit": "standard deviations of the beat from its mean", "project": 32,
                    "position": {"kind": "fourier", "combine": "concat", "bands": 8, "max_resolution": [28]}}],
        "latents": {"count": 12, "width": 48},
        "encoder": {"cross": {"heads": 4, **block, "residual": True}, "layers": {"count": 2, "blocks": 1, "heads": 4, **block}},
        "decoder": {"queries": {"kind": "learned", "count": 1, "width": 48}, "heads": 1, "qk": 32, "v": 48, "widening": 1,
                    "activation": "gelu", "residual": True},
        "outputs": [{"name": "logits", "width": 5, "labels": data.LABELS}],
    }


class Augmented:
    """Endless random beats: bent in time, with an own gain, a slow drift and noise; then mean 0 and deviation 1 again."""

    def __init__(self, beats, labels, generator, settings):
        self.beats, self.labels, self.generator, self.settings = beats, labels, generator, settings

    def _normal(self, *shape):
        return torch.randn(shape, generator=self.generator).to(self.beats.device)

    def batch(self):
        """(beats [batch, 140, 1], labels [batch])."""
        s, size = self.settings, self.settings["batch"]
        chosen = torch.randint(len(self.beats), (size,), generator=self.generator).to(self.beats.device)
        time = torch.linspace(0, 1, data.SAMPLES, device=self.beats.device)
        wave = lambda count: sum(self._normal(size, 1) * torch.sin((k + 1) * torch.pi * time) / (k + 1) for k in range(count))
        at = (0.5 + (time - 0.5) * (1 + s["stretch"] * self._normal(size, 1)) + s["bend"] * wave(3)).clamp(0, 1) * (data.SAMPLES - 1)
        low = at.floor().long().clamp(max=data.SAMPLES - 2)
        beats = self.beats[chosen, :, 0]
        part = at - low
        x = beats.gather(1, low) * (1 - part) + beats.gather(1, low + 1) * part
        x = x * (1 + s["gain"] * wave(2)) + s["drift"] * wave(3) + s["noise"] * self._normal(size, data.SAMPLES)
        x = (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)
        return x[..., None], self.labels[chosen]


@torch.no_grad()
def told(model, beats):
    return torch.cat([model(beat=part)["logits"].argmax(-1) for part in beats.split(500)])


def neighbour(beats, labels, others):
    """The label of the nearest training beat by Euclidean distance, for each of `others`: the baseline."""
    return labels[torch.cdist(others[..., 0], beats[..., 0]).argmin(1)]


def shown(told, labels):
    """The share of right beats, and of each class."""
    right = told == labels
    each = [f"{100 * right[labels == label].float().mean().item():.1f}" for label in range(len(data.LABELS))]
    return f"{100 * right.float().mean().item():.2f} % of {len(labels)} (by class {', '.join(each)})"


def arguments(parser):
    """The options of this training alone."""
    parser.add_argument("--validate", type=int, choices=range(FOLDS), metavar="K", help="hold out fold K of the training beats; export nothing")


def run(device, settings, options, report):
    """Train and test; returns the model and what its reference holds, None when there is nothing to export."""
    beats, labels = (t.to(device) for t in data.load("TRAIN"))
    held = None
    if options.validate is not None:
        out = torch.arange(len(beats), device=device) % FOLDS == options.validate
        held, beats, labels = (beats[out], labels[out]), beats[~out], labels[~out]
    source = Augmented(beats, labels, torch.Generator().manual_seed(settings["seed"]), settings)

    def loss(model, beats, labels):
        return F.cross_entropy(model(beat=beats)["logits"], labels, label_smoothing=settings["smoothing"])

    def progress(average, text):
        report(f"{text}, held-out {shown(told(average, held[0]), held[1])}" if held else text)

    model = common.fit(configuration(), source.batch, loss, settings, device, progress)
    if held:
        return model, None
    others, right = (t.to(device) for t in data.load("TEST"))
    report(f"test: {shown(told(model, others), right)}")
    report(f"nearest training beat: {shown(neighbour(beats, labels, others), right)}")
    return model, ({"beat": others[:REFERENCE]}, {"label.logits": right[:REFERENCE].to(torch.int32)}, {"metric": "accuracy"})
