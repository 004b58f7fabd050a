"""What the papers print of sequential MNIST, in the form and under the names of our own results."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from nalu.paper import published
from nalu.paper.matched import PANELS

REGULARISED = ("NMU", "NAC_mul_NMU", "NAU")
"""Models of the published figures that have R_z in the one, and not in the other, the ablation."""


def printed(names: Iterable[str]) -> pd.DataFrame:
    """Return the points of published figures in the form of `nalu.sequential.outcomes.curves`, under our conditions' names.

    A condition that two figures show is taken from the first.
    """
    parts = []
    for name in names:
        points = published.figure(name)
        suffix = np.where(points["model"].isin(REGULARISED) & (not name.endswith("ablation")), "-Rz", "")
        points["condition"] = points["model"].str.replace("_Rz", "-Rz") + suffix
        parts.append(pd.DataFrame({
            "condition": points["condition"], "test_length": points["x"].astype(int),
            "metric": points["panel"].map(PANELS), "estimate": points["mean"].astype(float),
            "lower": points["lower"].astype(float), "upper": points["upper"].astype(float),
            "n": points["n_runs"], "k": points["k_successes"]}))
    key = ["condition", "test_length", "metric"]
    return pd.concat(parts, ignore_index=True).drop_duplicates(key, ignore_index=True)
