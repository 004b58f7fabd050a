"""The batches of a seed: drawn from its stream once, for all that is trained with it."""

from __future__ import annotations

import math

import numpy as np

from nalu.training.fused import mersenne, philox
from nalu.training.fused.bodies import EPSILON
from nalu.training.fused.scalars import log
from nalu.training.fused.vectors import WIDTH, absolute, compiled, load, store, transpose

ROWS = 16  # samples of the authors' stream that are laid out together: they stay in the first cache
ADD, SUB, MUL, DIV, SQUARED, ROOT = range(6)


@compiled
def target(operation, sums, y, first):
    """The operation on the subset sums `[K, B]`, float64, rounded into `y` from `first` on."""
    for b in range(sums.shape[1]):
        z = sums[0, b]
        if operation == SUB:
            z -= sums[1, b]
        elif operation == DIV:
            z /= sums[1, b]
        elif operation == SQUARED:
            z *= z
        elif operation == ROOT:
            z = math.sqrt(z)
        else:
            for k in range(1, sums.shape[0]):
                z = z + sums[k, b] if operation == ADD else z * sums[k, b]
        y[first + b] = np.float32(z)


@compiled
def turn(a, a_stride, rows, b, b_stride):
    """Columns of `rows` rows of `a` as rows of `b`; both have whole blocks of 8."""
    for r in range(0, rows, 8):
        for c in range(0, a_stride, 8):
            transpose(a, r * a_stride + c, a_stride, b, c * b_stride + r, b_stride)


@compiled
def take_logarithms(x, first, count, l):
    r"""$\ln(|x| + \epsilon)$ of `count` inputs from the `first` on."""
    for k in range(0, count, WIDTH):
        store(l, k, log(absolute(load(x, first + k)) + EPSILON))


@compiled
def sum_rows(x, stride, subsets, sums):
    """Subset sums `[K, B]` of inputs in rows, in float64."""
    for k in range(subsets.shape[0]):
        sums[k, :] = 0
        for i in range(subsets[k, 0], subsets[k, 1]):
            for b in range(sums.shape[1]):
                sums[k, b] += np.float64(x[i * stride + b])


@compiled
def lay_out(drawn, first, subsets, xt, stride, sums):
    """Samples `[R, I]`, float64, into rows of `xt`, rounded to float32, and into `sums`.

    The sums are taken before the inputs are rounded, as the authors do; four samples at a
    time, since each addition waits for the one before.
    """
    R, I = drawn.shape
    for r in range(R):
        for i in range(I):
            xt[(first + r) * stride + i] = np.float32(drawn[r, i])
    for k in range(subsets.shape[0]):
        low, high = subsets[k, 0], subsets[k, 1]
        for r in range(0, R - R % 4, 4):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for i in range(low, high):
                s0 += drawn[r, i]
                s1 += drawn[r + 1, i]
                s2 += drawn[r + 2, i]
                s3 += drawn[r + 3, i]
            b = first + r
            sums[k, b], sums[k, b + 1], sums[k, b + 2], sums[k, b + 3] = s0, s1, s2, s3
        for r in range(R - R % 4, R):
            s0 = 0.0
            for i in range(low, high):
                s0 += drawn[r, i]
            sums[k, first + r] = s0


@compiled
def draw_authors(words, out, position, low, width, subsets, xt, stride, sums, one, two):
    """A batch of the authors' stream, one sample a row of `xt`, and its subset sums."""
    B = sums.shape[1]
    I = one.size // B
    if low.size == 2:
        position = mersenne.uniform(words, out, position, low[0], width[0], one)
        position = mersenne.uniform(words, out, position, low[1], width[1], two)
        position = mersenne.choose(words, out, position, one, two)
    for b in range(0, B, ROWS):
        rows = one[b * I : min(B, b + ROWS) * I]
        if low.size == 1:
            position = mersenne.uniform(words, out, position, low[0], width[0], rows)
        lay_out(rows.reshape(-1, I), b, subsets, xt, stride, sums)
    return position


@compiled
def draw_philox(seed, t, low, width, subsets, x, stride, sums, flat):
    """A batch of the philox stream, one input a row of `x`, and its subset sums."""
    B = sums.shape[1]
    philox.inputs(flat, seed, t, low, width)
    for i in range(flat.size // B):
        for b in range(B):
            x[i * stride + b] = flat[i * B + b]
    sum_rows(x, stride, subsets, sums)
