r"""How far apart two sides are, with a 95 % interval. This decides whether a number is reproduced.

*Two independent rates.* The hybrid score interval of R. G. Newcombe (Statistics in Medicine 17, 1998, 873-890, method 10):
With $l_i, u_i$ the ends of Wilson's interval of $p_i$, it is

$$
p_1 - p_2 - \sqrt{(p_1 - l_1)^2 + (u_2 - p_2)^2}, \qquad p_1 - p_2 + \sqrt{(u_1 - p_1)^2 + (p_2 - l_2)^2}.
$$

It needs no normal approximation at rates of 0 and 1. Over all outcomes of 25 to 100 runs it covers the
difference in at least 93 % of the cases, and in 95 % on average.

*Two rates of the same seeds.* The score interval of T. Tango (Statistics in Medicine 17, 1998, 891-908). With $b$
and $c$ pairs of $n$ that are solved only on the first or only on the second side, it contains all $\Delta$ with

$$
\frac{(b - c - n\Delta)^2}{n\,(2q + \Delta(1 - \Delta))} \le z^2,
$$

where $q$ is the most likely probability of $c$ among those that allow $\Delta$. The interval has a positive width even if no pair is discordant.

*Two medians or means.* The interval contains all factors $f$ for which the test of `nalu.analysis.comparisons`, applied to our values divided by $f$,
does not reject. If one side is distributed like a multiple of the other, this interval covers the factor as often as the test is right about equal
distributions.

``tests/test_differences.py`` checks how often each interval covers the truth, over all outcomes or simulated.
"""

import math
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import ndtri

from nalu.analysis.statistics import Interval, wilson

Z = float(ndtri(0.975))
FARTHEST = 1e4
"""Factors beyond this and its inverse are not looked for: the bound is then infinite, or 0."""

STEP = 0.05
"""How far apart, in logarithms, factors are looked at before the bound between two of them is found."""


def of_rates(k: int, n: int, l: int, m: int) -> Interval:
    """Return k/n - l/m with Newcombe's interval; NaN without runs on one side."""
    if not (n and m):
        return Interval()
    (p, low, high), (q, other_low, other_high) = wilson(k, n), wilson(l, m)
    return Interval(p - q, p - q - math.hypot(p - low, other_high - q), p - q + math.hypot(high - p, q - other_low))


def of_pairs(first: int, second: int, n: int) -> Interval:
    """Return the difference of two rates of n pairs with Tango's interval; NaN without pairs.

    ``first`` pairs are solved on the first side alone, ``second`` on the other side alone.
    """
    if not n:
        return Interval()
    found = (first - second) / n

    def outside(delta: float) -> float:
        linear = -first - second + (2 * n - first + second) * delta
        root = math.sqrt(max(linear**2 + 8 * n * second * delta * (1 - delta), 0))
        q = (root - linear) / (4 * n)
        return (first - second - n * delta) ** 2 - Z**2 * n * (2 * q + delta * (1 - delta))

    def bound(end: float) -> float:
        return end if found == end else brentq(outside, found + 1e-9 * end, end)

    return Interval(found, bound(-1.0), bound(1.0))


def of_factors(p_value: Callable[[float], float], estimate: float, level: float = 0.05) -> Interval:
    """Return an estimated factor with the range around it that a test does not reject.

    ``p_value`` is the test at a factor; NaN counts as rejected. All NaN if the estimate is no positive number.
    """
    if not 0 < estimate < math.inf:
        return Interval()

    def kept(log_factor: float) -> bool:
        return p_value(math.exp(log_factor)) >= level

    def bound(sign: int) -> float:
        inner = math.log(estimate)
        while kept(inner + sign * STEP):
            inner += sign * STEP
            if abs(inner) > math.log(FARTHEST):
                return math.inf if sign > 0 else 0.0
        outer = inner + sign * STEP
        while abs(outer - inner) > 1e-4:  # a test of ranks jumps: it has no root, but a place where it changes
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if kept(middle) else (inner, middle)
        return math.exp(outer)

    return Interval(estimate, bound(-1), bound(1))
