r"""What a parameter is to its unit: effective weight, gradient, regulariser, step, projection.

A tensor of n effective weights W belongs to one of six kinds. Parameters `p` and moments
`m`, `v` are in global memory at `kp`, weights and their gradients in the array `s` of
shared memory at `kw` and `kg`. Each thread of the warp has its own weights.
"""

from __future__ import annotations

import numpy as np

from nalu.training.cuda.arithmetic import clamp, sigmoid, sign, slope_of_smaller, sqrt, tanh
from nalu.training.cuda.target import WARP, device, product, u64

PLAIN, NAC, SIGMA, NAU, NMU = (u64(k) for k in range(5))
"""W = p, $\\tanh(\\hat W)\\sigma(\\hat M)$, $\\sigma(\\hat W)$, p in [-1, 1], p in [0, 1]."""

_1 = u64(1)
W = u64(WARP)


@device
def weight(kind, p, kp, s, kw, n, l, one):
    """Effective weights from parameters."""
    k = l
    while k < n:
        w = p[kp + k]
        if kind == NAC:
            w = tanh(w) * sigmoid(p[kp + n + k], one)
        elif kind == SIGMA:
            w = sigmoid(w, one)
        elif kind == NAU:
            w = clamp(w, -one, one)
        elif kind == NMU:
            w = clamp(w, one - one, one)
        s[kw + k] = w
        k += W


@device
def smaller(kind, w, one):
    r"""$\min(|W|, |1 - |W||)$ of a NAU, $\min(|W|, |1 - W|)$ of an NMU, before its mean."""
    near = abs(w)
    far = abs(one - near) if kind == NAU else abs(one - w)
    return min(near, far)


@device
def slope(kind, w, one):
    """Derivative of `smaller`."""
    near = abs(w)
    rest = one - near if kind == NAU else one - w
    down = -sign(rest, one)
    if kind == NAU:
        down *= sign(w, one)
    return slope_of_smaller(near, abs(rest), sign(w, one), down, one)


@device
def penalty(kind, p, kp, n, l, one):
    """This thread's part of the sparsity regulariser."""
    total, k = one - one, l
    if kind == NAU or kind == NMU:
        while k < n:
            total += smaller(kind, p[kp + k], one)
            k += W
    return np.float64(total) / np.float64(n)


@device
def step(adam, p, m, v, q, g, rate, root, momentum, constants):
    """The q-th parameter after one step of the optimiser, in PyTorch's order of operations."""
    keep1, keep2, keep3, epsilon = constants
    if adam:
        a = m[q]
        a += product(keep1, g - a)
        b = product(keep2, v[q]) + product(product(keep3, g), g)
        v[q] = b
        change = product(rate, a) / (sqrt(b) / root + epsilon)
    else:
        a = product(momentum, m[q]) + g
        change = product(rate, a)
    m[q] = a
    return p[q] - change


@device
def update(kind, free, adam, p, m, v, kp, s, kw, kg, n, each, rate, root, momentum, constants, l,
           one):
    """One step of all parameters of a tensor; `each` weighs the slope of one regularised weight."""
    zero, k = one - one, l
    while k < n:
        q, g, w = kp + k, s[kg + k], s[kw + k]
        if kind == NAC:
            t, h = tanh(p[q]), sigmoid(p[q + n], one)
            p[q] = step(adam, p, m, v, q, g * (one - t * t) * h, rate, root, momentum, constants)
            p[q + n] = step(adam, p, m, v, q + n, g * t * h * (one - h), rate, root, momentum,
                            constants)
        else:
            low = -one if kind == NAU else zero
            if kind == SIGMA:
                g = g * w * (one - w)
            elif kind == NAU or kind == NMU:
                if p[q] < low or p[q] > one:  # the clamp passes nothing outside its bounds
                    g = zero
                if each > zero:
                    g += product(each, slope(kind, p[q], one))
            after = step(adam, p, m, v, q, g, rate, root, momentum, constants)
            if (kind == NAU or kind == NMU) and not free:
                after = clamp(after, low, one)
            p[q] = after
        k += W
