r"""What becomes of a lane's products: both units' outputs, the error, and the gradients on the way back.

The first unit's products stand in rows of `z`, `lane.gate`, `lane.add` and `lane.multiply`; on the way back their
gradients take their place. The second unit has one output, so that its products are taken here. In all of this,
samples stand beside each other in vectors.

$dz$ of the second unit gives $da = dz\,g$, $dm = dz\,(1 - g)$, $d(Gx) = dz\,(a - m)\,g(1 - g)$.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable

import numpy as np

from nalu.training.fused.kernels import FACTORS, LINEAR, LOGARITHMS, RELU6
from nalu.training.fused.memory import below, load, repeat, store
from nalu.training.fused.products import PARTIAL, factor, total
from nalu.training.fused.scalars import exp, log, sigmoid, sign
from nalu.training.fused.vectors import WIDTH, absolute, compiled, fma, inline, reader, spread, switch, where

EPSILON = 1e-7

LANE = np.dtype([(name, np.int64) for name in """
    first second hidden_size gate add multiply out bias activation gate2 add2 multiply2 bias2 activation2
    operation answers slots end lambda_start lambda_end adam gated""".split()]
    + [(name, np.float64) for name in ("learning_rate", "momentum", "lambda_sparse")])
"""A plan: codes of its units' bodies; the first rows of its products and outputs in `z`; places of its
biases and the second unit's weights among all weights; its part of the slots; the papers' parameters."""
Lane, read = reader(LANE, "Lane")

Room = namedtuple("Room", "z w dw delta logs sums")
"""Products, weights, gradients; and for one lane after the other hidden gradients, logarithms, partial sums."""


@inline
def activate(code, u):
    """f(u)."""
    if code == LINEAR:
        return u
    u = where(u < 0.0, spread(0.0, u), u)
    return where(u > 6.0, spread(6.0, u), u) if code == RELU6 else u


@inline
def activate_back(code, y, dy):
    """The gradient of u from that of y = f(u)."""
    if code == LINEAR:
        return dy
    none = spread(0.0, dy)
    dy = where(y > 0.0, dy, none)
    return where(y < 6.0, dy, none) if code == RELU6 else dy


@inline
def clear(sums, count):
    """Set that many to 0."""
    for k in range(0, count, WIDTH):
        store(sums, k, spread(0.0, sums))


def _bodies(gated: bool, product: int) -> tuple[Callable, ...]:
    """The compiled functions for units with and without a gate, and with each kind of product."""
    logs, factors, adds = product == LOGARITHMS, product == FACTORS, gated or not product

    @compiled
    def forward(lane, z, w, stride):
        """The first unit's outputs, in place of the products or in rows of their own."""
        for h in range(lane.hidden_size):
            for b in range(h * stride, (h + 1) * stride, WIDTH):
                if adds:
                    a = load(z, lane.add * stride + b)
                    if lane.bias >= 0:
                        a = activate(lane.activation, a + repeat(w, lane.bias + h))
                        store(z, lane.add * stride + b, a)
                if product:
                    m = load(z, lane.multiply * stride + b)
                    if logs:
                        m = exp(m)
                        store(z, lane.multiply * stride + b, m)
                if gated:
                    g = sigmoid(load(z, lane.gate * stride + b))
                    store(z, lane.gate * stride + b, g)
                    store(z, lane.out * stride + b, g * a + (1.0 - g) * m)

    @compiled
    def backward(lane, room, stride):
        """Gradients of the first unit's products, in their place, from those of its outputs."""
        z = room.z
        for h in range(lane.hidden_size):
            for b in range(h * stride, (h + 1) * stride, WIDTH):
                d = load(room.delta, b)
                at_a, at_m = lane.add * stride + b, lane.multiply * stride + b
                if gated:
                    at_g = lane.gate * stride + b
                    g, a, m = load(z, at_g), load(z, at_a), load(z, at_m)
                    store(z, at_g, d * (a - m) * g * (1.0 - g))
                    store(z, at_a, d * g)
                    store(z, at_m, d * (1.0 - g) * m if logs else d * (1.0 - g))
                elif product:
                    store(z, at_m, d * load(z, at_m) if logs else d)
                else:
                    store(z, at_a, activate_back(lane.activation, load(z, at_a), d))
            if lane.bias >= 0:
                for k in range(0, PARTIAL, WIDTH):
                    bias = spread(0.0, z)
                    for b in range(k, stride, PARTIAL):
                        bias = bias + load(z, (lane.add + h) * stride + b)
                    store(room.sums, k, bias)
                room.dw[lane.bias + h] = total(room.sums, 0)

    @inline
    def second(lane, room, stride, b):
        """The second unit's output, gate, sum and product for the samples from b on."""
        z, w = room.z, room.w
        u = spread(0.0, z)
        a, m, g = u, u, u
        if factors:
            m = spread(1.0, z)
        for h in range(lane.hidden_size):
            x = load(z, (lane.out + h) * stride + b)
            if gated:
                u = fma(x, repeat(w, lane.gate2 + h), u)
            if adds:
                a = fma(x, repeat(w, lane.add2 + h), a)
            if logs:
                l = log(absolute(x) + EPSILON)
                store(room.logs, h * WIDTH, l)
                m = fma(l, repeat(w, lane.multiply2 + h), m)
            if factors:
                store(room.logs, h * WIDTH, m)
                m = m * factor(repeat(w, lane.multiply2 + h), x)
        if logs:
            m = exp(m)
        if adds and lane.bias2 >= 0:
            a = activate(lane.activation2, a + repeat(w, lane.bias2))
        y = m if product else a
        if gated:
            g = sigmoid(u)
            y = g * a + (1.0 - g) * m
        return y, g, a, m

    @inline
    def second_back(lane, room, stride, b, y, g, a, m, dy):
        """Adds to the partial sums of the second unit's gradients; those of its inputs go into `delta`."""
        z, w, sums, H = room.z, room.w, room.sums, lane.hidden_size
        part = b % PARTIAL
        du, da, dm = dy, dy, dy
        if gated:
            du, da, dm = dy * (a - m) * g * (1.0 - g), dy * g, dy * (1.0 - g)
        if logs:
            dm = dm * m
        if adds and lane.bias2 >= 0:
            da = activate_back(lane.activation2, y, da)
            at = 3 * H * PARTIAL + part
            store(sums, at, load(sums, at) + da)
        after = dm
        for back in range(H):
            h = H - 1 - back
            x = load(z, (lane.out + h) * stride + b)
            dx = spread(0.0, z)
            at = h * PARTIAL + part
            if gated:
                store(sums, at, fma(du, x, load(sums, at)))
                dx = du * repeat(w, lane.gate2 + h)
            if adds:
                at += H * PARTIAL
                store(sums, at, fma(da, x, load(sums, at)))
                dx = fma(da, repeat(w, lane.add2 + h), dx)
            at = (2 * H + h) * PARTIAL + part
            if logs:
                store(sums, at, fma(dm, load(room.logs, h * WIDTH), load(sums, at)))
                dl = dm * repeat(w, lane.multiply2 + h)
                dx = dx + dl * sign(x) / (absolute(x) + EPSILON)
            if factors:
                v = repeat(w, lane.multiply2 + h)
                others = load(room.logs, h * WIDTH) * after
                store(sums, at, fma(others, x - 1.0, load(sums, at)))
                dx = fma(others, v, dx)
                after = after * factor(v, x)
            store(room.delta, h * stride + b, dx)

    @inline
    def collect(lane, room):
        """The second unit's gradients from their partial sums."""
        sums, dw, H = room.sums, room.dw, lane.hidden_size
        for h in range(H):
            if gated:
                dw[lane.gate2 + h] = total(sums, h * PARTIAL)
            if adds:
                dw[lane.add2 + h] = total(sums, (H + h) * PARTIAL)
            if product:
                dw[lane.multiply2 + h] = total(sums, (2 * H + h) * PARTIAL)
        if lane.bias2 >= 0:
            dw[lane.bias2] = total(sums, 3 * H * PARTIAL)

    @compiled
    def learn(lane, room, stride, t, t_at, count, scale):
        """Sum of squared errors and of gates of `count` samples with targets `t`; gradients, whose factor is `scale`."""
        sums, last = room.sums, (3 * lane.hidden_size + 1) * PARTIAL
        clear(sums, last + 2 * PARTIAL)
        for b in range(0, stride, WIDTH):
            y, g, a, m = second(lane, room, stride, b)
            error = where(below(count - b, y), y - load(t, t_at + b), spread(0.0, y))
            part = last + b % PARTIAL
            store(sums, part, fma(error, error, load(sums, part)))
            part += PARTIAL
            store(sums, part, load(sums, part) + where(below(count - b, y), g, spread(0.0, y)))
            second_back(lane, room, stride, b, y, g, a, m, error * scale)
        collect(lane, room)
        return total(sums, last), total(sums, last + PARTIAL)

    @compiled
    def test(lane, room, stride, t, t_at, count):
        """Sum of squared errors of `count` samples."""
        sums = room.sums
        clear(sums, PARTIAL)
        for b in range(0, stride, WIDTH):
            y = second(lane, room, stride, b)[0]
            error = where(below(count - b, y), y - load(t, t_at + b), spread(0.0, y))
            store(sums, b % PARTIAL, fma(error, error, load(sums, b % PARTIAL)))
        return total(sums, 0)

    @compiled
    def respond(lane, room, stride, dy, y):
        """A second unit alone: outputs into `y`, and all gradients for the gradients `dy`."""
        clear(room.sums, (3 * lane.hidden_size + 1) * PARTIAL)
        for b in range(0, stride, WIDTH):
            found, g, a, m = second(lane, room, stride, b)
            store(y, b, found)
            second_back(lane, room, stride, b, found, g, a, m, load(dy, b))
        collect(lane, room)

    return forward, backward, learn, test, respond


BODIES = {product + 3 * gated: _bodies(gated, product) for gated in (False, True) for product in range(3)
          if product or not gated}
"""Of units without gate, then with it; nobody has a gate without a product."""


def _of_all(field: str, which: int) -> Callable:
    return switch({code: functions[which] for code, functions in BODIES.items()}, field)


forward, backward = _of_all("first", 0), _of_all("first", 1)
learn, test, respond = _of_all("second", 2), _of_all("second", 3), _of_all("second", 4)
