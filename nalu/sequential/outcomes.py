"""Recorded runs and thresholds -> what is solved at which length, when, and how exactly.

The definitions are those of `nalu.outcomes`, one test length at a time: the best step is that
of the smallest validation error, whatever the length.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from nalu import published
from nalu.sequential import experiments, shelf
from nalu.sequential.thresholds import failures, thresholds
from nalu.statistics import shown, solved_at_mean, sparsity_error_mean, success_rate

METRICS = ("success_rate", "solved_at_mean", "sparsity_error_mean")

PANELS = {"success_rate": "success_rate", "solved_at_iteration": "solved_at_mean",
          "sparsity_error": "sparsity_error_mean"}
"""Panel of a published figure -> metric."""

REGULARISED = ("NMU", "NAC_mul_NMU", "NAU")
"""Models of the published figures that have R_z in the one, and not in the other, the ablation."""


def judged(results: pd.DataFrame, passed: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """Return the results with ``threshold, without, solved, solved_at`` and the sparsity error of solved runs.

    ``without`` says which seeds of the reference the threshold leaves out.

    Parameters
    ----------
    results, passed
        Tables of `nalu.sequential.shelf`.
    limits
        As `nalu.sequential.thresholds.thresholds` returns them. Lengths without a
        threshold are left out.
    """
    rows = results.merge(limits[["test_length", "threshold", "without"]].dropna(), on="test_length")
    rows["solved"] = rows["test_mse"] < rows["threshold"]
    key = ["condition", "seed", "test_length"]
    below = passed.merge(rows[[*key, "threshold"]], on=key)
    first = below[below["test_mse"] < below["threshold"]].groupby(key)["step"].min().rename("solved_at")
    rows = rows.merge(first.astype(float), how="left", left_on=key, right_index=True)
    rows["solved_at"] = rows["solved_at"].where(rows["solved"])
    rows["sparsity_error"] = rows["sparsity_error"].where(rows["solved"])
    return rows


def limits(experiment: str, **variant) -> pd.DataFrame:
    """Return the thresholds of an experiment, without the runs of its reference that failed.

    Parameters
    ----------
    experiment
        Name of an experiment.
    **variant
        As `thresholds` takes it, in place of the rule.
    """
    entry, results = experiments.get(experiment), shelf.frame(experiment)
    reference = results[results["condition"] == entry.reference.id]
    return thresholds(reference, **({"without": failures(reference)} | variant))


def of(experiment: str, **variant) -> pd.DataFrame:
    """Return what is recorded of an experiment, judged by its `limits`."""
    return judged(shelf.frame(experiment), shelf.frame(experiment, "passed"), limits(experiment, **variant))


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per condition, test length and metric, from judged runs.

    Columns ``condition, test_length, metric, estimate, lower, upper, n, k``: the value with
    its 95 % interval, which a mean of fewer than five has not, the runs and the solved ones.
    """
    cells = []
    for (condition, length), group in rows.groupby(["condition", "test_length"], sort=False):
        solved = group["solved"].astype(bool)
        sparse = group.loc[solved, "sparsity_error"].dropna()
        steps = group.loc[solved, "solved_at"]
        values = (success_rate(solved), shown(solved_at_mean, steps),
                  shown(sparsity_error_mean, sparse.clip(upper=0.5)))
        cells += [(condition, length, metric, *value, len(group), int(solved.sum()))
                  for metric, value in zip(METRICS, values, strict=True)]
    return pd.DataFrame(cells, columns=["condition", "test_length", "metric", "estimate", "lower",
                                        "upper", "n", "k"])


def printed(names: Iterable[str]) -> pd.DataFrame:
    """Return the points of published figures in the form of `curves`, under our conditions' names.

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
