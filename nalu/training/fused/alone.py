"""One unit of the engine by itself: notebooks and tests ask for its outputs and gradients at inputs of their own."""

from __future__ import annotations

import numpy as np
from numba import njit

from nalu.training.fused.cache import ENGINE
from nalu.training.fused.kernels import CODES, KERNELS
from nalu.training.fused.member import NAMES, whole
from nalu.training.fused.weights import SLOT

with ENGINE.kept():
    from nalu.training.fused import bodies, loop, weights

    @njit(cache=True, error_model="numpy")
    def _respond(lane, slots, now, P, g, w, kept, room, stride, dy, y):
        for s in range(slots.size):
            weights.begin(weights.read(slots[s]), P, w, kept)
        bodies.respond(bodies.read(lane), room, stride, dy, y)
        for s in range(slots.size):
            weights.step(weights.read(slots[s]), now, P, g, g, w, room.dw, kept)


def respond(name: str, tensors: dict[str, np.ndarray], x: np.ndarray, dy: np.ndarray, scale: float = 0.0) -> dict:
    """Return everything that a unit with these parameters computes, in float64.

    Parameters
    ----------
    name
        A key of `KERNELS`.
    tensors
        Its parameters by name: matrices `[O, I]` and a bias `[O]`.
    x, dy
        The inputs `[I, B]` and the gradients with respect to the outputs `[O, B]`.
    scale
        Weight of the sparsity regulariser, which is the mean over all outputs.

    Returns
    -------
    dict
        ``weight`` (matrices one after the other), ``y``, ``dx``, and by the parameters' names
        ``gradient`` (of ``(dy * y).sum() + scale * penalty``) and ``projected``.
    """
    tensors = {key: np.asarray(value, float) for key, value in tensors.items()}
    found = [_one(name, {key: value[o] for key, value in tensors.items()}, x, dy[o], scale / len(dy))
             for o in range(len(dy))]
    stacked = lambda group: {key: np.stack([one[group][key] for one in found]) for key in tensors}
    return {"weight": np.concatenate([np.stack(of).ravel() for of in zip(*(one["weight"] for one in found), strict=True)]),
            "y": np.stack([one["y"] for one in found]), "dx": sum(one["dx"] for one in found),
            "gradient": stacked("gradient"), "projected": stacked("projected")}


def _one(name, tensors, x, dy, scale) -> dict:
    """Do the same for a unit with one output. A second layer of the engine always has one output."""
    (I, B), kernel = x.shape, KERNELS[name]
    stride, slots, places, lane, at, to = whole(-(-B // 32) * 32), [], {}, np.zeros((), bodies.LANE), 0, 0
    for part in NAMES.values():
        lane[part + "2"] = -1
    lane["second"], lane["activation2"], lane["hidden_size"] = kernel.body, kernel.activation, I
    for matrix in kernel.matrices:
        columns, goals = tensors[matrix.tensors[0]].size, []
        for role in matrix.roles:
            lane[NAMES[role] + "2"] = to
            goals.append(to)
            to += whole(columns)
        row = {"kind": CODES[matrix.kind], "tensors": len(matrix.tensors), "rows": 1, "columns": columns,
               "stride": whole(columns), "at": at, "to": goals[0], "also": [*goals, -1][1], "sparse": matrix.sparse}
        slots.append(tuple(row.get(key, 0) for key in SLOT.names))
        for tensor in matrix.tensors:
            places[tensor] = slice(at, at + columns)
            at += whole(columns)
    P, g, kept, (w, dw) = np.zeros(at), np.zeros(at), np.zeros(at), np.zeros((2, to))
    for tensor, place in places.items():
        P[place] = tensors[tensor].ravel()
    z, given, y = np.ones((I, stride)), np.zeros(stride), np.zeros(stride)
    z[:, :B], given[:B] = x, dy
    room = bodies.Room(z.ravel(), w, dw, np.zeros(I * stride), np.zeros(I * whole(1)), np.zeros((3 * I + 3) * 32))
    now = loop.Now(False, *np.zeros(7), float(scale / I))
    _respond(np.array([lane])[0], np.array(slots, SLOT), now, P, g, w, kept, room, stride, given, y)
    begun = [(matrix, slots[k][SLOT.names.index("to")]) for k, matrix in enumerate(kernel.matrices) if matrix.sparse]
    return {"weight": [w[first : first + I].copy() for _, first in begun], "y": y[:B],
            "dx": room.delta.reshape(I, stride)[:, :B],
            "gradient": {key: g[place].reshape(tensors[key].shape) for key, place in places.items()},
            "projected": {key: P[place].reshape(tensors[key].shape) for key, place in places.items()}}
