r"""Linear maps over a batch, by one warp.

Numbers of a warp lie in one flat array `s` of shared memory; `kw`, `ky`, ... say where.
A matrix W is `[O, I]`, ``s[kw + o * I + i]``. Inputs are rows of samples in an array `x`
of any kind of memory, ``x[kx + i * S + b]``; outputs and their gradients are such rows in
`s`, with the stride `R`.

A thread takes one of two roles. For whatever belongs to a sample it has the samples
``l``, ``l + WARP``, ...; for the gradient of a weight it has the columns i with those
numbers and runs over all samples, so that nothing has to be added up across threads, and the
order of every sum is that of the samples. Strides are odd: both roles then read different
banks of memory. Four samples, or columns, and two outputs are done in one pass, since what
is loaded is what costs. Between the roles the warp must meet.
"""

from __future__ import annotations

from nalu.training.cuda.target import WARP, device, sync_warp, u64

_0, _1, _2, _3, _4 = u64(0), u64(1), u64(2), u64(3), u64(4)
W = u64(WARP)
W2, W3, W4 = u64(2 * WARP), u64(3 * WARP), u64(4 * WARP)


@device
def _four_by_two(s, kw, x, kx, S, I, ky, R, b, zero):
    """Two outputs of four samples."""
    a0, a1, a2, a3 = zero, zero, zero, zero
    c0, c1, c2, c3 = zero, zero, zero, zero
    j, k, end = kx + b, kw, kw + I
    while k < end:
        v, w = s[k], s[k + I]
        x0, x1, x2, x3 = x[j], x[j + W], x[j + W2], x[j + W3]
        a0 += v * x0
        a1 += v * x1
        a2 += v * x2
        a3 += v * x3
        c0 += w * x0
        c1 += w * x1
        c2 += w * x2
        c3 += w * x3
        k += _1
        j += S
    j = ky + b
    s[j], s[j + W], s[j + W2], s[j + W3] = a0, a1, a2, a3
    j += R
    s[j], s[j + W], s[j + W2], s[j + W3] = c0, c1, c2, c3


@device
def _four_by_one(s, kw, x, kx, S, I, ky, b, zero):
    """One output of four samples."""
    a0, a1, a2, a3 = zero, zero, zero, zero
    j, k, end = kx + b, kw, kw + I
    while k < end:
        v = s[k]
        a0 += v * x[j]
        a1 += v * x[j + W]
        a2 += v * x[j + W2]
        a3 += v * x[j + W3]
        k += _1
        j += S
    j = ky + b
    s[j], s[j + W], s[j + W2], s[j + W3] = a0, a1, a2, a3


@device
def _one_by_one(s, kw, x, kx, S, I, ky, b, zero):
    """One output of one sample."""
    a, j, k, end = zero, kx + b, kw, kw + I
    while k < end:
        a += s[k] * x[j]
        k += _1
        j += S
    s[ky + b] = a


@device
def multiply(s, kw, x, kx, S, I, O, B, ky, R, l, zero):
    r"""$y_{ob} = \sum_i W_{oi} x_{ib}$ for the samples of this thread."""
    b = l
    while b + W3 < B:
        o = _0
        while o + _1 < O:
            _four_by_two(s, kw + o * I, x, kx, S, I, ky + o * R, R, b, zero)
            o += _2
        if o < O:
            _four_by_one(s, kw + o * I, x, kx, S, I, ky + o * R, b, zero)
        b += W4
    while b < B:
        o = _0
        while o < O:
            _one_by_one(s, kw + o * I, x, kx, S, I, ky + o * R, b, zero)
            o += _1
        b += W


@device
def _column_pairs(s, kd, R, x, kx, S, I, B, kg, i, zero):
    """Add the gradients of two outputs and four columns; columns that are none repeat the last."""
    last = I - _1
    i1, i2, i3 = min(i + W, last), min(i + W2, last), min(i + W3, last)
    a0, a1, a2, a3 = zero, zero, zero, zero
    c0, c1, c2, c3 = zero, zero, zero, zero
    j0, j1, j2, j3 = kx + min(i, last) * S, kx + i1 * S, kx + i2 * S, kx + i3 * S
    k, end = kd, kd + B
    while k < end:
        d, e = s[k], s[k + R]
        x0, x1, x2, x3 = x[j0], x[j1], x[j2], x[j3]
        a0 += d * x0
        a1 += d * x1
        a2 += d * x2
        a3 += d * x3
        c0 += e * x0
        c1 += e * x1
        c2 += e * x2
        c3 += e * x3
        k += _1
        j0 += _1
        j1 += _1
        j2 += _1
        j3 += _1
    if i < I:
        s[kg + i] += a0
        s[kg + I + i] += c0
    if i + W < I:
        s[kg + i1] += a1
        s[kg + I + i1] += c1
    if i + W2 < I:
        s[kg + i2] += a2
        s[kg + I + i2] += c2
    if i + W3 < I:
        s[kg + i3] += a3
        s[kg + I + i3] += c3


@device
def _column(s, kd, x, kx, S, B, kg, i, zero):
    """Add the gradient of one output and one column."""
    a, j, k, end = zero, kx + i * S, kd, kd + B
    while k < end:
        a += s[k] * x[j]
        k += _1
        j += _1
    s[kg + i] += a


@device
def _few_columns(s, kd, x, kx, S, I, B, kg, kc, l, zero):
    """As `_column` where threads outnumber columns: each adds its samples, then each column its threads."""
    i = _0
    while i < I:
        a, b = zero, l
        while b < B:
            a += s[kd + b] * x[kx + i * S + b]
            b += W
        s[kc + i * (W + _1) + l] = a
        i += _1
    sync_warp()
    add_partial(s, kc, I, kg, l, zero)
    sync_warp()


@device
def add_partial(s, kc, n, kg, l, zero):
    r"""$g_i \mathrel{+}= \sum_r c_{ir}$, one number of `n` a thread; c has rows of ``WARP + 1``."""
    i = l
    while i < n:
        a, k = zero, kc + i * (W + _1)
        end = k + W
        while k < end:
            a += s[k]
            k += _1
        s[kg + i] += a
        i += W


@device
def add_outer(s, kd, R, x, kx, S, I, O, B, kg, kc, l, zero):
    r"""$dW_{oi} \mathrel{+}= \sum_b dy_{ob}\, x_{ib}$: the gradient of `multiply` for W."""
    o = _0
    while o < O:
        if I < W:
            _few_columns(s, kd + o * R, x, kx, S, I, B, kg + o * I, kc, l, zero)
            o += _1
        elif o + _1 < O:
            i = l
            while i < I + l:  # the same number of passes for all threads
                _column_pairs(s, kd + o * R, R, x, kx, S, I, B, kg + o * I, i, zero)
                i += W4
            o += _2
        else:
            i = l
            while i < I:
                _column(s, kd + o * R, x, kx, S, B, kg + o * I, i, zero)
                i += W
            o += _1


@device
def add_sums(s, kd, R, O, B, kg, kc, l, zero):
    r"""$db_o \mathrel{+}= \sum_b dy_{ob}$."""
    o = _0
    while o < O:
        a, b = zero, l
        while b < B:
            a += s[kd + o * R + b]
            b += W
        s[kc + o * (W + _1) + l] = a
        o += _1
    sync_warp()
    add_partial(s, kc, O, kg, l, zero)
    sync_warp()


@device
def add_back(s, kw, kd, I, O, B, kx, R, l):
    r"""$dx_{ib} \mathrel{+}= \sum_o W_{oi}\, dy_{ob}$: the gradient of `multiply` for x."""
    i = _0
    while i < I:
        b = l
        while b < B:
            k, a = kx + i * R + b, s[kx + i * R + b]
            o = _0
            while o < O:
                a += s[kw + o * I + i] * s[kd + o * R + b]
                o += _1
            s[k] = a
            b += W
        i += _1
