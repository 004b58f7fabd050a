r"""The arithmetic of the engine: what is rounded, in which order. A run is the same bytes wherever this is kept.

Everything is in the precision of the plan, float32 or float64, and rounded to nearest; numbers below
the normal range are kept. No operation is left to a library, and none may be fused, reordered or approximated
but as follows.

*Products.* $z_{ob} = \sum_i W_{oi} x_{ib}$ is a chain of fused multiply-adds in the order of $i$, from
0 on; $dW_{oi} = \sum_b dz_{ob} x_{ib}$ one in the order of the samples $b$. So are, in the order of
the hidden units, the sums of a second layer. A bias is added afterwards.

*Sums over a batch* of anything else (errors, gates, gradients of second layers, of biases, and of an NMU's
factors) are 32 partial sums: the p-th is a chain of fused multiply-adds over the samples $p, p + 32, \dots$; then
the p-th takes the (p + 16)-th, then the (p + 8)-th, and so on, as the threads of a warp do.

*Factors* of an NMU are $(W x + 1) - W$, rounded three times, multiplied in the order of $i$; the product of
those after $i$ begins with the gradient and goes from the last to the first.

*Mean squared errors* are such a sum divided by the size of the batch, and over an evaluation set the float64 sum of
those of 128 samples each, divided by all. *Sums of subsets* are float64, in the order of the inputs; the target is rounded
to float32 after the operation. *The regulariser's* gradient is added by a fused multiply-add to that of the error.

*A step of Adam* is $m \leftarrow \mathrm{fma}(1 - \beta_1, g - m, m)$, $v \leftarrow \mathrm{fma}((1 - \beta_2) g, g, \beta_2 v)$,
$p \leftarrow p - (r m) / \mathrm{fma}(\sqrt v, s, \epsilon)$, where $r = \eta/(1 - \beta_1^{t + 1})$ and $s = 1/\sqrt{1 - \beta_2^{t + 1}}$ are
taken in float64, powers by squaring, and rounded once. One of descent is $m \leftarrow \mathrm{fma}(m, \mu, g)$, $p \leftarrow p - \eta m$.

*Functions* are the ones below; division and square root are IEEE's. All else is rounded operation by operation, as
`nalu.training.fused.bodies` and `nalu.training.fused.weights` have it.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from nalu.training.fused.vectors import VECTORS, absolute, bits, fma, inline, number, spread, to_real, where, with_sign

_HIGH32, _LOW32 = 0.693147182464599609375, -1.904654299957768e-09
_HIGH64, _LOW64 = 0.693147180369123816490, 1.90821492927058770002e-10
_LOG2E = 1.44269504088896341
_ROUND32, _ROUND64 = 12582912.0, 6755399441055744.0  # adding 1.5 2^(p-1) leaves the nearest integer
_ROOT_HALF = 0.707106781186547524


def exp(x):
    r"""$e^x = 2^n e^r$ with $|r| \le \tfrac12 \ln 2$."""
    raise NotImplementedError("only for compiled code")


@inline
def _exp32(x):
    x = where(x > 104.0, spread(104.0, x), x)
    x = where(x < -104.0, spread(-104.0, x), x)
    shifted = fma(x, _LOG2E, _ROUND32)
    n = shifted - _ROUND32
    r = fma(n, -_LOW32, fma(n, -_HIGH32, x))
    p = fma(1.9875691500e-4, r, 1.3981999507e-3)
    p = fma(p, r, 8.3334519073e-3)
    p = fma(p, r, 4.1665795894e-2)
    p = fma(p, r, 1.6666665459e-1)
    p = fma(p, r, 5.0000001201e-1)
    p = fma(p, r * r, r) + 1.0
    # two factors, since 2^n alone leaves the range of float32 before the product does
    whole = bits(shifted) - 0x4B400000 + 2 * 127
    half = whole >> 1
    return p * number(half << 23) * number((whole - half) << 23)


@inline
def _exp64(x):
    x = where(x > 746.0, spread(746.0, x), x)
    x = where(x < -746.0, spread(-746.0, x), x)
    shifted = fma(x, _LOG2E, _ROUND64)
    n = shifted - _ROUND64
    r = fma(n, -_LOW64, fma(n, -_HIGH64, x))
    p = fma(1.6059043836821613e-10, r, 2.08767569878681e-09)
    p = fma(p, r, 2.505210838544172e-08)
    p = fma(p, r, 2.755731922398589e-07)
    p = fma(p, r, 2.7557319223985893e-06)
    p = fma(p, r, 2.48015873015873e-05)
    p = fma(p, r, 0.0001984126984126984)
    p = fma(p, r, 0.001388888888888889)
    p = fma(p, r, 0.008333333333333333)
    p = fma(p, r, 0.041666666666666664)
    p = fma(p, r, 0.16666666666666666)
    p = fma(p, r, 0.5)
    p = fma(p, r * r, r) + 1.0
    whole = bits(shifted) - 0x4338000000000000 + 2 * 1023
    half = whole >> 1
    return p * number(half << 52) * number((whole - half) << 52)


def log(x):
    r"""$\ln x = n \ln 2 + \ln m$ with $\sqrt{1/2} \le m < \sqrt 2$, for positive normal numbers."""
    raise NotImplementedError("only for compiled code")


@inline
def _log32(x):
    whole = bits(x)
    n = to_real((whole >> 23) - 126)
    m = number((whole & 0x007FFFFF) | 0x3F000000)
    small = m < _ROOT_HALF
    n = where(small, n - 1.0, n)
    m = where(small, m + m, m) - 1.0
    z = m * m
    p = fma(7.0376836292e-2, m, -1.1514610310e-1)
    p = fma(p, m, 1.1676998740e-1)
    p = fma(p, m, -1.2420140846e-1)
    p = fma(p, m, 1.4249322787e-1)
    p = fma(p, m, -1.6668057665e-1)
    p = fma(p, m, 2.0000714765e-1)
    p = fma(p, m, -2.4999993993e-1)
    p = fma(p, m, 3.3333331174e-1)
    y = fma(z, -0.5, fma(n, _LOW32, p * m * z))
    y = fma(n, _HIGH32, m + y)
    return where(x < np.inf, y, x)


@inline
def _log64(x):
    whole = bits(x)
    n = to_real((whole >> 52) - 1022)
    m = number((whole & 0x000FFFFFFFFFFFFF) | 0x3FE0000000000000)
    small = m < _ROOT_HALF
    n = where(small, n - 1.0, n)
    m = where(small, m + m, m) - 1.0
    s = m / (m + 2.0)
    z = s * s
    p = fma(1.479819860511658591e-01, z, 1.531383769920937332e-01)
    p = fma(p, z, 1.818357216161805012e-01)
    p = fma(p, z, 2.222219843214978396e-01)
    p = fma(p, z, 2.857142874366239149e-01)
    p = fma(p, z, 3.999999999940941908e-01)
    p = fma(p, z, 6.666666666666735130e-01) * z
    square = m * m * 0.5
    y = fma(n, _HIGH64, m - (square - fma(s, square + p, n * _LOW64)))
    return where(x < np.inf, y, x)


def tanh(x):
    r"""$1 - 2/(e^{2|x|} + 1)$ with the sign of x, and an odd polynomial where that would cancel."""
    raise NotImplementedError("only for compiled code")


@inline
def _far(a):
    return 1.0 - 2.0 / (exp(a + a) + 1.0)


@inline
def _tanh32(x):
    a = absolute(x)
    z = x * x
    p = fma(-5.70498872745e-3, z, 2.06390887954e-2)
    p = fma(p, z, -5.37397155531e-2)
    p = fma(p, z, 1.33314422036e-1)
    p = fma(p, z, -3.33332819422e-1)
    return with_sign(where(a < 0.625, fma(p * z, a, a), _far(a)), x)


@inline
def _tanh64(x):
    a = absolute(x)
    z = x * x
    p = fma(fma(-9.64399179425052238628e-1, z, -9.92877231001918586564e1), z, -1.61468768441708447952e3)
    q = z + 1.12811678491632931402e2
    q = fma(fma(q, z, 2.23548839060100448583e3), z, 4.84406305325125486048e3)
    return with_sign(where(a < 0.625, fma(a * z, p / q, a), _far(a)), x)


def _by_precision(function, single, double) -> None:
    @overload(function, jit_options={"forceinline": True, "error_model": "numpy"})
    def _choose(x):
        return (lambda x: single(x)) if x is VECTORS[types.float32] else (lambda x: double(x))


BY_PRECISION = {exp: (_exp32, _exp64), log: (_log32, _log64), tanh: (_tanh32, _tanh64)}
"""Functions whose float32 and float64 are computed by different polynomials."""

for _function, _pair in BY_PRECISION.items():
    _by_precision(_function, *_pair)


@inline
def sigmoid(x):
    r"""$\sigma(x) = 1/(1 + e^{-x})$."""
    return 1.0 / (exp(-x) + 1.0)


@inline
def clamp(x, low, high):
    """`x` between its bounds; NaN stays NaN."""
    x = where(x < low, spread(low, x), x)
    return where(x > high, spread(high, x), x)


@inline
def sign(x):
    """-1, 0 or 1."""
    one = spread(1.0, x)
    return where(x > 0.0, one, where(x < 0.0, -one, x - x))


@inline
def slope_of_smaller(near, far, up, down):
    """Slope of min(near, far) from theirs, their mean where they tie, as PyTorch has it."""
    return where(near < far, up, where(far < near, down, (up + down) * 0.5))
