r"""The published fit of the sparsity errors, and the maximum that it looks for.

``compute.beta.stat`` in ``export/_compute_summary.r`` of stable-nalu fits a beta distribution. A
sparsity error $x$ lies in $[0, \tfrac12]$, so that $2x$ may be beta distributed, with the mean $2\mu$:

$$
\alpha = 2\mu v, \qquad \beta = (1 - 2\mu) v.
$$

These are the parameters of the density of $2x$, but it is evaluated at $x$. As the beta
distribution with these parameters has the mean $2\mu$, the fit makes $2\mu$, and not $\mu$, about the mean of $x$.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import betaln

from nalu.analysis.statistics import MARGIN, Interval, sparsity_error_mean
from nalu.paper.audit import optimiser

LOWER, UPPER = (0.0, 1e-5), (0.5, np.inf)
"""Bounds of $\\mu$ and $v$."""

LARGEST = 1e6
"""What the log-density of one value is cut to, on both sides."""


class Fit(NamedTuple):
    """The mean with which the published search begins and ends."""

    start: float
    end: float

    @property
    def moved(self) -> bool:
        """Whether the search has left its start: if not, what is published is the sample mean."""
        return abs(self.end / self.start - 1) > 1e-6


def clipped(errors: Sequence[float]) -> np.ndarray:
    """Return sparsity errors as the fit sees them, inside of (0, ½)."""
    return np.clip(np.asarray(errors, float), MARGIN, 0.5 - MARGIN)


def log_likelihood(errors: Sequence[float], mean: float, v: float) -> float:
    """Return the log-likelihood that the published fit maximises."""
    x, alpha, beta = clipped(errors), 2 * mean * v, (1 - 2 * mean) * v
    if alpha == 0 or beta == 0:  # R: all mass is at one end, where no value lies
        return -LARGEST * len(x)
    density = (alpha - 1) * np.log(x) + (beta - 1) * np.log1p(-x) - betaln(alpha, beta)
    return float(np.clip(density, -LARGEST, LARGEST).sum())


def published_fit(errors: Sequence[float]) -> Fit:
    """Return the published fit, up to the point where its confidence interval is asked for.

    R then profiles the mean, and begins anew whenever it meets a better point on the way.
    """
    x = clipped(errors)
    mean = float(x.mean())
    start = mean, mean * (0.5 - mean) / x.var(ddof=1) - 1
    found = optimiser.minimise(lambda p: -log_likelihood(x, *p), start, LOWER, UPPER)
    return Fit(mean, float(found.x[0]))


def maximum(errors: Sequence[float]) -> Interval:
    r"""Return the maximum of the published likelihood with its profile likelihood interval.

    The density of twice a value, evaluated at $x$, is the right one for the value $x/2$: this is
    what correct statistics give for *half* of each error.
    """
    return sparsity_error_mean(clipped(errors) / 2)
