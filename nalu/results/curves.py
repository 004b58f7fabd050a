"""Learning curves that a figure needs, thinned and committed: ``history.csv.gz``.

Full histories stay in the work folders, out of git.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from nalu import experiments
from nalu.experiments import Condition, Experiment
from nalu.results import csv_file, runs, tables
from nalu.results.csv_file import Row
from nalu.support.check import Refusal

HISTORY = tables.ARITHMETIC.details["history"]


def thinned_history(experiment: str) -> pd.DataFrame:
    """Return the committed learning curves of an experiment, no rows before it was run.

    One row per seed and kept step; ``condition`` is the id within the experiment.

    Raises
    ------
    ValueError
        If the experiment is unknown or keeps no curves, or the file is not what it
        should be.
    """
    if not experiments.get(experiment).curves:
        raise Refusal(f"experiment {experiment!r} keeps no learning curves")
    return runs.details(experiment, "history").drop(columns="settings")


def rows(experiment: Experiment, condition: Condition, history: pd.DataFrame) -> Iterable[Row]:
    """Return the rows of ``history.csv.gz`` of some runs, none if the experiment keeps no curves.

    Of the logged steps, the first of every bin of width 1 / ``curves`` in the decimal
    logarithm stays, so that what is kept does not depend on how long a run lasted.
    """
    if not experiment.curves:
        return []
    fixed = {"condition": condition.id, "settings": tables.digest(runs.settings(condition))}
    kept = _thin(history, experiment.curves)
    return [csv_file.row(fixed | point, HISTORY.columns) for point in kept.to_dict("records")]


def steps_of(steps: np.ndarray, per_decade: int) -> np.ndarray:
    """Return those of sorted steps that are the first of their bin; the initial one is a bin of its own."""
    bins = np.floor(np.round(per_decade * np.log10(np.maximum(steps, 1)), 9))
    bins[steps == 0] = -1
    return steps[np.unique(bins, return_index=True)[1]]


def _thin(history: pd.DataFrame, per_decade: int) -> pd.DataFrame:
    return history[history["step"].isin(steps_of(np.unique(history["step"]), per_decade))]
