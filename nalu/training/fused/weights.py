r"""From parameters to weights, back, and a step of the optimiser: what a lane does with its numbers once per update.

A kind of weight is a few functions of single numbers: ``weight(p, q)`` from one parameter or two, which
returns with it two numbers that are kept for ``chain(p, q, a, b, dw)``, the gradients of p and q; ``smaller(p)``,
whose two numbers' minimum the sparsity regulariser averages, with its slope; and the range of p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nalu.training.fused.memory import load, store
from nalu.training.fused.scalars import clamp, sigmoid, sign, slope_of_smaller, tanh
from nalu.training.fused.vectors import WIDTH, absolute, compiled, fma, inline, reader, spread, sqrt, switch, where

SLOT = np.dtype([(name, np.int64) for name in """
    kind tensors rows columns stride at to also parameters sparse""".split()])
"""A matrix of weights. The parameters of each of its `tensors` are `rows` rows of `stride` numbers from `at` on, of
which `columns` count; its weights go `to` a place among all weights and, if that is not -1, `also` to
another. `parameters` is where the first tensor begins in the plans' own order."""
Slot, read = reader(SLOT, "Slot")


@inline
def plain(p, q):
    return p, p, p


@inline
def plain_chain(p, q, a, b, dw):
    return dw, dw


@inline
def nac(p, q):
    r"""$\tanh(\hat W)\,\sigma(\hat M)$."""
    t, s = tanh(p), sigmoid(q)
    return t * s, t, s


@inline
def nac_chain(p, q, t, s, dw):
    r"""$d\hat W = dW (1 - \tanh^2 \hat W)\,\sigma(\hat M)$, $d\hat M = dW \tanh(\hat W)\,\sigma(\hat M)(1 - \sigma(\hat M))$."""
    return dw * (1.0 - t * t) * s, dw * t * s * (1.0 - s)


@inline
def sigma(p, q):
    r"""$\sigma(\hat W)$."""
    s = sigmoid(p)
    return s, s, s


@inline
def sigma_chain(p, q, s, b, dw):
    return dw * s * (1.0 - s), dw


@inline
def nau(p, q):
    """W, clamped to [-1, 1]."""
    return clamp(p, -1.0, 1.0), p, p


@inline
def nau_chain(p, q, a, b, dw):
    """The clamp passes the gradient inside and on its bounds."""
    return where(absolute(p) <= 1.0, dw, spread(0.0, dw)), dw


@inline
def nmu(p, q):
    """W, clamped to [0, 1]."""
    return clamp(p, 0.0, 1.0), p, p


@inline
def nmu_chain(p, q, a, b, dw):
    """The clamp passes the gradient inside and on its bounds."""
    none = spread(0.0, dw)
    return where(p >= 0.0, where(p <= 1.0, dw, none), none), dw


@inline
def no_smaller(p):
    """The papers define no regulariser."""
    return p - p, p - p, p - p


@inline
def nau_smaller(p):
    r"""$|W|$ and $|1 - |W||$, and the slope of their minimum."""
    size = absolute(p)
    near, far, up = size, absolute(1.0 - size), sign(p)
    return near, far, slope_of_smaller(near, far, up, -(sign(1.0 - size) * up))


@inline
def nmu_smaller(p):
    r"""$|W|$ and $|1 - W|$, and the slope of their minimum."""
    near, far = absolute(p), absolute(1.0 - p)
    return near, far, slope_of_smaller(near, far, sign(p), -sign(1.0 - p))


@inline
def free(p):
    """Any value is allowed."""
    return p


@inline
def between_signs(p):
    return clamp(p, -1.0, 1.0)


@inline
def between_0_and_1(p):
    return clamp(p, 0.0, 1.0)


@dataclass(frozen=True)
class Kind:
    """Functions of a kind of weight; `two` parameters, or one; whether its numbers are `kept`, and `regular`ised."""

    weight: Callable
    chain: Callable
    smaller: Callable = no_smaller
    project: Callable = free
    two: bool = False
    kept: bool = False
    regular: bool = False


KINDS = {
    "plain": Kind(plain, plain_chain),
    "nac": Kind(nac, nac_chain, two=True, kept=True),
    "sigma": Kind(sigma, sigma_chain, kept=True),
    "nau": Kind(nau, nau_chain, nau_smaller, between_signs, regular=True),
    "nau free": Kind(nau, nau_chain, nau_smaller, regular=True),
    "nmu": Kind(nmu, nmu_chain, nmu_smaller, between_0_and_1, regular=True),
    "nmu free": Kind(nmu, nmu_chain, nmu_smaller, regular=True),
}
"""Kinds of weights. The position is the code in compiled code."""


@inline
def moved(now, p, g, moment, square):
    """A parameter and its moments after a step of the optimiser; Adam in PyTorch's order, but for a product by the
    root's reciprocal."""
    if now.adam:
        moment = fma(now.keep1, g - moment, moment)
        square = fma(g * now.keep3, g, square * now.keep2)
        return p - (moment * now.rate) / fma(sqrt(square), now.root, now.epsilon), moment, square
    moment = fma(moment, now.momentum, g)
    return p - moment * now.rate, moment, square


@inline
def descend(now, p, g, m, v, at):
    """The same for numbers of arrays: the moments are put back, the parameter is returned."""
    p, moment, square = moved(now, p, g, load(m, at), load(v, at))
    store(m, at, moment)
    if now.adam:
        store(v, at, square)
    return p


def _programs(kind: Kind) -> tuple[Callable, Callable, Callable]:
    """The loops of a kind over all its numbers: first weights, updates, and terms of the regulariser."""
    weight, chain, smaller, project = kind.weight, kind.chain, kind.smaller, kind.project
    two, kept, regular = kind.two, kind.kept, kind.regular

    @inline
    def put(slot, size, k, p, q, W, A):
        w, a, b = weight(p, q)
        store(W, slot.to + k, w)
        if slot.also >= 0:
            store(W, slot.also + k, w)
        if kept:
            store(A, slot.at + k, a)
            if two:
                store(A, slot.at + size + k, b)

    @compiled
    def begin(slot, P, W, A):
        size = slot.rows * slot.stride
        for k in range(0, size, WIDTH):
            p = load(P, slot.at + k)
            put(slot, size, k, p, load(P, slot.at + size + k) if two else p, W, A)

    @compiled
    def step(slot, now, P, m, v, W, dW, A):
        size = slot.rows * slot.stride
        for k in range(0, size, WIDTH):
            at = slot.at + k
            p = load(P, at)
            q = load(P, at + size) if two else p
            a = load(A, at) if kept else p
            b = load(A, at + size) if two else p
            dw = load(dW, slot.to + k)
            if slot.also >= 0:
                dw = dw + load(dW, slot.also + k)
            dp, dq = chain(p, q, a, b, dw)
            if regular and now.each > 0.0:
                dp = fma(smaller(p)[2], now.each, dp)
            p = project(descend(now, p, dp, m, v, at))
            store(P, at, p)
            if two:
                q = descend(now, q, dq, m, v, at + size)
                store(P, at + size, q)
            put(slot, size, k, p, q, W, A)

    @compiled
    def terms(slot, P, into):
        """What the regulariser averages, into the beginning of an array."""
        for k in range(0, slot.rows * slot.stride, WIDTH):
            near, far, _ = smaller(load(P, slot.at + k))
            store(into, k, where(near < far, near, far))

    return begin, step, terms


begin, step, terms = (switch(dict(enumerate(of)), "kind") for of in zip(*map(_programs, KINDS.values()), strict=True))
