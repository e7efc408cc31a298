"""Pairs of small frames with known motion, cut from the photographs that scikit-image carries, and one real stereo pair.

A sample is two grey frames of 16 x 16 pixels as the two channels of one image; the flow of a pixel of the first frame is where what
it shows lies in the second one, (right, down) in pixels. With one motion the whole frame moves by one random affine map; with two a
disc in front moves by a map of its own.
"""

import numpy as np
import torch

from percio.data.packages import Package, numpy_file

PACKAGE = Package("pip", "scikit-image", "0.26.0", "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
                  ("--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_28_x86_64"))
SIDE = 16
# Photographs, split whole: no test frame shows what a training frame shows. All are CC0 or in the public domain.
PHOTOGRAPHS = {
    "train": ["astronaut.png", "brick.png", "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png",
              "retina.jpg"],
    "validation": ["coffee.png", "rocket.jpg"],
    "test": ["camera.png", "chelsea.png"],
}
SHIFT, TURN, STRETCH = 2.5, 0.12, 0.12  # of the motion: pixels; radians; share
TEST_PAIRS = 2000


def photographs(part):
    """The photographs of a part, grey, 0 to 1: a list of tensors [height, width]."""
    return [torch.from_numpy(grey(name)) for name in PHOTOGRAPHS[part]]


def grey(name):
    """One file of the package as grey values."""
    from PIL import Image

    image = Image.open(numpy_file(PACKAGE, f"skimage/data/{name}")).convert("L")
    return np.asarray(image, dtype=np.float32) / 255


class Pairs:
    """Endless random pairs: `batch(n)` gives (image [n, 16, 16, 2], flow [n, 256, 2]), where the generator is, a GPU too."""

    def __init__(self, part, generator, motions=1):
        pictures = photographs(part)
        self.generator, self.motions, self.device = generator, motions, generator.device
        # All photographs below each other on one canvas, so that a batch is one sampling.
        self.top = torch.tensor([[0, sum(len(above) for above in pictures[:i])] for i in range(len(pictures))], device=self.device)
        self.sizes = torch.tensor([picture.shape[::-1] for picture in pictures], dtype=torch.float32, device=self.device)
        canvas = torch.zeros(sum(map(len, pictures)), max(picture.shape[1] for picture in pictures))
        for (_, top), picture in zip(self.top.tolist(), pictures):
            canvas[top : top + len(picture), : picture.shape[1]] = picture
        self.canvas = canvas.to(self.device)
        self.grid, self.one = grid().to(self.device), torch.eye(2, device=self.device)

    def _uniform(self, *shape):
        return 2 * torch.rand(shape, generator=self.generator, device=self.device) - 1

    def batch(self, n):
        """n samples, each from a random place, angle and scale of a random photograph."""
        which = torch.randint(len(self.top), (n,), generator=self.generator, device=self.device)
        motion = self._motion(n)
        behind = self._frame_sampler(which, n)
        first, second = behind(self.grid), behind(self._backwards(motion))
        field = self._displaced(motion)
        if self.motions == 2:
            other = self._motion(n)
            front = self._frame_sampler(which[self._uniform(n).argsort()], n)
            centre, radius = 5 * self._uniform(n, 1, 2), 4 + 1.5 * self._uniform(n, 1, 1)
            inside = lambda points: ((points - centre).square().sum(-1, keepdim=True) < radius.square()).float()
            at = self._backwards(other)
            near, moved = inside(self.grid), inside(at)
            first = first * (1 - near) + front(self.grid) * near
            second = second * (1 - moved) + front(at) * moved
            field = field * (1 - near) + self._displaced(other) * near
        return torch.stack([first, second], -1).view(n, SIDE, SIDE, 2), field

    def _motion(self, n):
        """Affine maps p -> A p + t of the displacement: (A [n, 2, 2], t [n, 1, 2])."""
        turn, stretch = TURN * self._uniform(n, 1), STRETCH * self._uniform(n, 2)
        a = torch.cat([stretch[:, :1], -turn, turn, stretch[:, 1:]], 1).view(n, 2, 2)
        return a, SHIFT * self._uniform(n, 1, 2)

    def _displaced(self, motion):
        """The flow [n, 256, 2] of an affine motion."""
        a, t = motion
        return self.grid @ a.transpose(1, 2) + t

    def _backwards(self, motion):
        """Where in the first frame what each pixel of the second one shows lies, [n, 256, 2]."""
        a, t = motion
        (xx, xy), (yx, yy) = (row.unbind(-1) for row in (a + self.one).unbind(-2))
        inverse = torch.stack([yy, -xy, -yx, xx], -1).view(-1, 2, 2) / (xx * yy - xy * yx)[:, None, None]
        return (self.grid - t) @ inverse.transpose(1, 2)

    def _frame_sampler(self, which, n):
        """A function from points of the frame [.., 256, 2] to grey values [n, 256, 1]: a random place of each photograph."""
        angle, scale = 3.14159 * self._uniform(n, 1, 1), torch.exp(0.7 * self._uniform(n, 1, 1))
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        turned = lambda p: torch.cat([p[..., :1] * cos - p[..., 1:] * sin, p[..., :1] * sin + p[..., 1:] * cos], -1)
        size = self.sizes[which][:, None]
        room = (size / 2 - 30 * scale).clamp(min=0)
        centre = size / 2 + room * self._uniform(n, 1, 2)

        def sample(points):
            """Bilinear; a point outside its photograph gets what its border shows."""
            at = torch.minimum((centre + turned(points)).clamp(min=0), size - 1.001)
            whole = at.floor()
            (right, down), (x, y) = (at - whole).unbind(-1), (whole.long() + self.top[which][:, None]).unbind(-1)
            above = self.canvas[y, x] * (1 - right) + self.canvas[y, x + 1] * right
            below = self.canvas[y + 1, x] * (1 - right) + self.canvas[y + 1, x + 1] * right
            return (above * (1 - down) + below * down)[..., None]

        return sample


def grid():
    """The pixels' centres from the frame's middle, (right, down), [1, 256, 2]."""
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).view(1, -1, 2)


def fixed(part, count, motions=1, seed=1):
    """The same `count` pairs each time."""
    return Pairs(part, torch.Generator().manual_seed(seed), motions).batch(count)


def motorcycle(shrink=8):
    """Real pairs: Middlebury's motorcycle, left and right, shrunk; the right frame is cut where most of the left one went.

    The flow of a pixel is not a number where less than half of what it was shrunk from has a known disparity.
    """
    left, right = grey("motorcycle_left.png"), grey("motorcycle_right.png")
    disparity = np.load(numpy_file(PACKAGE, "skimage/data/motorcycle_disp.npz"))["arr_0"]
    known = np.isfinite(disparity)
    left, right = shrunk(left, shrink), shrunk(right, shrink)
    share = shrunk(known, shrink)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(share >= 0.5, shrunk(np.where(known, disparity, 0), shrink) / share / shrink, np.nan)
    images, flows = [], []
    for y in range(0, left.shape[0] - SIDE + 1, SIDE // 2):
        for x in range(0, left.shape[1] - SIDE + 1, SIDE // 2):
            cut = lambda a, at: a[y : y + SIDE, at : at + SIDE]
            offset = int(round(float(np.nanmedian(cut(moved, x)))))
            if x - offset >= 0:
                images.append(np.stack([cut(left, x), cut(right, x - offset)], -1))
                flows.append(np.stack([offset - cut(moved, x), np.zeros((SIDE, SIDE))], -1).reshape(-1, 2))
    return torch.from_numpy(np.stack(images)).float(), torch.from_numpy(np.stack(flows)).float()


def shrunk(picture, by):
    """The means of squares of `by` x `by` pixels."""
    height, width = (side // by for side in picture.shape)
    return picture[: height * by, : width * by].astype(np.float64).reshape(height, by, width, by).mean((1, 3))


def evaluation():
    """The test pairs with one motion, as `percio evaluate` reads them."""
    image, flow = fixed("test", TEST_PAIRS)
    return {"input.frames": image, "truth.flow": flow}, {"metric": "end_point_error"}
