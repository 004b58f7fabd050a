r"""The map of an NMU: $z_o = \prod_i (W_{oi} x_i + 1 - W_{oi})$, by one warp; arrays and roles as in `maps`."""

from __future__ import annotations

from nalu.training.cuda.maps import add_partial
from nalu.training.cuda.target import WARP, device, product, sync_warp, u64

_0, _1 = u64(0), u64(1)
W = u64(WARP)


@device
def factor(w, x, one):
    """$W x + 1 - W$ in PyTorch's order, rounded as written."""
    return product(w, x) + one - w


@device
def multiply_out(s, kw, x, kx, S, I, O, B, ky, R, l, one):
    r"""$z_{ob} = \prod_i (W_{oi} x_{ib} + 1 - W_{oi})$."""
    o = _0
    while o < O:
        b = l
        while b < B:
            y, i, k = one, kw + o * I, kx + b
            end = i + I
            while i < end:
                y *= factor(s[i], x[k], one)
                i += _1
                k += S
            s[ky + o * R + b] = y
            b += W
        o += _1


@device
def of_others(s, kw, kg, x, kx, S, I, O, B, kd, kdx, inner, R, kc, l, one):
    r"""Gradients of `multiply_out` with the product of the *other* factors.

    A thread keeps the products before each factor, and sums its samples' gradients, in
    `I` rows each at `kc`.
    """
    before, c = kc + I * (W + _1) + l, kc + l
    o = _0
    while o < O:
        i = _0
        while i < I:
            s[c + i * (W + _1)] = one - one
            i += _1
        b = l
        while b < B:
            y, i = one, _0
            while i < I:
                s[before + i * W] = y
                y *= factor(s[kw + o * I + i], x[kx + i * S + b], one)
                i += _1
            after = s[kd + o * R + b]
            while i > _0:
                i -= _1
                w, z = s[kw + o * I + i], x[kx + i * S + b]
                others = s[before + i * W] * after
                s[c + i * (W + _1)] += others * (z - one)
                after *= factor(w, z, one)
                if inner:
                    s[kdx + i * R + b] += others * w
            b += W
        sync_warp()
        add_partial(s, kc, I, kg + o * I, l, one - one)
        sync_warp()
        o += _1
