"""Linear maps over a batch, and the compiler options of every kernel.

Arrays are laid out `[feature, sample]`, so that the inner loop of everything runs over
samples and fills vector registers. A weight matrix is flat: W[o, i] is ``W[o * I + i]``.
"""

from __future__ import annotations

from numba import njit

from nalu.training.fused.scalars import FAST

kernel = njit(fastmath=FAST, error_model="numpy", nogil=True, no_cfunc_wrapper=True)
"""Compile a function for the fused loop."""

exact = njit(fastmath=False, error_model="numpy", nogil=True, no_cfunc_wrapper=True)
"""Compile a function whose operations are rounded one by one, in the order written."""


@kernel
def multiply(W, x, y):
    r"""$y_{ob} = \sum_i W_{oi} x_{ib}$.

    Two outputs and four inputs a pass: x is larger than the first-level cache, and y would
    be stored once per input. What is left over is done plainly.
    """
    I, B = x.shape
    O = y.shape[0]
    pairs, fours = O - O % 2, I - I % 4
    y[:] = 0
    for o in range(0, pairs, 2):
        for i in range(0, fours, 4):
            j, k = o * I + i, (o + 1) * I + i
            v0, v1, v2, v3 = W[j], W[j + 1], W[j + 2], W[j + 3]
            w0, w1, w2, w3 = W[k], W[k + 1], W[k + 2], W[k + 3]
            for b in range(B):
                x0, x1, x2, x3 = x[i, b], x[i + 1, b], x[i + 2, b], x[i + 3, b]
                y[o, b] += v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3
                y[o + 1, b] += w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3
    for o in range(O):
        for i in range(fours if o < pairs else 0, I):
            w = W[o * I + i]
            for b in range(B):
                y[o, b] += w * x[i, b]


@kernel
def add_outer(dy, x, dW):
    r"""$dW_{oi} \mathrel{+}= \sum_b dy_{ob}\, x_{ib}$: the gradient of `multiply` for W."""
    I, B = x.shape
    O = dy.shape[0]
    pairs, twos = O - O % 2, I - I % 2
    zero = dW.dtype.type(0)
    for o in range(0, pairs, 2):
        for i in range(0, twos, 2):
            v0, v1, w0, w1 = zero, zero, zero, zero
            for b in range(B):
                d, e, x0, x1 = dy[o, b], dy[o + 1, b], x[i, b], x[i + 1, b]
                v0 += d * x0
                v1 += d * x1
                w0 += e * x0
                w1 += e * x1
            j, k = o * I + i, (o + 1) * I + i
            dW[j] += v0
            dW[j + 1] += v1
            dW[k] += w0
            dW[k + 1] += w1
    for o in range(O):
        for i in range(twos if o < pairs else 0, I):
            g = zero
            for b in range(B):
                g += dy[o, b] * x[i, b]
            dW[o * I + i] += g


@kernel
def add_back(W, dy, dx):
    r"""$dx_{ib} \mathrel{+}= \sum_o W_{oi}\, dy_{ob}$: the gradient of `multiply` for x."""
    I, B = dx.shape
    for o in range(dy.shape[0]):
        for i in range(I):
            w = W[o * I + i]
            for b in range(B):
                dx[i, b] += w * dy[o, b]
