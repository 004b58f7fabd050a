"""The runs that test a printed number: ours of its condition, and the authors' where they are known.

Seeds may have been chosen because of their known outcome. An incomplete condition therefore only counts
the seeds before the first missing one. The authors' runs are known for the default
task, where there are as many as the table says. In sequential MNIST none of our runs has the papers' length. We take the
longest runs on the same pictures; they show a direction but reproduce nothing.
"""

from collections.abc import Hashable, Iterable, Mapping
from functools import partial
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu import experiments
from nalu.analysis import comparisons, statistics
from nalu.analysis.summary import NOTHING, Cell
from nalu.paper import published, sequences
from nalu.paper.numbers import RATE, Printed, numbers
from nalu.results import runs
from nalu.sequential import outcomes
from nalu.tasks import Arithmetic

SPARSITY = "sparsity_error_mean"
LOGGED = 1000
"""Updates between two logged steps, in the papers and here: what is solved in between is solved at the later one."""

INTERVALS = {RATE: statistics.success_rate, "solved_at_median": comparisons.median_interval,
             "solved_at_mean": partial(statistics.shown, statistics.solved_at_mean),
             SPARSITY: partial(statistics.shown, statistics.sparsity_error_mean)}
"""Metric -> the interval of its values."""


class Evidence(NamedTuple):
    """A printed number, our runs of its condition, the authors' if they are known; ``same`` tells claims apart.

    ``shorter`` says how long ours were trained where that is less than in the paper.
    """

    printed: Printed
    rows: pd.DataFrame | None = None
    authors: pd.DataFrame | None = None
    same: Hashable = None
    shorter: str = ""


def gather() -> list[Evidence]:
    """Return every printed number with the runs that speak to it."""
    authors = dict(iter(published.per_seed().groupby(["operation", "model"])))
    printed, found = numbers(), []
    ours = {name: runs.by_condition(name) for name in {n.place.experiment.name for n in printed if n.place}}
    judged = {name: dict(iter(outcomes.of(name).groupby(["condition", "test_length"]))) for name in experiments.SEQUENTIAL}
    for index, number in enumerate(printed):
        if number.place is None:
            found.append(Evidence(number, same=index))
            continue
        entry, case, length = number.place
        if length is not None:
            same = (runs.settings(case), case.seeds, length, number.metric, number.cell.k, number.cell.n)
            rows, shorter = _of_sequences(number, judged)
            found.append(Evidence(number, rows, same=same, shorter=shorter))
            continue
        theirs = authors.get((case.task.operation, case.model))
        if case.task != Arithmetic(case.task.operation) or theirs is None or number.cell.n != len(theirs):
            theirs = None
        # of a rate only the counts are tested, and figures of the same runs were digitised apart
        value = (number.cell.k, number.cell.n) if number.metric == RATE else map(repr, number.cell)
        same = (runs.settings(case), case.seeds, entry.window, number.metric, *value)
        found.append(Evidence(number, unbroken(ours[entry.name][case.id], case.seeds), theirs, same))
    return found


def _of_sequences(number: Printed, judged: Mapping[str, dict]) -> tuple[pd.DataFrame | None, str]:
    """Return our runs at the length of the test sequences; if none has the papers' length, those nearest to it, and how long these are."""
    entry, paper, length = number.place
    for other in [entry, *sequences.of_figure(number.source)]:
        if paper.id not in {case.id for case in other.conditions}:
            continue
        case, rows = other.condition(paper.id), judged[other.name].get((paper.id, length))
        if rows is not None and len(mine := unbroken(rows, case.seeds)):
            return mine, "" if case.epochs == paper.epochs else f"{case.epochs:,} of {paper.epochs:,} epochs"
    return None, ""


def unbroken(rows: pd.DataFrame, seeds: Iterable[int]) -> pd.DataFrame:
    """Return the runs of the declared seeds before the first that is missing."""
    done = {*rows["seed"]}
    return rows[rows["seed"].isin([*takewhile(done.__contains__, seeds)])]


def ours(item: Evidence) -> Cell:
    """Return our value of a metric; a median has the interval of its order statistics."""
    if item.rows is None or item.rows.empty:
        return NOTHING
    return Cell(*INTERVALS[item.printed.metric](values(item)), len(item.rows), int(item.rows["solved"].sum()))


def values(item: Evidence) -> np.ndarray:
    """Return our values behind a metric: outcomes, or what is defined for solved runs.

    A sparsity error counts as at most ½, as in its definition.
    """
    solved = item.rows["solved"].to_numpy(bool)
    if item.printed.metric == RATE:
        return solved
    if item.printed.metric == SPARSITY:
        return np.minimum(item.rows["sparsity_error"].to_numpy(float)[solved], 0.5)
    return item.rows["solved_at"].to_numpy(float)[solved]
