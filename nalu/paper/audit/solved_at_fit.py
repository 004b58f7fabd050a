r"""The published fit of the steps at which runs are solved, and why it is off.

``compute.gamma.stat`` in ``export/_compute_summary.r`` of stable-nalu fits a gamma distribution
in the coordinates mean $\mu$ and variance $v$,

$$
\ell(\mu, v) = \sum_i \log \Gamma\text{-density}\Big(x_i;\ \text{shape } \frac{\mu^2}{v},\ \text{rate } \frac{\mu}{v}\Big),
$$

from the sample mean and the sample variance on. With $\phi = \mu^2 / v$, in the coordinates $\mu$ and $\phi$,
$\partial \ell / \partial \mu = \phi \sum_i (x_i - \mu) / \mu^2$ vanishes at the sample mean for *every* $\phi$: that is the maximum likelihood estimate,
and the fit begins at it. But it begins with a $v$ that is not the best, and at a fixed $v$ the
likelihood is largest at another mean.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, gammaln

from nalu.analysis.statistics import Interval
from nalu.paper.audit import optimiser

LOWER, UPPER = (0.0, 1e-5), (np.inf, np.inf)
"""Bounds of the mean (updates) and the variance (updates²)."""


class Fit(NamedTuple):
    """Mean and variance where the published search begins and where it ends."""

    start: tuple[float, float]
    end: tuple[float, float]
    iterations: int


def log_likelihood(steps: Sequence[float], mean: float, variance: float) -> float:
    """Return the log-likelihood of gamma distributed steps, of a mean and a variance."""
    x = np.asarray(steps, float)
    if mean <= 0:
        return -np.inf
    shape, rate = mean**2 / variance, mean / variance
    return float(len(x) * (shape * np.log(rate) - gammaln(shape)) + ((shape - 1) * np.log(x) - rate * x).sum())


def start(steps: Sequence[float]) -> tuple[float, float]:
    """Return where the fit begins: sample mean and sample variance."""
    x = np.asarray(steps, float)
    return float(x.mean()), float(x.var(ddof=1))


def published_fit(steps: Sequence[float]) -> Fit:
    """Return the published fit, up to the point where its confidence interval is asked for.

    R then profiles the mean, and begins anew whenever it meets a better point on the way;
    where this ends depends on the last digits, and it is not repeated here.
    """
    begin = start(steps)
    found = optimiser.minimise(lambda p: -log_likelihood(steps, *p), begin, LOWER, UPPER)
    return Fit(begin, (float(found.x[0]), float(found.x[1])), found.iterations)


def mean_at_variance(steps: Sequence[float], variance: float) -> Interval:
    """Return the mean of largest likelihood if the variance is held, with its 95 % likelihood interval."""
    def fall(t: float) -> float:
        return -2 * log_likelihood(steps, np.exp(t), variance)

    centre = np.log(np.mean(steps))
    best = float(minimize_scalar(fall, bounds=(centre - 3, centre + 3), method="bounded", options={"xatol": 1e-9}).x)
    target = fall(best) + chdtri(1, 0.05)
    bounds = (brentq(lambda t: fall(t) - target, best, best + step) for step in (-4, 4))
    return Interval(*(float(np.exp(t)) for t in (best, *bounds)))


def profile(steps: Sequence[float], mean: float) -> float:
    """Return the largest log-likelihood that a mean leaves, over all variances."""
    at = np.log(start(steps)[1])
    found = minimize_scalar(lambda t: -log_likelihood(steps, mean, np.exp(t)),
                            bracket=(at - 1, at + 1), options={"xtol": 1e-10})
    return -float(found.fun)
