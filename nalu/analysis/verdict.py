r"""Tests of claims -> the verdict on each: reproduced, compatible, contradicted, or too few runs.

A *claim* says that the printed number and our runs come from one distribution. A verdict uses four results of its test: the p-value,
the difference between the sides with its 95 % interval (`nalu.analysis.differences`), the smallest p-value that
our runs could have given, and the power (`nalu.analysis.power`).

* ``reproduced``: the interval lies inside `MARGINS`. If the two sides are as far apart as the margin or farther, this happens
  in at most 2.5 % of the cases, provided that the interval has its stated coverage.
* ``contradicted``: the claim is not reproduced, and the procedure of Benjamini and Hochberg at 5 % over all
  claims that are judged together rejects it. Of the claims with this verdict, at most 5 % are expected to be
  true, if the tests are independent or positively dependent. A reproduced claim enters the procedure with a
  p-value of 1: raising p-values does not break this guarantee, and a difference that was declared unimportant beforehand contradicts nothing.
* ``too few runs``: neither of these, and the claim could hardly have been contradicted. There are fewer than five runs (or solved runs, where
  only those have a value), or the p-value could never be small enough beside those of the other claims, or the power is below 80 %.
  If the runs are too few for any rejection at 5 %, they are not tested; this depends only on the numbers of runs.
* ``compatible``: the claim is not rejected, although there are enough runs for a rejection, and its interval is wider than the margin.

The margins are ours; the papers state none.

* *Success rate: 10 points.* The papers compare networks whose rates are far apart, in Table 1 by 68 points (NMU 94 %,
  NALU 26 %), and print the rates of 100 runs with intervals that reach up to 10 points. A narrower margin
  could hardly be met: if 100 runs on each side never fail, the interval is ±4 points; with 5 failures on each side it is ±7.
* *Solved at: a factor of 1.25.* 80 to 125 % is the convention of bioequivalence (D. J. Schuirmann, 1987). The
  papers draw conclusions from factors of 1.8 and more (NMU and NAC•,σ on products of 100 inputs).
* *Sparsity error: a factor of 1.5.* Sparsity errors are compared by powers of ten. The factor is below 2, by which the
  published beta fit is wrong, so a halved value is never called reproduced.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nalu.analysis import comparisons, differences, power
from nalu.analysis.comparisons import LEVEL
from nalu.analysis.statistics import Interval
from nalu.analysis.summary import Cell
from nalu.support.notation import NOT_RUN

REPRODUCED, COMPATIBLE, CONTRADICTED, FEW = "reproduced", "compatible", "contradicted", "too few runs"
ARTEFACT, SHORTER, NOT_COMPARABLE = "published value is an artefact", "shorter here", "not comparable"
VERDICTS = (REPRODUCED, COMPATIBLE, CONTRADICTED, ARTEFACT, FEW, SHORTER, NOT_RUN, NOT_COMPARABLE)
"""All verdicts on a printed number; `nalu.paper.claims` decides about the last four and the artefacts."""

RATE = "success_rate"
MARGINS: Mapping[str, float] = {RATE: 0.10, "solved_at_median": 1.25, "solved_at_mean": 1.25, "sparsity_error_mean": 1.5}
"""Metric -> the difference, or for all but rates the factor, up to which a number counts as the same."""


class Comparison(NamedTuple):
    """The test of a claim: the difference or the ratio of our value to theirs, and what our runs could have shown."""

    metric: str
    p: float
    effect: Interval
    smallest: float
    power: float


def inside(metric: str, effect: Interval) -> bool:
    """Whether an interval lies inside the margin of a metric; an interval without bounds never does."""
    margin = MARGINS[metric]
    low, high = (-margin, margin) if metric == RATE else (1 / margin, margin)
    return low < effect.lower and effect.upper < high


def words(tested: Sequence[Comparison], level: float = LEVEL) -> list[str]:
    """Return the verdict on each claim; all are judged together at this false discovery rate."""
    good = [inside(t.metric, t.effect) for t in tested]
    p = np.array([1.0 if g else t.p for g, t in zip(good, tested, strict=True)])

    def in_reach(k: int) -> bool:
        lowered = p.copy()
        lowered[k] = tested[k].smallest
        return bool(comparisons.rejected(lowered, level)[k])

    return [REPRODUCED if good[k] else CONTRADICTED if wrong
            else COMPATIBLE if tested[k].power >= power.ENOUGH and in_reach(k) else FEW
            for k, wrong in enumerate(comparisons.rejected(p, level))]


def effect(metric: str, found: Interval) -> str:
    """Return a difference or ratio as text: ``+1 points [-6, 8]``, ``ratio 1.02 [0.95, 1.10]``; an empty text where there is none."""
    if math.isnan(found.estimate):
        return ""
    if metric == RATE:
        value, low, high = (f"{round(100 * x)}".replace("-", "−") for x in found)
        return f"{'+' if round(100 * found.estimate) > 0 else ''}{value} points [{low}, {high}]"
    value, low, high = ("∞" if math.isinf(x) else f"{x:.3g}" for x in found)
    return f"ratio {value} [{low}, {high}]"


def between(one: Cell, other: Cell) -> str:
    """Return how far apart two success rates are, in words for a sentence. The rates may be of two networks, so there is no verdict."""
    if not (one.n and other.n):
        return NOT_RUN
    found = differences.of_rates(one.k, one.n, other.k, other.n)
    return f"{effect(RATE, found)}, p = {comparisons.rates(one, other):.2g} by Fisher's exact test"
