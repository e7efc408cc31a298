"""The smart-watch recordings of seglearn (arXiv 1802.01489): loading, splitting by subject, windows, augmentation.

A sample is (ax, ay, az) in g and (wx, wy, wz) in rad/s at 50 Hz. A window is 200 samples (4 s); the model reads its
acceleration [200, 3] at 50 Hz and its rotation [100, 3] at 25 Hz (means of two consecutive samples).
"""

from dataclasses import dataclass

import numpy as np
import torch

from percio.data.packages import Package, numpy_file

PACKAGE = Package("pip", "seglearn", "1.2.5", "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd", ("--only-binary=:all:",))

WINDOW, STRIDE = 200, 100  # samples at 50 Hz; windows for evaluation overlap by half
LABELS = ["PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW"]


@dataclass
class Recordings:
    """All samples in one tensor [T, 6]; recording i is rows start[i] .. start[i] + length[i]."""

    samples: torch.Tensor
    start: torch.Tensor
    length: torch.Tensor
    label: torch.Tensor
    subject: np.ndarray

    def to(self, device):
        return Recordings(*(t.to(device) for t in (self.samples, self.start, self.length, self.label)), self.subject)


def load(subjects):
    """The recordings of these subjects (1 to 10; every subject has 7 exercises on each arm)."""
    data = np.load(numpy_file(PACKAGE, "seglearn/data/watch_dataset.npy"), allow_pickle=True).item()
    assert list(data["y_labels"]) == LABELS and list(data["X_labels"]) == ["ax", "ay", "az", "wx", "wy", "wz"]
    kept = [i for i in range(len(data["X"])) if int(data["subject"][i]) in subjects]
    length = torch.tensor([len(data["X"][i]) for i in kept])
    return Recordings(
        samples=torch.from_numpy(np.concatenate([data["X"][i] for i in kept]).astype(np.float32)),
        start=length.cumsum(0) - length,
        length=length,
        label=torch.tensor([int(data["y"][i]) for i in kept]),
        subject=np.array([int(data["subject"][i]) for i in kept]),
    )


def split_rates(windows):
    """[B, 200, 6] at 50 Hz -> the model's inputs: acceleration [B, 200, 3], rotation [B, 100, 3]."""
    return {"acceleration": windows[..., :3].contiguous(),
            "rotation": windows[..., 3:].unflatten(1, (-1, 2)).mean(2)}


def evaluation_windows(recordings):
    """Every window of every recording, STRIDE apart: windows [W, 200, 6], the recording [W] each is from."""
    windows, source = [], []
    for i, (start, length) in enumerate(zip(recordings.start.tolist(), recordings.length.tolist())):
        for first in range(start, start + length - WINDOW + 1, STRIDE):
            windows.append(recordings.samples[first : first + WINDOW])
            source.append(i)
    return torch.stack(windows), torch.tensor(source, device=windows[0].device)


def rotations(vectors):
    """Rotation matrices [B, 3, 3] of axis-angle vectors [B, 3] (radians)."""
    skew = torch.zeros(len(vectors), 3, 3, device=vectors.device)
    skew[:, 0, 1], skew[:, 0, 2], skew[:, 1, 2] = -vectors[:, 2], vectors[:, 1], -vectors[:, 0]
    return torch.linalg.matrix_exp(skew - skew.transpose(1, 2))


# The other wrist sees the mirror image: a reflection of x. Rotation rates are axial, so their y and z change sign.
MIRROR = torch.tensor([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])


class Augmented:
    """Endless random training windows: time-scaled crops, mirrored, turned, each sensor with its own gain and noise."""

    def __init__(self, recordings, generator, settings):
        self.data, self.generator, self.settings = recordings, generator, settings

    def _uniform(self, *shape):
        return torch.rand(shape, generator=self.generator).to(self.data.samples.device)

    def _normal(self, *shape):
        return torch.randn(shape, generator=self.generator).to(self.data.samples.device)

    def batch(self, size):
        """(windows [size, 200, 6], labels [size]); recordings are drawn evenly, whatever their length."""
        s, data = self.settings, self.data
        chosen = torch.randint(len(data.start), (size,), generator=self.generator).to(data.start.device)
        speed = torch.exp(s["speed"] * (2 * self._uniform(size, 1) - 1))
        room = data.length[chosen, None] - 2 - (WINDOW - 1) * speed
        at = self._uniform(size, 1) * room + speed * torch.arange(WINDOW, device=room.device)
        whole = at.floor().long()
        row, part = data.start[chosen, None] + whole, (at - whole)[..., None]
        x = data.samples[row] * (1 - part) + data.samples[row + 1] * part
        x = torch.cat([x[..., :3], x[..., 3:] * speed[..., None]], -1)
        mirror = self._uniform(size, 1, 1) < 0.5
        x = torch.where(mirror, x * MIRROR.to(x.device), x)
        turn = rotations(s["turn"] * self._normal(size, 3)).transpose(1, 2)
        x = (x.unflatten(-1, (2, 3)) @ turn[:, None]).flatten(2)
        gain = torch.exp(s["gain"] * self._normal(size, 1, 2)).repeat_interleave(3, -1)
        return x * gain + s["noise"] * self._normal(*x.shape), data.label[chosen]


def evaluation():
    """The windows of the subjects whom the bundled model has never seen, as `percio evaluate` reads them."""
    recordings = load([9, 10])
    windows, source = evaluation_windows(recordings)
    inputs = {f"input.{name}": tensor for name, tensor in split_rates(windows).items()}
    return inputs | {"label.logits": recordings.label[source].to(torch.int32)}, {"metric": "accuracy"}
