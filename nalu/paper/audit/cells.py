r"""The means that the papers print, cell by cell: what is printed, what the same runs give, what ours give.

A *cell* is a model and an operation, of the table of all models. The published values are
those of the authors' file ``paper/results/sft-short.csv``, which have all digits.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu.analysis.statistics import Interval, solved_at_mean, sparsity_error_mean
from nalu.analysis.summary import Cell, cell
from nalu.paper import published
from nalu.registry import MODELS, Model
from nalu.support import notation
from nalu.tasks import OPERATIONS

METRICS: Mapping = {"solved_at": ("solved_at_mean", "published_solved_at_mean", "published_lower",
                                  "published_upper", solved_at_mean),
                    "sparsity_error": ("sparsity_error_mean", "published_sparsity_mean", "published_sparsity_lower",
                                       "published_sparsity_upper", sparsity_error_mean)}
"""Column of results -> metric, columns of the published mean and bounds, the correct statistic."""


class Audited(NamedTuple):
    """A cell: its values of the authors' solved runs, and three means with their intervals."""

    operation: str
    model: str
    values: np.ndarray
    printed: Interval
    correct: Interval
    ours: Cell

    @property
    def row(self) -> Model:
        """The model's row in the registry."""
        return MODELS[self.model]

    @property
    def name(self) -> str:
        """How a sentence calls the cell: ``NAU $+$``."""
        return f"{self.row.plain} ${OPERATIONS[self.operation].symbol}$"

    @property
    def ratio(self) -> float:
        """Printed over correct mean."""
        return self.printed.estimate / self.correct.estimate


def audited(column: str, ours: pd.DataFrame, authors: pd.DataFrame, least: int = 2) -> list[Audited]:
    """Return the cells with at least so many solved runs of the authors, in the order of the paper's operations.

    The column is ``"solved_at"`` (updates) or ``"sparsity_error"`` (dimensionless), ``ours`` a summary of our results,
    see `nalu.analysis.summary`, ``authors`` all or some of `nalu.paper.published.per_seed`. One run has no interval,
    and no fit.
    """
    metric, *names, statistic = METRICS[column]
    solved = authors[authors["solved"]].groupby(["operation", "model"])[column]
    values, found = {key: group.to_numpy(float) for key, group in solved}, []
    for again in published.reanalysis().itertuples():
        key = again.operation, again.model
        if len(values.get(key, ())) >= least:
            found.append(Audited(*key, values[key], Interval(*(getattr(again, n) for n in names)),
                                 statistic(values[key]), cell(ours, again.model, metric, again.operation)))
    order = [*OPERATIONS]
    return sorted(found, key=lambda c: (order.index(c.operation), c.row.plain))


def table(cells: Iterable[Audited], extra: Mapping[str, Iterable[str]] | None = None) -> pd.DataFrame:
    """Return a line of text per cell: n solved runs, the ratio of the published mean to theirs; ``extra`` before ours."""
    cells = [*cells]
    lines = {
        "network": [rf"{c.row.plain} \({OPERATIONS[c.operation].symbol}\)" for c in cells],
        "n": [str(len(c.values)) for c in cells],
        "published": [_number(c.printed) for c in cells],
        "of the same runs": [_number(c.correct) for c in cells],
        "ratio": [f"{c.ratio:.2f}" for c in cells],
        **(extra or {}),
        "ours": [_ours(c.ours) for c in cells],
    }
    return pd.DataFrame(lines)


def compared(cells: Iterable[Audited]) -> str:
    """Return a sentence: in how many cells our interval contains the correct mean, and in how many the published one."""
    known = [c for c in cells if np.isfinite(c.ours.lower)]
    if not known:
        return f"Our runs: {notation.NOT_RUN}."
    right, wrong = (sum(c.ours.lower <= value(c) <= c.ours.upper for c in known)
                    for value in (lambda c: c.correct.estimate, lambda c: c.printed.estimate))
    return (f"Our interval is known in {len(known)} cells. It contains the mean of the authors' runs in "
            f"{right} and the published mean in {wrong}.")


def _ours(value: Cell) -> str:
    if not value.k:
        return f"none of {value.n} solved" if value.n else notation.NOT_RUN
    return f"{_number(value.interval)}, n = {value.k}"


def _number(value: Interval) -> str:
    return rf"\({notation.scientific(*value)}\)"
