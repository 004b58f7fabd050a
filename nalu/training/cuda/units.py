r"""The units of the CUDA engine: outputs and gradients of one layer, by one warp.

What a unit does with its input is its *map*; what its parameters are, `tensors` says. Arrays
and roles are those of `maps`. `lx` at `kl` has the logarithms $\log(|x| + \epsilon)$ of the
inputs, for the maps that want them. A gated map keeps g, a and m in three blocks of rows
at `kr`, and turns them into the gradients of g's logit, a and m.
"""

from __future__ import annotations

import numpy as np

from nalu.training.cuda.arithmetic import exp, log, sigmoid, sign
from nalu.training.cuda.maps import add_back, add_outer, add_sums, multiply
from nalu.training.cuda.products import multiply_out, of_others
from nalu.training.cuda.target import WARP, device, product, sync_warp, u64

ADD, LINEAR, RELU, RELU6, EXP_LOG, PRODUCT, NALU, NALU_SEPARATE, GATED = (u64(k) for k in range(9))
"""$Wx$; $Wx + b$ and its activations; $\\exp(W \\log(|x| + \\epsilon))$; the product of an NMU; a gate
between the first and the fifth, with one weight or two, or between the first and the sixth."""

EPSILON = 1e-7
_0, _1, _2 = u64(0), u64(1), u64(2)
W = u64(WARP)


@device
def take_log(x, kx, I, B, kl, R, l, epsilon):
    r"""$\log(|x| + \epsilon)$ of rows at `kx` into rows at `kl`."""
    i = _0
    while i < I:
        b = l
        while b < B:
            x[kl + i * R + b] = log(abs(x[kx + i * R + b]) + epsilon)
            b += W
        i += _1


@device
def exponentiate(s, ky, O, B, R, l):
    """Rows at `ky` become their exponentials."""
    o = _0
    while o < O:
        b = l
        while b < B:
            s[ky + o * R + b] = exp(s[ky + o * R + b])
            b += W
        o += _1


@device
def forward(code, s, kw, x, kx, lx, kl, S, I, O, B, ky, kr, R, l, one):
    """Outputs of a layer into the rows at `ky`, for the samples of this thread."""
    zero, n, rows = one - one, O * I, O * R
    if code == EXP_LOG:
        multiply(s, kw, lx, kl, S, I, O, B, ky, R, l, zero)
        exponentiate(s, ky, O, B, R, l)
    elif code == PRODUCT:
        multiply_out(s, kw, x, kx, S, I, O, B, ky, R, l, one)
    elif code < NALU:
        multiply(s, kw, x, kx, S, I, O, B, ky, R, l, zero)
        if code != ADD:
            _activate(code, s, kw + n, O, B, ky, R, l, one)
    else:
        of_m = kw if code == NALU else kw + n
        if code == GATED:
            multiply_out(s, of_m, x, kx, S, I, O, B, kr + _2 * rows, R, l, one)
        else:
            multiply(s, of_m, lx, kl, S, I, O, B, kr + _2 * rows, R, l, zero)
            exponentiate(s, kr + _2 * rows, O, B, R, l)
        multiply(s, kw, x, kx, S, I, O, B, kr + rows, R, l, zero)
        multiply(s, of_m + n, x, kx, S, I, O, B, kr, R, l, zero)
        _mix(s, O, B, ky, kr, R, l, one)


@device
def _activate(code, s, kb, O, B, ky, R, l, one):
    """Rows plus their bias, through the activation."""
    zero, six = one - one, one * np.float32(6.0)
    o = _0
    while o < O:
        b = l
        while b < B:
            y = s[ky + o * R + b] + s[kb + o]
            if code != LINEAR and y < zero:
                y = zero
            if code == RELU6 and y > six:
                y = six
            s[ky + o * R + b] = y
            b += W
        o += _1


@device
def _mix(s, O, B, ky, kr, R, l, one):
    """$z = g a + (1 - g) m$ from the logit of g, a and m."""
    o = _0
    while o < O:
        b = l
        while b < B:
            k = kr + o * R + b
            g = sigmoid(s[k], one)
            s[k] = g
            s[ky + o * R + b] = product(g, s[k + O * R]) + product(one - g, s[k + _2 * O * R])
            b += W
        o += _1


@device
def _part(s, code, O, B, kd, kr, R, l, one):
    """The gradient at kd becomes those of g's logit, a and m, of m's exponent if it has one."""
    o = _0
    while o < O:
        b = l
        while b < B:
            k, d = kr + o * R + b, s[kd + o * R + b]
            g, a, m = s[k], s[k + O * R], s[k + _2 * O * R]
            s[k] = d * (a - m) * g * (one - g)
            s[k + O * R] = d * g
            dm = d * (one - g)
            s[k + _2 * O * R] = dm if code == GATED else dm * m
            b += W
        o += _1


@device
def _log_back(s, kw, kd, kx, I, O, B, kdx, R, l, one, epsilon):
    r"""$dx_{ib} \mathrel{+}= \mathrm{sign}(x) / (|x| + \epsilon) \sum_o W_{oi}\, du_{ob}$."""
    i = _0
    while i < I:
        b = l
        while b < B:
            a, x, o = one - one, s[kx + i * R + b], _0
            while o < O:
                a += s[kw + o * I + i] * s[kd + o * R + b]
                o += _1
            s[kdx + i * R + b] += a * sign(x, one) / (abs(x) + epsilon)
            b += W
        i += _1


@device
def backward(code, s, kw, kg, x, kx, lx, kl, S, I, O, B, ky, kd, kr, kdx, inner, R, kc, l, one,
             epsilon):
    """Add the gradients of a layer for its weights at `kg` and, of an `inner` one, its inputs at `kdx`.

    The gradients of its outputs, at `kd`, are used up. The inputs of an inner layer are
    rows of `s`.
    """
    zero, n, rows = one - one, O * I, O * R
    if code == PRODUCT:
        of_others(s, kw, kg, x, kx, S, I, O, B, kd, kdx, inner, R, kc, l, one)
    elif code < NALU:
        if code != ADD and code != LINEAR:
            _through(code, s, O, B, ky, kd, R, l, one)
        sync_warp()
        if code == EXP_LOG:
            add_outer(s, kd, R, lx, kl, S, I, O, B, kg, kc, l, zero)
            if inner:
                _log_back(s, kw, kd, kx, I, O, B, kdx, R, l, one, epsilon)
        else:
            add_outer(s, kd, R, x, kx, S, I, O, B, kg, kc, l, zero)
            if inner:
                add_back(s, kw, kd, I, O, B, kdx, R, l)
            if code != ADD:
                sync_warp()
                add_sums(s, kd, R, O, B, kg + n, kc, l, zero)
    else:
        m = _0 if code == NALU else n
        du, da, dm = kr, kr + rows, kr + _2 * rows
        _part(s, code, O, B, kd, kr, R, l, one)
        sync_warp()
        add_outer(s, du, R, x, kx, S, I, O, B, kg + m + n, kc, l, zero)
        add_outer(s, da, R, x, kx, S, I, O, B, kg, kc, l, zero)
        if inner:
            add_back(s, kw + m + n, du, I, O, B, kdx, R, l)
            add_back(s, kw, da, I, O, B, kdx, R, l)
        if code == GATED:
            of_others(s, kw + m, kg + m, x, kx, S, I, O, B, dm, kdx, inner, R, kc, l, one)
        else:
            add_outer(s, dm, R, lx, kl, S, I, O, B, kg + m, kc, l, zero)
            if inner:
                _log_back(s, kw + m, dm, kx, I, O, B, kdx, R, l, one, epsilon)
    sync_warp()


@device
def _through(code, s, O, B, ky, kd, R, l, one):
    """The gradient through an exponential, or through ReLU and ReLU6 strictly between their bounds."""
    zero, six = one - one, one * np.float32(6.0)
    o = _0
    while o < O:
        b = l
        while b < B:
            y, d = s[ky + o * R + b], s[kd + o * R + b]
            if code == EXP_LOG:
                d *= y
            elif not y > zero or (code == RELU6 and y >= six):
                d = zero
            s[kd + o * R + b] = d
            b += W
        o += _1
