r"""A plain array of outcomes, one value per run -> an estimate with its confidence interval.

The papers (arXiv 2001.05016, captions and appendix on the criterion) report a Wilson
interval for the success rate and profile likelihood intervals for two means: gamma
distributed steps, beta distributed sparsity errors. Those are the definitions here. The
published numbers depart from the last two, whose fits stopped early or had another support.

With $\hat\ell(\mu) = \max_\phi \ell(\mu, \phi)$ the largest mean log-likelihood that $n$ values leave
to a mean $\mu$, the profile likelihood interval of level $1 - \alpha$ is

$$
\{ \mu : \hat\ell(\mu) \ge \max_m \hat\ell(m) - \chi^2_{1, 1 - \alpha} / 2n \}.
$$

Both families share a form that keeps its digits from shapes below 1 to values that agree
in nine places. With $g(a) = a \log a - a - \log\Gamma(a)$ and $d(r) = r - 1 - \log r \ge 0$,

$$
\ell = C(\phi) - \phi K, \qquad \begin{array}{lll}
\text{gamma:} & C = g(\phi), & K = \overline{d(x / \mu)}, \\
\text{beta:} & C = g(\mu\phi) + g((1 - \mu)\phi) - g(\phi), &
K = \overline{\mu\, d(x / \mu) + (1 - \mu)\, d((1 - x) / (1 - \mu))},
\end{array}
$$

up to a constant, with $\phi$ the shape (gamma) or the precision $\alpha + \beta$ (beta). As
$a g'(a)$ is convex and falls from 1 to 1/2, the best $\phi K$ lies in $[\tfrac12, 1]$; as $\ell$ is concave in
the natural parameters, $\hat\ell$ falls on both sides of its maximum and has one bound on each.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, gammaln, logit, ndtri, stdtrit
from scipy.stats import binomtest

MARGIN = 1e-16
"""How close to the ends of its support the authors' beta fit lets a sparsity error come."""

SAME = 1e-9
"""Relative range up to which values count as equal; so close, either family is a normal."""

FEWEST = 5
"""Values from which on the mean of our own runs is shown with an interval, see `shown`."""


class Interval(NamedTuple):
    """An estimate and its confidence bounds, in the unit of the data; NaN where undefined."""

    estimate: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


def success_rate(solved, level: float = 0.95) -> Interval:
    """Return the fraction of solved runs with its interval, see `wilson`.

    Parameters
    ----------
    solved
        True or false (1 or 0) for each run, ``[n]``.
    level
        Coverage, between 0 and 1; likewise below.

    Raises
    ------
    ValueError
        If a value is neither 0 nor 1, or ``level`` is not between 0 and 1.
    """
    _quantile(level)
    solved = _values(solved, "solved", 0, 1)
    if odd := set(solved.tolist()) - {0, 1}:
        raise ValueError(f"solved must hold true and false only, got {min(odd)}")
    return wilson(int(solved.sum()), solved.size, level)


def wilson(k: int, n: int, level: float = 0.95) -> Interval:
    r"""Return the fraction $p = k / n$ with Wilson's score interval

    $$
    \frac{p + z^2/2n}{1 + z^2/n} \pm \frac{z}{1 + z^2/n} \sqrt{\frac{p (1 - p)}{n} + \frac{z^2}{4n^2}},
    $$

    $z$ being the normal quantile. The lower bound is exactly 0 for $k = 0$, the upper one
    exactly 1 for $k = n$; all are NaN for $n = 0$.
    """
    return Interval(k / n, *map(float, binomtest(k, n).proportion_ci(level, "wilson"))) if n else Interval()


def solved_at_mean(x, level: float = 0.95) -> Interval:
    r"""Return the mean of gamma distributed steps, with its profile likelihood interval.

    The density is $\phi^\phi x^{\phi - 1} e^{-\phi x / \mu} / \mu^\phi \Gamma(\phi)$; whatever the shape
    $\phi$, the likelihood is largest where $\mu$ is the sample mean.

    Falls back to :func:`mean_t` on $[0, \infty)$ where there is no likelihood to profile:
    fewer than two values, equal values, or a step 0, where the density is 0 or infinite.

    Parameters
    ----------
    x
        Step (number of updates) at which each *solved* run was solved, ``[n]``.

    Raises
    ------
    ValueError
        If a value is NaN, infinite or negative, or ``level`` is not between 0 and 1.
    """
    x = _values(x, "a step", 0, math.inf)
    if x.size < 2 or x.min() == 0 or np.ptp(x) <= SAME * x.max():
        return mean_t(x, (0, math.inf), level)
    mean = float(x.mean())
    spread = _d(x / mean).mean()

    def profile(t: float) -> float:
        """Of t = log(mu / mean), as d(x / mu) averages to d(x / mean) + d(mean / mu)."""
        return _maximum(_g, spread + math.expm1(-t) + t)

    lower, upper = _bounds(profile, 0.0, x.size, level)
    with np.errstate(over="ignore"):
        return Interval(mean, float(mean * np.exp(lower)), float(mean * np.exp(upper)))


def sparsity_error_mean(x, level: float = 0.95) -> Interval:
    r"""Return the mean of beta distributed sparsity errors, with its profile likelihood interval.

    A sparsity error $\min(|W|, |1 - |W||)$ lies in $[0, \tfrac12]$, hence $y = 2x$ has the density
    $y^{\alpha - 1} (1 - y)^{\beta - 1} / B(\alpha, \beta)$ with mean $\mu = \alpha / (\alpha + \beta)$. The estimate is
    half the maximum likelihood estimate of $\mu$. It is near the sample mean of values that a
    beta distribution describes, but not of those that pile up at both ends.

    Layers without a clamp reach $|W| > 1.5$ and errors above 1/2. As in the authors'
    analysis these count as 1/2, and the likelihood sees no value nearer than 1e-16 to
    either end.

    Falls back to :func:`mean_t` on $[0, \tfrac12]$ where there is no likelihood to profile:
    fewer than two values or, within that margin, equal values.

    Parameters
    ----------
    x
        Sparsity error of each *solved* run, dimensionless, ``[n]``.

    Raises
    ------
    ValueError
        If a value is NaN, infinite or negative, or ``level`` is not between 0 and 1.
    """
    x = np.minimum(_values(x, "a sparsity error", 0, math.inf), 0.5)
    y = 2 * np.clip(x, MARGIN, 0.5 - MARGIN)
    if x.size < 2 or np.ptp(y) <= SAME * min(y.max(), 1 - y.min()):
        return mean_t(x, (0, 0.5), level)
    origin = logit(y.mean())
    error = y.std() / (y.mean() * (1 - y.mean()) * math.sqrt(y.size))

    def profile(t: float) -> float:
        """Of t = logit(mu) - logit(mean), where small steps keep their digits."""
        m, rest = expit(origin + t), expit(-origin - t)
        spread = (m * _d(y / m) + rest * _d((1 - y) / rest)).mean()
        return _maximum(lambda size: _g(m * size) + _g(rest * size) - _g(size), spread)

    best = minimize_scalar(lambda t: -profile(t), bracket=(-error, error)).x
    lower, upper = _bounds(profile, best, x.size, level)
    return Interval(*(float(expit(origin + t)) / 2 for t in (best, lower, upper)))


def shown(mean: Callable[..., Interval], x) -> Interval:
    """Return the `mean` of values as pages show it: without bounds if there are fewer than `FEWEST` values.

    The law of the likelihood ratio holds for many values. For two gamma distributed ones the
    profile likelihood interval of 95 % holds their mean in about 75 of 100 cases, for three in
    85, for five in 90 (``tests/test_statistics.py``).
    """
    found = mean(x)
    return found if len(x) >= FEWEST else Interval(found.estimate)


def mean_t(x, support: tuple[float, float], level: float = 0.95) -> Interval:
    r"""Return the sample mean with Student's interval $\bar x \pm t_{n-1} s / \sqrt n$, cut to the support.

    One value has no interval: ``(x, nan, nan)``. Equal values have one of width zero, as
    in the published analysis. No values: all NaN.

    Raises
    ------
    ValueError
        If a value is NaN, infinite or outside the support, or ``level`` is not between 0 and 1.
    """
    quantile = _quantile(level)
    x = _values(x, "a value", *support)
    if x.size == 0:
        return Interval()
    mean = float(np.clip(x.mean(), x.min(), x.max()))
    if x.size == 1:
        return Interval(mean)
    error = math.sqrt(((x - mean) ** 2).sum() / (x.size - 1) / x.size)
    half = float(stdtrit(x.size - 1, quantile)) * error
    return Interval(mean, float(max(mean - half, support[0])), float(min(mean + half, support[1])))


def _d(ratio: np.ndarray) -> np.ndarray:
    """Return r - 1 - log r, the distance of a ratio from 1."""
    return ratio - 1 - np.log(ratio)


def _g(a: float) -> float:
    """Return a log a - a - log Gamma(a), by Stirling's series where the terms would cancel."""
    if a > 100:
        return 0.5 * math.log(a / (2 * math.pi)) - 1 / (12 * a) + 1 / (360 * a**3)
    return a * math.log(a) - a - gammaln(a)


def _maximum(constant: Callable[[float], float], spread: float) -> float:
    """Return the maximum over phi of C(phi) - phi K, searched in phi K."""
    found = minimize_scalar(lambda u: u - constant(u / spread), bounds=(0.5, 1), options={"xatol": 1e-8})
    return -found.fun


def _bounds(profile: Callable[[float], float], best: float, n: int, level: float) -> tuple[float, float]:
    """Return where the profile has fallen by chi2 / 2n, to the left and right of its maximum."""
    target = profile(best) - ndtri(_quantile(level)) ** 2 / (2 * n)

    def root(step: float) -> float:
        while profile(best + step) > target:
            step *= 2
        return brentq(lambda t: profile(t) - target, best, best + step, xtol=1e-15)

    return root(-1e-9), root(1e-9)


def _quantile(level: float) -> float:
    """Return the probability below the upper bound of a two-sided interval."""
    if not 0.5 < (1 + level) / 2 < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    return (1 + level) / 2


def _values(x, what: str, low: float, high: float) -> np.ndarray:
    """Return a flat float64 array of finite values inside the support."""
    x = np.asarray(x, dtype=np.float64).ravel()
    bad = ~(np.isfinite(x) & (low <= x) & (x <= high))
    if bad.any():
        raise ValueError(f"{what} must be a finite number from {low:g} to {high:g}, got {x[bad][0]:g}; "
                         "leave out runs that have none")
    return x
