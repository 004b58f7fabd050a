r"""Initial weights, drawn as the authors draw them.

Every function fills its tensor from float32 numbers generated on the CPU, so that a
seed gives the same initial weights on every device and in every precision.

$I$ is the number of inputs of a unit, $O$ the number of outputs, $r$ the half-width of a
uniform distribution $U[-r, r]$, whose variance is $r^2/3$.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Generator, Tensor


def uniform_(W: Tensor, low: float, high: float, generator: Generator | None = None) -> Tensor:
    """Fill `W` with numbers from U[low, high]."""
    draw = torch.empty(W.shape).uniform_(low, high, generator=generator)
    with torch.no_grad():
        return W.copy_(draw)


def normal_(W: Tensor, std: float, generator: Generator | None = None, mean: float = 0.0) -> Tensor:
    """Fill `W` with numbers from a normal distribution."""
    draw = torch.empty(W.shape).normal_(mean, std, generator=generator)
    with torch.no_grad():
        return W.copy_(draw)


def orthogonal_(W: Tensor, shape: tuple[int, int], generator: Generator | None = None) -> Tensor:
    """Fill `W`, `[columns, rows]` or `[rows]`, with an orthogonal matrix of that many rows and columns, drawn from normal numbers."""
    draw = torch.nn.init.orthogonal_(torch.empty(shape), generator=generator)
    with torch.no_grad():
        return W.copy_(draw.T.reshape(W.shape))


def undrawn() -> Generator:
    """A generator for the parts of a unit that the unit itself draws again.

    The parts then leave the global generator alone, so that its numbers go to the same
    weights as in the authors' code, where parts are created without being drawn.
    """
    return Generator()


def glorot_std(I: int, O: int) -> float:
    r"""$\sqrt{2/(I+O)}$, the standard deviation of Glorot and Bengio (2010)."""
    return math.sqrt(2.0 / (I + O))


def glorot_bound(I: int, O: int) -> float:
    r"""$\sqrt{3}\sqrt{2/(I+O)} = \sqrt{6/(I+O)}$: the uniform law of that deviation.

    Derived in theory/initialisation (eq-init-glorot).
    """
    return math.sqrt(3.0) * glorot_std(I, O)


def nac_weight_variance(r: float) -> float:
    r"""Variance of $W = \tanh(\hat W)\,\sigma(\hat M)$ for $\hat W, \hat M \sim U[-r, r]$.

    $$\mathrm{Var}[W] = \frac{1}{2r}\left(1 - \frac{\tanh r}{r}\right)
      \left(r - \tanh\frac{r}{2}\right)$$

    Neural Arithmetic Units, appendix B.3.1. The limit for $r \to \infty$ is 1/2.

    Derived in theory/moments (eq-moments-nac-variance).
    """
    if r == 0.0:
        return 0.0
    return (1.0 - math.tanh(r) / r) * (r - math.tanh(r / 2.0)) / (2.0 * r)


@cache
def nac_bound(I: int, O: int) -> float:
    r"""$r$ that solves $\mathrm{Var}[W] = 2/(I+O)$ for the NAC weight.

    No $r$ gives a variance above 1/2, so that a fan $I + O$ below 5 is taken for 5, as in
    the authors' code. The solution is then $r = 9.47$, where both tanh and the sigmoid
    are saturated; the papers do not mention it.

    Derived in theory/initialisation (eq-init-nac).
    """
    fan = max(I + O, 5)
    return _bisect(lambda r: fan * nac_weight_variance(r) - 2.0, 0.0, 10.0)


def _bisect(f: Callable[[float], float], low: float, high: float) -> float:
    """The root of an increasing function: the same number, to the last bit, as ``scipy.optimize.bisect``."""
    width = high - low
    while True:
        width /= 2.0
        middle = low + width
        value = f(middle)
        if value < 0.0:
            low = middle
        if value == 0.0 or width < 2e-12 + 8.881784197001252e-16 * middle:
            return middle
