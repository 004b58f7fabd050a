"""Recorded runs and thresholds -> what is solved at which length, when, and how exactly.

The definitions are those of `nalu.analysis.outcomes`, one test length at a time: the best step is that
of the smallest validation error, whatever the length.
"""

import pandas as pd

from nalu import experiments
from nalu.analysis.statistics import shown, solved_at_mean, sparsity_error_mean, success_rate
from nalu.experiments import SequenceExperiment
from nalu.results import runs
from nalu.sequential.thresholds import failures, thresholds
from nalu.support.notation import MISSING

METRICS = ("success_rate", "solved_at_mean", "sparsity_error_mean")


def judged(results: pd.DataFrame, passed: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """Return the results with ``threshold, without, solved, solved_at`` and the sparsity error of solved runs.

    ``without`` says which seeds of the reference the threshold leaves out.

    Parameters
    ----------
    results, passed
        The outcomes and the table ``passed``, see `nalu.results.tables`.
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
    entry, results = experiments.get(experiment), runs.results(experiment)
    reference = results[results["condition"] == entry.reference.id]
    return thresholds(reference, **({"without": failures(reference)} | variant))


def of(experiment: str, **variant) -> pd.DataFrame:
    """Return what is recorded of an experiment, judged by its `limits`."""
    return judged(runs.results(experiment), runs.details(experiment, "passed"), limits(experiment, **variant))


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


def lines(entry: SequenceExperiment) -> list[tuple[str, ...]]:
    """Return rows of text: of each condition its runs, and how many are solved at the shortest and the longest sequences."""
    found, missing = curves(of(entry.name)), runs.missing(entry.name)
    rates = found[found["metric"] == "success_rate"].set_index(["condition", "test_length"])
    lengths = entry.reference.task.test_lengths[0], entry.reference.task.test_lengths[-1]
    rows = [("condition", "runs", *(f"solved, {length} pictures" for length in lengths))]
    for case in entry.conditions:
        cells = [rates.loc[case.id, length] if (case.id, length) in rates.index else None for length in lengths]
        rows.append((case.id, f"{len(case.seeds) - len(missing[case.id])} of {len(case.seeds)}",
                     *(MISSING if cell is None else f"{cell['k']} of {cell['n']}" for cell in cells)))
    return rows
