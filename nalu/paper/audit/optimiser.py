r"""R's ``optim(method = "L-BFGS-B")``, as the published fits call it through ``bbmle::mle2``.

The gradient is a quotient of differences over a step of $10^{-3}$ in *every* parameter, whatever its
size, cut at the bounds; the search ends when the value falls by less than $10^7$ times the
machine's precision, relatively, or when no step along the search direction lowers it. The
routine is SciPy's, a later version of R's: on a well-scaled problem both find the minimum,
where a search gives up on a badly scaled one is a matter of the last digits.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

STEP = 1e-3
"""Step of the differences: ``ndeps`` of R's ``optim``."""

REDUCTION = 1e7 * np.finfo(float).eps
"""Relative reduction of the value below which the search ends: ``factr`` of R's ``optim``."""


class Found(NamedTuple):
    """Where the search ended, the value there, and how many iterations it took."""

    x: np.ndarray
    value: float
    iterations: int


def minimise(f: Callable[[np.ndarray], float], start: Sequence[float], lower: Sequence[float],
             upper: Sequence[float]) -> Found:
    """Return where the search for a minimum ends."""
    found = minimize(
        f, np.asarray(start, float), jac=lambda p: gradient(f, p, lower, upper), method="L-BFGS-B",
        bounds=list(zip(lower, upper, strict=True)),
        options={"maxcor": 5, "ftol": REDUCTION, "gtol": 0, "maxiter": 100})
    return Found(found.x, float(found.fun), int(found.nit))


def gradient(f: Callable[[np.ndarray], float], p: np.ndarray, lower: Sequence[float],
             upper: Sequence[float]) -> np.ndarray:
    """Return the quotients of differences that the search takes for the gradient."""
    slopes = []
    for i in range(len(p)):
        up, down = p.copy(), p.copy()
        up[i], down[i] = min(p[i] + STEP, upper[i]), max(p[i] - STEP, lower[i])
        slopes.append((f(up) - f(down)) / (up[i] - down[i]))
    return np.array(slopes)
