"""The batches of a seed: drawn from its stream once, for all that is trained with it."""

from __future__ import annotations

import math

import numpy as np

from nalu.training.fused import mersenne, philox
from nalu.training.fused.maps import kernel

ROWS = 64  # samples of the authors' stream that are laid out together
ADD, SUB, MUL, DIV, SQUARED, ROOT = range(6)


@kernel
def target(operation, sums, y):
    """The operation on the subset sums `[K, B]`, float64, rounded into `y` `[B]`."""
    for b in range(y.size):
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
        y[b] = np.float32(z)


@kernel
def sum_rows(x, subsets, sums):
    """Subset sums `[K, B]` of inputs `[I, B]`, in float64."""
    for k in range(subsets.shape[0]):
        sums[k, :] = 0
        for i in range(subsets[k, 0], subsets[k, 1]):
            for b in range(x.shape[1]):
                sums[k, b] += np.float64(x[i, b])


@kernel
def lay_out(drawn, b0, subsets, x, sums, tile):
    """Samples `[R, I]`, float64, into the columns of `x` `[I, B]` and `sums` from `b0` on.

    The sums are taken before the inputs are rounded to float32, as the authors do.
    Unsigned indices spare the loops Python's check for negative ones.
    """
    R, first = np.uint64(drawn.shape[0]), np.uint64(b0)
    for i in range(x.shape[0]):
        for r in range(R):
            tile[i, r] = drawn[r, i]
    for i in range(x.shape[0]):
        for r in range(R):
            x[i, first + r] = np.float32(tile[i, r])
    for k in range(subsets.shape[0]):
        for r in range(R):
            sums[k, first + r] = 0
        for i in range(subsets[k, 0], subsets[k, 1]):
            for r in range(R):
                sums[k, first + r] += tile[i, r]


@kernel
def draw_authors(words, out, position, low, width, subsets, x, sums, one, two, tile):
    """A batch of the authors' stream into `x` `[I, B]`, and its subset sums.

    The stream runs through the inputs of a sample before it goes to the next sample; a few
    samples at a time are brought into the layout of the loop while they are in the cache.
    """
    I, B = x.shape
    if low.size == 2:
        position = mersenne.uniform(words, out, position, low[0], width[0], one)
        position = mersenne.uniform(words, out, position, low[1], width[1], two)
        position = mersenne.choose(words, out, position, one, two)
    for b in range(0, B, tile.shape[1]):
        rows = one[b * I : min(B, b + tile.shape[1]) * I]
        if low.size == 1:
            position = mersenne.uniform(words, out, position, low[0], width[0], rows)
        lay_out(rows.reshape(-1, I), b, subsets, x, sums, tile)
    return position


@kernel
def draw(shared, lanes, k, start, count, position, tools, x, sums):
    """The next `count` batches of the k-th seed into `x` `[T, I, B]`, `sums` `[T, K, B]`."""
    words, out, one, two, tile = tools
    subsets = lanes.subsets[k]
    for n in range(count):
        if shared.authors:
            position = draw_authors(words, out, position, lanes.low, lanes.width, subsets,
                                    x[n], sums[n], one, two, tile)
        else:
            philox.inputs(x[n], lanes.seed[k], start + n, lanes.low, lanes.width)
            sum_rows(x[n], subsets, sums[n])
    return position
