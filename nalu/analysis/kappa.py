r"""Outcomes of the same runs on two sides, counted -> Cohen's kappa with its confidence interval.

A run is solved or not on each side. If the two sides had only their success rates $p$ and $q$
in common, a share $p_e$ of the pairs would agree. Kappa measures the agreement beyond that,

$$
\kappa = \frac{p_o - p_e}{1 - p_e}, \qquad p_e = p q + (1 - p)(1 - q),
$$

where $p_o$ is the share of pairs that agree. It is 1 if every run has the same outcome again, about
0 if the two sides share only their rates, and not defined if all outcomes are the same.

The interval is that of the profile likelihood, as for the means of `nalu.analysis.statistics`. With
$m$ the mean of the two rates and $h$ half their difference, the four kinds of pairs have
the probabilities

$$
\begin{array}{ll}
\text{solved on both sides: } m - \delta/2, & \text{on the first alone: } \delta/2 + h, \\
\text{on neither: } 1 - m - \delta/2, & \text{on the second alone: } \delta/2 - h,
\end{array} \qquad \delta = (1 - \kappa)\,\big(2 m (1 - m) + 2 h^2\big),
$$

and the likelihood of a $\kappa$ is the largest one over all $m$ and $h$. There is no normal
approximation of the estimate, so there is also an interval if one pair in a hundred disagrees, or
none of five. Over all outcomes of six pairs for which $\kappa$ is defined, weighted
by their probability, the 95 % interval covers the true value in 87 % to nearly 100 % of the cases, least
often if it is near 0.35 (``tests/test_kappa.py``).

Several *cells*, such as models, have different rates. Then $p_e$ is the mean over all pairs of the cells' values,
and the interval is that of one $\kappa$ for all cells. The estimate and the interval fit together if
the cells have the same $\kappa$ and many pairs each. The estimate weights cells differently from the
likelihood, so it may lie outside the interval if the cells differ much. And with 20 cells of three pairs
each, whose 40 rates use up much of the likelihood, the coverage falls from 95 % to about 75 %.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, xlogy

from nalu.analysis.statistics import Interval

GRID = np.linspace(-0.5, 0.5, 21)
ZOOMS, ZOOM = 12, 0.3


def cohen(cells: Sequence[Sequence[int]], level: float = 0.95) -> Interval:
    """Return kappa with its profile likelihood interval; NaN where all of each cell have one outcome.

    Parameters
    ----------
    cells
        Numbers of pairs ``[C, 4]``: solved on both sides, on the first alone, on the second
        alone, on neither.
    level
        Coverage, between 0 and 1.

    Raises
    ------
    ValueError
        If a number is negative, or ``level`` is not between 0 and 1.
    """
    counts = np.asarray(cells, dtype=float).reshape(-1, 4)
    if (counts < 0).any():
        raise ValueError(f"numbers of pairs must not be negative, got {counts.min():g}")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    estimate = _estimate(counts)
    if math.isnan(estimate):
        return Interval()
    best = estimate  # of one cell; of several about
    if len(counts) > 1:
        found = minimize_scalar(lambda k: -log_likelihood(k, counts), bounds=(-1, 1), options={"xatol": 1e-6})
        best = max(found.x, estimate, key=lambda k: log_likelihood(k, counts))
    target = log_likelihood(best, counts) - chdtri(1, 1 - level) / 2
    return Interval(estimate, *(_bound(counts, best, end, target) for end in (-1.0, 1.0)))


def log_likelihood(kappa: float, cells: Sequence[Sequence[int]]) -> float:
    """Return the largest log-likelihood of some counts that one kappa of all cells allows."""
    counts = np.asarray(cells, dtype=float).reshape(-1, 4, 1, 1)
    middle_m, middle_h = np.full(len(counts), 0.5), np.zeros(len(counts))
    width = 1.0
    for _ in range(ZOOMS):
        m = (middle_m[:, None] + width * GRID).clip(0, 1)[:, :, None]
        h = (middle_h[:, None] + width * GRID)[:, None, :]
        value = xlogy(counts, _probabilities(kappa, m, h)).sum(1)  # [C, 4, m, h] -> [C, m, h]
        best = value.reshape(len(counts), -1).argmax(1)
        row, column = np.unravel_index(best, value.shape[1:])
        each = np.arange(len(counts))
        middle_m, middle_h = m[each, row, 0], h[each, 0, column]
        width *= ZOOM
    return float(value.max((1, 2)).sum())


def _estimate(counts: np.ndarray) -> float:
    n = counts.sum(1)
    counts, n = counts[n > 0], n[n > 0]
    if not len(n):
        return math.nan
    both, first, second, neither = counts.T / n
    p, q = both + first, both + second
    chance = np.average(p * q + (1 - p) * (1 - q), weights=n)
    same = np.average(both + neither, weights=n)
    return math.nan if chance == 1 else float((same - chance) / (1 - chance))


def _probabilities(kappa: float, m: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return the four probabilities ``[C, 4, m, h]``; all 0 where one would be negative."""
    apart = (1 - kappa) * (2 * m * (1 - m) + 2 * h**2)
    p = np.stack(np.broadcast_arrays(m - apart / 2, apart / 2 + h, apart / 2 - h, 1 - m - apart / 2), 1)
    p = np.where(np.abs(p) < 1e-15, 0, p)
    return np.where((p < 0).any(1, keepdims=True), 0, p)


def _bound(counts: np.ndarray, best: float, end: float, target: float) -> float:
    """Return where the likelihood has fallen to a target between its maximum and an end."""
    def above(k: float) -> float:
        return max(log_likelihood(k, counts), -1e9) - target

    if best == end or above(end) >= 0:
        return end
    return brentq(above, best, end, xtol=1e-6)
