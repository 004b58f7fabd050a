r"""Rows of results -> one value with its interval for each model and metric.

A *summary* is tidy: one row per operation, model and metric, with

* ``estimate``, ``lower``, ``upper``: the value and its 95 % interval (`nalu.analysis.statistics`); our means of fewer
  than five values have none,
* ``n``: all runs behind it, ``k``: the solved ones.

The metrics have the names and units of `nalu.paper.published`: ``success_rate`` is a fraction of
all runs; ``solved_at_median`` and ``solved_at_mean`` (updates) and ``sparsity_error_mean``
(dimensionless) are over the solved runs.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu.analysis.statistics import Interval, shown, solved_at_mean, sparsity_error_mean, success_rate
from nalu.registry import MODELS
from nalu.support import check
from nalu.support.notation import MISSING
from nalu.tasks import OPERATIONS

METRICS = ("success_rate", "solved_at_median", "solved_at_mean", "sparsity_error_mean")
"""In the order of the papers' columns."""


class Cell(NamedTuple):
    """One value of a summary: NaN and 0 runs where there is none."""

    estimate: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    n: int = 0
    k: int = 0

    @property
    def interval(self) -> Interval:
        """The value with its bounds alone."""
        return Interval(self.estimate, self.lower, self.upper)


NOTHING = Cell()


def by_model(rows: pd.DataFrame, by: Iterable[str] = ("operation", "model")) -> pd.DataFrame:
    """Summarise results, one row per run, by the columns ``by``.

    Parameters
    ----------
    rows
        Results with the columns ``by`` and ``solved, solved_at, sparsity_error``; no rows
        give an empty summary.
    by
        Columns that tell the groups apart; the groups keep the order of the rows.

    Raises
    ------
    ValueError
        If a column is missing, or a solved run has no step at which it was solved.
    """
    by = list(by)
    for column in (*by, "solved", "solved_at", "sparsity_error"):
        check.one_of(column, rows.columns, "column of the results")
    cells = [
        dict(zip(by, key, strict=True)) | {"metric": metric} | value._asdict()
        for key, group in rows.groupby(by, sort=False)
        for metric, value in _measures(group).items()
    ]
    return pd.DataFrame(cells, columns=[*by, "metric", *Cell._fields])


def as_printed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of `nalu.paper.published` in the form of a summary; ``k`` is rate times runs."""
    paper = table.rename(columns={"value": "estimate", "ci_lower": "lower", "ci_upper": "upper",
                                  "n_seeds": "n"})
    rate = paper["estimate"].where(paper["metric"] == "success_rate")
    rate = rate.groupby([paper["operation"], paper["model"]]).transform("max")
    paper["k"] = (rate * paper["n"]).round().astype(int)
    return paper[["operation", "model", "metric", *Cell._fields]]


def cell(summary: pd.DataFrame, model: str, metric: str, operation: str = "mul") -> Cell:
    """Return one value of a summary, `NOTHING` if it has no runs of that model.

    Raises
    ------
    ValueError
        If the model, metric or operation is unknown.
    """
    wanted = {"model": check.one_of(model, MODELS, "model"),
              "metric": check.one_of(metric, METRICS, "metric"),
              "operation": check.one_of(operation, OPERATIONS, "operation")}
    found = summary[np.logical_and.reduce([summary[c] == v for c, v in wanted.items()])]
    if found.empty:
        return NOTHING
    row = found.iloc[0]
    return Cell(*(float(row[f]) for f in Interval._fields), int(row["n"]), int(row["k"]))


def rows_of(rows: pd.DataFrame, operation: str, model: str) -> pd.DataFrame:
    """Return the rows of one operation and model."""
    return rows[(rows["operation"] == operation) & (rows["model"] == model)]


def matrix(cells: Iterable[tuple[str, str]], texts: Iterable[str]) -> pd.DataFrame:
    """Return a text for each (operation, model) as a table: a line per model, a column per operation."""
    cells = [*cells]
    operations, models = ([*dict.fromkeys(names)] for names in zip(*cells, strict=True))
    table = pd.Series([*texts], pd.MultiIndex.from_tuples(cells), dtype=object).unstack(0)
    table = table.reindex(index=models, columns=operations).fillna(MISSING)
    table = table.rename(index=lambda m: MODELS[m].plain, columns=lambda o: rf"\({OPERATIONS[o].symbol}\)")
    return table.rename_axis(index="model", columns=None).reset_index()


def _measures(group: pd.DataFrame) -> dict[str, Cell]:
    """Return every metric of one group of runs."""
    solved = group["solved"].astype(bool)
    steps, errors = group.loc[solved, "solved_at"], group.loc[solved, "sparsity_error"]
    median = float(steps.median()) if len(steps) else math.nan
    intervals = (success_rate(solved), Interval(median),
                 shown(solved_at_mean, steps), shown(sparsity_error_mean, errors))
    return {metric: Cell(*interval, len(group), int(solved.sum()))
            for metric, interval in zip(METRICS, intervals, strict=True)}
