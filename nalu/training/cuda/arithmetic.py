"""Scalar functions of the kernels, in the precision of their argument."""

from __future__ import annotations

import math

import numpy as np

from nalu.training.cuda.target import SIMULATED, device


@device
def sign(x, one):
    """-1, 0 or 1; `one` is 1 in the precision of the computation."""
    return one if x > 0 else (-one if x < 0 else one - one)


@device
def slope_of_smaller(near, far, up, down, one):
    """Slope of min(near, far) from theirs, their mean where they tie, as PyTorch has it."""
    tie = (up + down) / (one + one)
    return up if near < far else (down if far < near else tie)


if SIMULATED:
    exp, log, tanh, sqrt = np.exp, np.log, np.tanh, np.sqrt
else:

    @device
    def exp(x):
        """$e^x$."""
        return math.exp(x)

    @device
    def log(x):
        r"""$\\ln x$."""
        return math.log(x)

    @device
    def tanh(x):
        r"""$\\tanh x$."""
        return math.tanh(x)

    @device
    def sqrt(x):
        r"""$\\sqrt x$, correctly rounded."""
        return math.sqrt(x)


@device
def sigmoid(x, one):
    r"""$\sigma(x) = 1/(1 + e^{-x})$; `one` is 1 in the precision of the computation."""
    return one / (one + exp(-x))


@device
def clamp(x, low, high):
    """`x` between its bounds; NaN stays NaN, which `min` and `max` of a GPU would lose."""
    return low if x < low else (high if x > high else x)
