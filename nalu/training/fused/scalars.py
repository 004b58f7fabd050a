r"""Scalar functions of the fused loop, in float32 and float64.

The float32 exponential and logarithm are polynomials after range reduction (Cephes, S.
Moshier), without branches and without library calls, so that a loop over samples runs in
vector registers and gives the same numbers on every machine. They are within 2 units in
the last place of the true value; overflow gives infinity, and NaN stays NaN.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, types
from numba.extending import overload, register_jitable

FAST = {"reassoc", "contract", "nsz"}
"""What the compiler may do with sums. Not "nnan" or "ninf": NaN must be seen."""

f32, i32 = np.float32, np.int32

_LOG2E = f32(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = f32(0.693359375), f32(-2.12194440e-4)
_ROUND = f32(12582912.0)  # 1.5 * 2**23: adding it leaves the nearest integer in the low bits
_ROUND_BITS = int(_ROUND.view(np.int32))
_HALF_ROOT = f32(0.707106781186547524)
_ONE_BITS, _MANTISSA, _EXPONENT_HALF = 0x3F800000, 0x007FFFFF, 0x3F000000


@njit(fastmath=False, error_model="numpy")
def exp_float32(x):
    r"""$e^x = 2^n e^r$ with $|r| \le \tfrac12 \ln 2$."""
    x = f32(104.0) if x > f32(104.0) else x
    x = f32(-104.0) if x < f32(-104.0) else x
    shifted = f32(x * _LOG2E) + _ROUND
    n = i32(f32(shifted).view(np.int32) - i32(_ROUND_BITS))
    nf = shifted - _ROUND
    r = f32(x - nf * _LN2_HIGH) - nf * _LN2_LOW
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    p = p * r * r + r + f32(1.0)
    # two factors, since 2**n alone leaves the range of float32 before the product does
    half = i32(n >> 1)
    low = i32((half + i32(127)) << 23).view(np.float32)
    high = i32((n - half + i32(127)) << 23).view(np.float32)
    return p * low * high


@njit(fastmath=False, error_model="numpy")
def log_float32(x):
    r"""$\ln x = e \ln 2 + \ln m$ with $\sqrt{1/2} \le m < \sqrt 2$, for $x$ above 1e-37."""
    bits = f32(x).view(np.int32)
    exponent = f32(i32((bits >> 23) - 126))
    m = i32((bits & i32(_MANTISSA)) | i32(_EXPONENT_HALF)).view(np.float32)
    small = m < _HALF_ROOT
    exponent = exponent - f32(1.0) if small else exponent
    m = (m + m if small else m) - f32(1.0)
    z = m * m
    p = f32(7.0376836292e-2)
    p = p * m + f32(-1.1514610310e-1)
    p = p * m + f32(1.1676998740e-1)
    p = p * m + f32(-1.2420140846e-1)
    p = p * m + f32(1.4249322787e-1)
    p = p * m + f32(-1.6668057665e-1)
    p = p * m + f32(2.0000714765e-1)
    p = p * m + f32(-2.4999993993e-1)
    p = p * m + f32(3.3333331174e-1)
    y = p * m * z + exponent * _LN2_LOW - f32(0.5) * z
    y = m + y + exponent * _LN2_HIGH
    return y if x < f32(np.inf) else x


@njit(fastmath=False, error_model="numpy")
def tanh_float32(x):
    r"""$1 - 2/(e^{2x} + 1)$, and an odd polynomial where that would cancel."""
    z = x * x
    p = f32(-5.70498872745e-3)
    p = p * z + f32(2.06390887954e-2)
    p = p * z + f32(-5.37397155531e-2)
    p = p * z + f32(1.33314422036e-1)
    p = p * z + f32(-3.33332819422e-1)
    near = p * z * x + x
    far = f32(1.0) - f32(2.0) / (exp_float32(x + x) + f32(1.0))
    return near if abs(x) < f32(0.625) else far


def exp(x):
    """$e^x$."""
    raise NotImplementedError("only for compiled code")


def log(x):
    r"""$\\ln x$."""
    raise NotImplementedError("only for compiled code")


def tanh(x):
    r"""$\\tanh x$."""
    raise NotImplementedError("only for compiled code")


@overload(exp)
def _exp(x):
    return (lambda x: exp_float32(x)) if x == types.float32 else (lambda x: math.exp(x))


@overload(log)
def _log(x):
    return (lambda x: log_float32(x)) if x == types.float32 else (lambda x: math.log(x))


@overload(tanh)
def _tanh(x):
    return (lambda x: tanh_float32(x)) if x == types.float32 else (lambda x: math.tanh(x))


@register_jitable
def sigmoid(x, one):
    r"""$\sigma(x) = 1/(1 + e^{-x})$; `one` is 1 in the type of the computation."""
    return one / (one + exp(-x))


@register_jitable
def sign(x, one):
    """-1, 0 or 1; `one` is 1 in the type of the computation."""
    return one if x > 0 else (-one if x < 0 else one - one)


@register_jitable
def slope_of_smaller(near, far, up, down, one):
    """Slope of min(near, far) from theirs, their mean where they tie, as PyTorch has it."""
    tie = (up + down) / (one + one)
    return up if near < far else (down if far < near else tie)
