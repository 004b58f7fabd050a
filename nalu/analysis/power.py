r"""Could the runs have shown a difference that matters? The power of the tests of `nalu.analysis.comparisons`.

If a test would seldom reject, it says nothing when it does not reject. The power is computed at a two-sided level of 5 % against

* a success rate that is `GAP` = 25 points higher or lower than the printed one, within 0 to 100 %. Of the two,
  the one that is harder to find counts. The printed count is taken as given. For pairs of the same seeds, the alternative is that 25 % more pairs are solved only on one side than only on
  the other, in addition to as many discordant pairs on either side as there are on average;
* a median or mean that is `FACTOR` = 2 times the printed one, or half of it. Let $[l, u]$ be the interval of the ratio.
  If the estimate of its logarithm is normal, the difference is found with the probability

$$
\Phi\Big(\frac{\log 2}{s} - z\Big), \qquad s = \frac{\log u - \log l}{2 z}.
$$

A reader of a figure sees two rates as different if they are 25 points apart. A factor of 2 is the analogue for quantities
that the papers print with a power of ten.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom

from nalu.analysis import comparisons
from nalu.analysis.comparisons import LEVEL
from nalu.analysis.differences import Z
from nalu.analysis.statistics import Interval
from nalu.analysis.summary import Cell

GAP, FACTOR = 0.25, 2.0
ENOUGH = 0.8
"""The power from which on runs are called enough; the usual convention (J. Cohen, 1988)."""


@cache
def of_rates(n: int, k: int, m: int) -> float:
    """Return the power of Fisher's test of n runs against k of m solved runs."""
    theirs = Cell(n=m, k=k)

    def rejects(solved: int) -> bool:
        return comparisons.rates(Cell(n=n, k=solved), theirs) < LEVEL

    expected = round(n * k / m)
    low = _first(range(expected, -1, -1), rejects)  # as many solved runs or fewer are rejected
    high = _first(range(expected, n + 1), rejects)
    return min(float(binom.cdf(-1 if low is None else low, n, p) + (0 if high is None else binom.sf(high - 1, n, p)))
               for p in _rates(k / m))


@cache
def of_pairs(n: int, apart: int) -> float:
    """Return the power of McNemar's test of n pairs if ``apart`` of them are found to be solved on only one side."""
    less = min(apart / (2 * n), (1 - GAP) / 2)
    total = np.arange(n + 1)[:, None]  # pairs solved on one side alone, and how many of them on the rarer side
    rarer = np.arange(n + 1)
    likely = binom.pmf(total, n, GAP + 2 * less) * binom.pmf(rarer, total, less / (GAP + 2 * less))
    return float(likely[comparisons.mcnemar(rarer, np.maximum(total - rarer, 0)) < LEVEL].sum())


def of_factor(ratio: Interval) -> float:
    """Return the power against twice or half, of a ratio with its interval; 0 if it has no bounds."""
    if not 0 < ratio.lower <= ratio.upper < math.inf:
        return 0.0
    error = (math.log(ratio.upper) - math.log(ratio.lower)) / (2 * Z)
    return float(ndtr(math.log(FACTOR) / error - Z)) if error else 1.0


def _rates(rate: float) -> list[float]:
    return [p for p in (rate - GAP, rate + GAP) if 0 <= p <= 1]


def _first(counts: range, holds: Callable[[int], bool]) -> int | None:
    """Return the first of some counts for which something holds, that then holds for all after it."""
    low, high = 0, len(counts)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(counts[middle]) else (middle + 1, high)
    return counts[low] if low < len(counts) else None
