"""Parts of the fused loop as functions that Python can call, compiled once and kept.

Each probe calls the functions of the loop with arrays of the loop's types, so that they are
compiled once for both.
"""

import numpy as np
from numba import njit

from nalu import units
from nalu.training.fused import batches, mersenne, philox, scalars
from nalu.training.fused.cache import ENGINE
from nalu.training.fused.kernels import KERNELS, backward, chain, forward, penalty, project, weight
from nalu.training.fused.member import CODES
from nalu.training.fused.scalars import FAST

probe = njit(cache=True, fastmath=FAST, error_model="numpy")

with ENGINE.kept():

    @probe
    def _unit(code, p, w, x, y, s, dy, dw, dx, dp, scale):
        weight(code, p, w)
        forward(code, w, x, y, s)
        dw[:] = 0
        dx[:] = 0
        backward(code, w, x, y, dy, dw, dx, s)
        chain(code, p, w, dw, dp)
        value = penalty(code, p, scale, dp)
        project(code, p)
        return value

    @probe
    def scalar(name, x, y):
        """`y` becomes exp, log or tanh, for name 0, 1 or 2, of every number of `x`."""
        for k in range(x.size):
            if name == 0:
                y[k] = scalars.exp(x[k])
            elif name == 1:
                y[k] = scalars.log(x[k])
            else:
                y[k] = scalars.tanh(x[k])

    @probe
    def philox_inputs(x, seed, iteration, low, width):
        """A batch of the philox stream into `x` `[I, B]`."""
        philox.inputs(x, seed, iteration, low, width)

    @probe
    def sums_and_target(operation, x, subsets, sums, y):
        """Subset sums `[K, B]` and the target `[B]` of inputs `[I, B]`."""
        batches.sum_rows(x, subsets, sums)
        batches.target(operation, sums, y)

    @probe
    def twister(words, out, position, low, width, into, coins_after):
        """Draw all of `into`; after each row, that many coins. The coins too, `[row, coin]`."""
        coins = np.empty((into.shape[0], coins_after))
        for r in range(into.shape[0]):
            position = mersenne.uniform(words, out, position, low, width, into[r])
            coins[r] = 1.0
            position = mersenne.choose(words, out, position, coins[r], np.zeros(coins_after))
        return position, coins

    @probe
    def authors_batch(words, out, position, low, width, subsets, x, sums, one, two, tile, operation, y):
        """A batch of the authors' stream into `x` `[I, B]`, its sums and its target."""
        position = batches.draw_authors(
            words, out, position, low, width, subsets, x, sums, one, two, tile)
        batches.target(operation, sums, y)
        return position


def unit(name, tensors, x, dy, scale):
    """All that a kernel computes, for parameters by name, inputs `[I, B]` and `dy` `[O, B]`.

    Returns
    -------
    dict
        ``weight`` (flat), ``y``, ``dx``, ``penalty``, and by the parameters' names
        ``gradient`` (of ``(dy * y).sum() + scale * penalty``) and ``projected``.
    """
    row, (I, B), O = KERNELS[name], x.shape, len(dy)
    p = np.concatenate([np.ravel(tensors[key]) for key in row.parameters])
    w = np.empty(row.matrices * O * I + row.vectors * O)
    dw, dp, y, dx = w.copy(), p.copy(), np.empty((O, B)), np.empty((I, B))
    s = np.full(row.scratch(I, O, B), np.nan)
    value = _unit(CODES[name], p, w, x, y, s, dy, dw, dx, dp, float(scale))
    return {"weight": w, "y": y, "dx": dx, "penalty": value,
            "gradient": _split(row, tensors, dp), "projected": _split(row, tensors, p)}


def _split(row, tensors, flat):
    sizes = np.cumsum([tensors[key].size for key in row.parameters])[:-1]
    pieces = np.split(flat, sizes)
    return {key: piece.reshape(tensors[key].shape)
            for key, piece in zip(row.parameters, pieces, strict=True)}


def make(name, I, O):
    """The unit of `nalu.units` in float64."""
    import torch

    return getattr(units, name)(I, O, torch.Generator().manual_seed(1), dtype=torch.float64)
