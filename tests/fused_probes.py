"""Parts of the fused loop as functions that Python can call, compiled once and kept."""

import numpy as np
from numba import njit

from nalu import units
from nalu.training.fused.cache import ENGINE
from nalu.training.fused.vectors import WIDTH

probe = njit(cache=True, error_model="numpy")

with ENGINE.kept():
    from nalu.training.fused import batches, mersenne, products, scalars
    from nalu.training.fused.memory import load, store

    @probe
    def _scalar(name, x, y):
        for k in range(0, x.size, WIDTH):
            if name == 0:
                store(y, k, scalars.exp(load(x, k)))
            elif name == 1:
                store(y, k, scalars.log(load(x, k)))
            else:
                store(y, k, scalars.tanh(load(x, k)))

    @probe
    def _philox(seed, t, low, width, subsets, x, stride, B, sums, flat):
        batches.draw_philox(seed, t, low, width, subsets, x, stride, B, sums, flat)

    @probe
    def _target(operation, sums, count, y):
        batches.target(operation, sums, count, y, 0)

    @probe
    def _twister(words, raw, out, position, low, width, into):
        mersenne.begin(words, raw, out)
        first = mersenne.generate(raw, out, position, 2 * into.size)
        for k in range(0, into.size - WIDTH + 1, WIDTH):
            store(into, k, mersenne.uniform(out, first + 2 * k, low, width))
        rest = np.empty(WIDTH)
        whole = into.size // WIDTH * WIDTH
        store(rest, 0, mersenne.uniform(out, first + 2 * whole, low, width))
        into[whole:] = rest[: into.size - whole]
        return mersenne.end(words, raw, first + 2 * into.size)

    @probe
    def _generate(words, raw, out, position, count):
        mersenne.begin(words, raw, out)
        first = mersenne.generate(raw, out, position, count)
        return first, mersenne.end(words, raw, first + count)

    @probe
    def _authors(words, raw, out, position, low, width, subsets, xt, stride, x, gap, B, I, sums, rows, tile):
        mersenne.begin(words, raw, out)
        position = batches.draw_authors(raw, out, position, low, width, subsets, xt, stride, x, gap, B, I, sums, rows, tile)
        return mersenne.end(words, raw, position)

    @probe
    def _product(A, rows, X, columns, C, count):
        products.multiply(A, 0, count, rows, X, 0, columns, columns, C, 0, columns, count)

    @probe
    def _total(values, sums):
        sums[:] = 0
        for k in range(values.size):
            sums[k % products.PARTIAL] += values[k]
        return products.total(sums, 0)


def scalar(name, x, y):
    """`y` becomes exp, log or tanh, for name 0, 1 or 2, of every number of `x`."""
    padded = np.ones(whole(x.size), x.dtype)
    padded[: x.size] = x
    _scalar(name, padded, padded)
    y[:] = padded[: x.size]


def whole(count, block=WIDTH):
    return -(-count // block) * block


def philox_batch(seed, t, low, width, subsets, I, B, dtype):
    """Inputs `[I, B]` and subset sums `[K, B]` of a batch of the philox stream."""
    x, sums = np.zeros((I, whole(B, 32)), dtype), np.zeros((len(subsets), whole(B, 32)))
    _philox(seed, t, low, width, np.asarray(subsets), x.ravel(), x.shape[1], B, sums.ravel(), np.empty(I * B, dtype))
    return x[:, :B], sums[:, :B]


def target(operation, sums, dtype):
    """Targets `[B]` of subset sums `[K, B]`."""
    y = np.empty(sums.shape[1], dtype)
    _target(operation, np.ascontiguousarray(sums).ravel(), len(sums), y)
    return y


class Twister:
    """The Mersenne Twister with a state as NumPy's `get_state` has it."""

    def __init__(self, rng):
        state = rng.get_state()
        self.words, self.position = state[1].copy().view(np.int32), state[2]

    def _rooms(self, count):
        return np.empty((2, mersenne.N * (count // mersenne.N + 3) + 64 * WIDTH), np.int32)

    def uniform(self, low, width, into):
        self.position = _twister(self.words, *self._rooms(2 * into.size), self.position, low, width, into)

    def numbers(self, count):
        """That many random numbers, uint32."""
        raw, out = self._rooms(count)
        first, self.position = _generate(self.words, raw, out, self.position, count)
        return out[first : first + count].view(np.uint32).copy()

    def batch(self, low, width, subsets, I, B, dtype):
        """Inputs `[B, I]` and subset sums `[K, B]` of a batch of the authors' stream."""
        stride, rows = whole(I), whole(B, 32)
        xt, x, sums = np.ones((rows, stride), dtype), np.ones((stride, rows), dtype), np.zeros((len(subsets), rows))
        raw, out = self._rooms(5 * I * rows)
        self.position = _authors(
            self.words, raw, out, self.position, low, width, np.asarray(subsets), xt.ravel(), stride,
            x.ravel(), rows, B, I, sums.ravel(), np.empty(stride * batches.ROWS), np.empty((stride + 8) * batches.ROWS))
        assert np.array_equal(x[:I, :B], xt[:B, :I].T)
        return xt[:B, :I], sums[:, :B]


def product(A, X):
    """``A @ X`` as the loop takes it; X has whole vectors of columns."""
    C = np.empty((len(A), X.shape[1]), A.dtype)
    _product(A.ravel(), len(A), X.ravel(), X.shape[1], C.ravel(), A.shape[1])
    return C


def total(values):
    """Their sum as the loop takes it over a batch."""
    return _total(values, np.empty(products.PARTIAL, values.dtype))


def make(name, I, O):
    """The unit of `nalu.units` in float64."""
    import torch

    return getattr(units, name)(I, O, torch.Generator().manual_seed(1), dtype=torch.float64)
