"""The runs that speak to a printed number: ours of its condition, and the authors' where they are known.

As seeds may have been chosen by their known outcome, a condition that is not complete counts
with the seeds before the first that is missing. The authors' runs are known for the default
task, where as many as the table says.
"""

from collections.abc import Hashable, Iterable
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu import comparisons, published, runs
from nalu.printed import Printed, numbers
from nalu.statistics import Interval
from nalu.summary import NOTHING, Cell, by_model
from nalu.tasks import Arithmetic

SPARSITY = "sparsity_error_mean"


class Evidence(NamedTuple):
    """A printed number, our runs of its condition, the authors' if they are known; ``same`` tells claims apart."""

    printed: Printed
    rows: pd.DataFrame | None = None
    authors: pd.DataFrame | None = None
    same: Hashable = None


def gather() -> list[Evidence]:
    """Return every printed number with the runs that speak to it."""
    authors = dict(iter(published.per_seed().groupby(["operation", "model"])))
    printed, found = numbers(), []
    ours = {name: runs.by_condition(name) for name in {n.place.experiment.name for n in printed if n.place}}
    for index, number in enumerate(printed):
        if number.place is None:
            found.append(Evidence(number, same=index))
            continue
        entry, case = number.place
        theirs = authors.get((case.task.operation, case.model))
        if case.task != Arithmetic(case.task.operation) or theirs is None or number.cell.n != len(theirs):
            theirs = None
        same = (runs.settings(case), case.seeds, entry.window, number.metric, *map(repr, number.cell))
        found.append(Evidence(number, unbroken(ours[entry.name][case.id], case.seeds), theirs, same))
    return found


def unbroken(rows: pd.DataFrame, seeds: Iterable[int]) -> pd.DataFrame:
    """Return the runs of the declared seeds before the first that is missing."""
    done = {*rows["seed"]}
    return rows[rows["seed"].isin([*takewhile(done.__contains__, seeds)])]


def ours(item: Evidence) -> Cell:
    """Return our value of a metric; a median has the interval of its order statistics."""
    if item.rows is None or item.rows.empty:
        return NOTHING
    found = by_model(item.rows).set_index("metric").loc[item.printed.metric]
    value = Cell(*(float(found[f]) for f in Interval._fields), int(found["n"]), int(found["k"]))
    if item.printed.metric != "solved_at_median":
        return value
    return Cell(*comparisons.median_interval(values(item)), value.n, value.k)


def values(item: Evidence) -> np.ndarray:
    """Return our values behind a metric of the solved runs; a sparsity error counts as at most ½, as in its definition."""
    rows = item.rows[item.rows["solved"].astype(bool)]
    if item.printed.metric == SPARSITY:
        return np.minimum(rows["sparsity_error"].to_numpy(float), 0.5)
    return rows["solved_at"].to_numpy(float)
