r"""Tests of claims -> what is said of each: reproduced, compatible, contradicted, or too few runs.

A *claim* says that the printed number and our runs come from one distribution. Of its test four things are known: the p-value,
the difference between the sides with its 95 % interval (`nalu.analysis.differences`), the smallest p-value that
our runs could have given, and the power (`nalu.analysis.power`).

* ``reproduced``: the interval lies inside of `MARGINS`. A claim whose sides are as far apart as the margin or farther is called
  so in at most 2.5 % of the cases, as far as its interval has the coverage it states.
* ``contradicted``: not reproduced, and rejected by the procedure of Benjamini and Hochberg at 5 % over all
  claims that are judged together. Of the claims called so at most 5 % are expected to be
  true, if the tests are independent or positively dependent. A reproduced claim enters the procedure with a
  p-value of 1: raising p-values keeps that promise, and a difference that is said beforehand not to matter contradicts nobody.
* ``too few runs``: neither, and a claim that could hardly have been contradicted: fewer than five runs (solved ones, where
  only those have a value), a p-value that is never small enough beside those of the other claims, or a power below 80 %.
  Runs that are too few for any rejection at 5 % are not tested, which nothing but numbers of runs decides.
* ``compatible``: not rejected, by enough runs to have been, and with an interval that is wider than the margin.

The margins are ours; the papers state none.

* *Success rate: 10 points.* The papers compare networks whose rates are far apart, in Table 1 by 68 points (NMU 94 %,
  NALU 26 %), and print the rates of 100 runs with intervals that reach up to 10 points. A narrower margin
  could hardly be met: two times 100 runs that never fail have an interval of ±4 points, and with 5 failures each of ±7.
* *Solved at: a factor of 1.25.* 80 to 125 % is the convention of bioequivalence (D. J. Schuirmann, 1987). The
  papers draw conclusions from factors of 1.8 and more (NMU and NAC•,σ on products of 100 inputs).
* *Sparsity error: a factor of 1.5.* Sparsity errors are compared by powers of ten. The factor is below 2, by which the
  published beta fit is wrong, so that a halved value is never called reproduced.
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
"""All that can be said of a printed number; the last four and the artefacts are decided in `nalu.paper.claims`."""

RATE = "success_rate"
MARGINS: Mapping[str, float] = {RATE: 0.10, "solved_at_median": 1.25, "solved_at_mean": 1.25, "sparsity_error_mean": 1.5}
"""Metric -> the difference, or for all but rates the factor, up to which a number counts as the same."""


class Comparison(NamedTuple):
    """A claim that was tested: the difference or ratio of ours to theirs, and what our runs could have shown."""

    metric: str
    p: float
    effect: Interval
    smallest: float
    power: float


def inside(metric: str, effect: Interval) -> bool:
    """Whether an interval lies inside of the margin of a metric; never one without bounds."""
    margin = MARGINS[metric]
    low, high = (-margin, margin) if metric == RATE else (1 / margin, margin)
    return low < effect.lower and effect.upper < high


def words(tested: Sequence[Comparison], level: float = LEVEL) -> list[str]:
    """Return what is said of each claim, all of them judged together at this false discovery rate."""
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
    """Return a difference or ratio as text: ``+1 points [-6, 8]``, ``ratio 1.02 [0.95, 1.10]``; nothing where there is none."""
    if math.isnan(found.estimate):
        return ""
    if metric == RATE:
        value, low, high = (f"{round(100 * x)}".replace("-", "−") for x in found)
        return f"{'+' if round(100 * found.estimate) > 0 else ''}{value} points [{low}, {high}]"
    value, low, high = ("∞" if math.isinf(x) else f"{x:.3g}" for x in found)
    return f"ratio {value} [{low}, {high}]"


def between(one: Cell, other: Cell) -> str:
    """Return how far two success rates are apart, in words for a sentence; of two networks, say, so that there is no verdict."""
    if not (one.n and other.n):
        return NOT_RUN
    found = differences.of_rates(one.k, one.n, other.k, other.n)
    return f"{effect(RATE, found)}, p = {comparisons.rates(one, other):.2g} by Fisher's exact test"
