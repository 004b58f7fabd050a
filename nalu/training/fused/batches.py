"""The batches of a seed. They are drawn from its stream once, for all plans that are trained on them."""

from __future__ import annotations

import math

import numpy as np

from nalu.training.fused import mersenne, philox
from nalu.training.fused.bodies import EPSILON
from nalu.training.fused.memory import load, store, store_single, transpose
from nalu.training.fused.scalars import log
from nalu.training.fused.vectors import WIDTH, absolute, compiled, owner, spread, where

ROWS = 16
"""So many samples of the authors' stream are drawn before their sums are taken, so that they stay in the first-level cache."""
ADD, SUB, MUL, DIV, SQUARED, ROOT = range(6)


@compiled
def target(operation, sums, count, y, first):
    """Apply the operation to `count` subset sums, which are float64 rows, and round the results into `y` from `first` on."""
    columns = sums.size // count
    for b in range(columns):
        z = sums[b]
        if operation == SUB:
            z -= sums[columns + b]
        elif operation == DIV:
            z /= sums[columns + b]
        elif operation == SQUARED:
            z *= z
        elif operation == ROOT:
            z = math.sqrt(z)
        else:
            for k in range(1, count):
                z = z + sums[k * columns + b] if operation == ADD else z * sums[k * columns + b]
        y[first + b] = np.float32(z)


@compiled
def turn(a, at, a_stride, rows, columns, b, to, b_stride):
    """Write the columns of `a` as rows of `b`. Both consist of blocks of 8 numbers, and two blocks fill a line of the cache."""
    for r in range(0, rows, 16):
        for c in range(0, columns, 8):
            transpose(a, at + r * a_stride + c, a_stride, b, to + c * b_stride + r, b_stride)
            if r + 8 < rows:
                transpose(a, at + (r + 8) * a_stride + c, a_stride, b, to + c * b_stride + r + 8, b_stride)


@compiled
def take_logarithms(x, first, count, l):
    r"""Take $\ln(|x| + \epsilon)$ of `count` inputs from the `first` on."""
    for k in range(0, count, WIDTH):
        store(l, k, log(absolute(load(x, first + k)) + EPSILON))


@compiled
def sum_rows(x, stride, subsets, sums):
    """Add up the subsets of inputs in float64; inputs and sums stand in rows."""
    columns = sums.size // subsets.shape[0]
    for k in range(subsets.shape[0]):
        for b in range(k * columns, (k + 1) * columns):
            sums[b] = 0
        for i in range(subsets[k, 0], subsets[k, 1]):
            for b in range(columns):
                sums[k * columns + b] += np.float64(x[i * stride + b])


@owner
def draw_authors(raw, out, position, low, width, subsets, xt, stride, x, gap, B, I, sums, rows, tile):
    """Draw a batch of the authors' stream, rounded to float32, with a sample in each row of `xt`, and take its subset sums.

    The sums are taken before the inputs are rounded, as the authors do. An addition has to wait for the addition before it, so
    the inputs of the subsets are turned first: then neighbouring numbers belong to different samples, as they do in `x`. The
    generator makes words for a few samples at a time, which stay in the first-level cache. It cannot do so for two intervals,
    because the numbers of the second come after all numbers of the first.
    """
    two, n, K = low.size == 2, B * I, subsets.shape[0]
    begin, end = subsets[:, 0].min() // 8 * 8, subsets[:, 1].max()
    if two:
        first = mersenne.generate(raw, out, position, 5 * n)
        position = first + 5 * n
    for b in range(0, B, ROWS):
        if not two:
            count = 2 * I * min(ROWS, B - b)
            first = mersenne.generate(raw, out, position, count)
            position = first + count
        for r in range(ROWS):
            at = (b * two + r) * I
            for i in range(0, I, WIDTH):
                drawn = mersenne.uniform(out, first + 2 * (at + i), low[0], width[0])
                if two:
                    other = mersenne.uniform(out, first + 2 * (n + at + i), low[1], width[1])
                    drawn = where(load(out, first + 4 * n + at + i) & 1 == 1, drawn, other)
                if i < end and i + WIDTH > begin:
                    store(rows, r * stride + i, drawn)
                store_single(xt, (b + r) * stride + i, drawn)
            for i in range(I, stride):
                xt[(b + r) * stride + i] = 0
        turn(xt, b * stride, stride, ROWS, stride, x, b, gap)
        for r in range(0, ROWS, 8):
            for i in range(begin, end, 8):
                transpose(rows, r * stride + i, stride, tile, (i - begin) * ROWS + r, ROWS)
        for k in range(K):
            for r in range(0, ROWS, WIDTH):
                total = spread(0.0, sums)
                for i in range(subsets[k, 0] - begin, subsets[k, 1] - begin):
                    total = total + load(tile, i * ROWS + r)
                store(sums, k * (sums.size // K) + b + r, total)
    return position


@compiled
def draw_philox(seed, t, low, width, subsets, x, stride, B, sums, flat):
    """Draw a batch of the philox stream, with an input in each row of `x`, and take its subset sums."""
    philox.inputs(flat, seed, t, low, width)
    for i in range(flat.size // B):
        for b in range(B):
            x[i * stride + b] = flat[i * B + b]
    sum_rows(x, stride, subsets, sums)
