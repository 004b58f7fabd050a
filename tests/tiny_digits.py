"""Digits that train in a moment: 60 pictures, a bar for each digit, in the form of MNIST."""

from types import MappingProxyType

import numpy as np

from nalu import experiments
from nalu.experiments import SequenceCondition, SequenceExperiment
from nalu.tasks import SequentialMNIST, digits

PARTS = MappingProxyType({"train": (0, 40), "valid": (40, 50), "test": (50, 60)})
TASK = SequentialMNIST("product", test_lengths=(1, 2, 4))


def pictures():
    """Digit d is a bar of d + 1 rows."""
    labels = np.arange(60) % 10
    images = np.zeros((60, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[: 2 * label + 2] = 255
    return digits.Digits("digits", images, labels, PARTS)


def condition(model="NMU", **settings):
    """Two epochs of five updates, measured at the beginning, between them, and at the end."""
    own = {"data": "digits", "epochs": 2, "log_every": 1, "batch_size": 4, "lambda_start": 2,
           "lambda_end": 6, "seeds": range(3)}
    return SequenceCondition(model, TASK, **(own | settings))


TABLE = MappingProxyType({"tiny": SequenceExperiment(
    "tiny", "Tiny", "Nothing, Figure 0",
    (condition("reference"), condition("NMU", id="NMU-Rz", lambda_z=1.0), condition("LSTM")))})


def use_here(monkeypatch, folder):
    """Replace the pictures, the table and the runs folder in this process."""
    from nalu.report import provenance
    from nalu.results import origin
    from nalu.support import paths

    known = pictures()
    monkeypatch.setattr(digits, "SOURCES", MappingProxyType({"digits": lambda: known, "mnist": lambda: known}))
    digits.load.cache_clear()
    monkeypatch.setattr(experiments, "EXPERIMENTS", {})
    monkeypatch.setattr(experiments, "SEQUENTIAL", TABLE)
    monkeypatch.setattr(paths, "RUNS", folder)
    monkeypatch.setattr(provenance, "RUNS", folder)
    monkeypatch.setattr(origin, "commit", lambda: "abc")
