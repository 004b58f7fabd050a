r"""Is a printed number what its definition gives on the authors' own runs? If not, why?

The authors' outcomes are known run by run for the default task, so this needs none of our runs
and no test: both numbers are about the same runs. A printed number is an artefact if

* a mean of *solved at* is farther from the mean of the recorded steps than the printed digits
  allow: the gamma fit, whose maximum is that mean, had stopped elsewhere; or if that mean lies
  outside the 95 % interval of the runs whose rows were in order: the order of rows was lost,
* a median of *solved at* lies outside the interval of the runs whose rows were in order,
* a *sparsity error* is neither the mean of the beta fit on [0, ½] nor that of the sample. It is
  traced to the density of $2x$ evaluated at $x$ if it is what that fit gives, again by its
  digits, or nearer to that than to the definition.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu.analysis import statistics
from nalu.analysis.comparisons import median_interval
from nalu.analysis.statistics import Interval
from nalu.support import notation

BETA, GAMMA, ORDER, OTHER = "beta", "gamma", "row-order", "other"
"""Defects; the first three by the end of their labels ``departs-…`` on the page of departures."""

WORDS = {BETA: "half, by the beta fit", GAMMA: "gamma fit stopped early", ORDER: "rows out of order",
         OTHER: "not what its definition gives"}
STEPS = ("solved_at_mean", "solved_at_median")


class Finding(NamedTuple):
    """What the definition gives on the authors' runs, and the defects of the printed number, if any."""

    correct: Interval
    defects: tuple[str, ...]


def sample(authors: pd.DataFrame, metric: str) -> np.ndarray:
    """Return the authors' values behind a metric: of the solved runs, for steps of those with rows in order."""
    kept = authors["solved"] & ~authors["rows_permuted"] if metric in STEPS else authors["solved"]
    return authors.loc[kept, "solved_at" if metric in STEPS else "sparsity_error"].to_numpy(float)


def find(printed: float, authors: pd.DataFrame, metric: str) -> Finding:
    """Compare a printed number with the runs behind it, given as by `nalu.paper.published.per_seed`."""
    x = sample(authors, metric)
    if metric == "sparsity_error_mean":
        return _of_sparsity(printed, np.minimum(x, 0.5))
    correct = median_interval(x) if metric == "solved_at_median" else _mean(metric, tuple(x))
    recorded = authors.loc[authors["solved"], "solved_at"].to_numpy(float)
    defects = []
    if metric == "solved_at_mean" and not _rounds(recorded.mean(), printed):
        defects.append(GAMMA)
    shown = recorded.mean() if metric == "solved_at_mean" else printed
    if len(x) < len(recorded) and _outside(shown, correct):
        defects.append(ORDER)
    return Finding(correct, tuple(defects))


def _of_sparsity(printed: float, x: np.ndarray) -> Finding:
    correct, wrong = (_mean("sparsity_error_mean", tuple(v)) for v in (x, x / 2))
    if _rounds(correct.estimate, printed) or _rounds(x.mean(), printed):
        return Finding(correct, ())
    halved = abs(math.log(printed / wrong.estimate)) < abs(math.log(printed / correct.estimate))
    return Finding(correct, (BETA if halved else OTHER,))


@lru_cache(maxsize=256)
def _mean(metric: str, values: tuple[float, ...]) -> Interval:
    """Return a fitted mean; the authors' runs stay what they are, and are asked for by every page."""
    return statistics.shown(getattr(statistics, metric), np.array(values))


def _rounds(value: float, printed: float) -> bool:
    """Whether a value is printed as this, to half of the last digit."""
    return abs(value - printed) <= notation.scientific_rounding(printed) * (1 + 1e-6)


def _outside(value: float, interval: Interval) -> bool:
    """Whether a value, as it would be printed, lies outside an interval; never of one that has no bounds."""
    off = notation.scientific_rounding(value)
    return value + off < interval.lower or value - off > interval.upper
