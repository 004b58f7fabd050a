"""The fused loop: data, gradient, update and evaluation of a seed, without leaving it."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numba import njit, prange

from nalu.training.fused import mersenne
from nalu.training.fused.batches import ROWS, draw, target
from nalu.training.fused.kernels import backward, chain, forward, penalty, project, weight
from nalu.training.fused.maps import exact, kernel
from nalu.training.fused.scalars import FAST
from nalu.training.history import RUNNING
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2

PLAN = np.dtype([(name, np.int64) for name in """
    first second operation answers hidden_size begin end split weights1 weights2 sparse1
    sparse2 scratch1 scratch2 lambda_start lambda_end adam gated""".split()]
    + [(name, np.float64) for name in ("learning_rate", "momentum", "lambda_sparse")])
"""Settings of one of the plans that are trained together: codes of the units' kernels, sizes,
the papers' parameters, and where its own are among those of all plans (`begin`, `end`)."""

Shared = namedtuple("Shared", "batch_size log_every authors block")
"""Settings that the plans share; `block` is how many batches are drawn at a time."""

Lanes = namedtuple("Lanes", """
    seed words position low width subsets parameters m v valid_x valid_y test_x test_y
    values stopped_at""")
"""State and data: `parameters[k]` are those of the k-th seed, one plan's after the other's.
Evaluation inputs are shared, `[chunk, I, C]`; `valid_y[a, k]` are the targets of the a-th
operation in the same order. `values[j, k]` and `stopped_at[j, k]` are of the j-th plan."""

Room = namedtuple("Room", "t z dz y dy z_eval y_eval nothing s1 s2 w1 w2 dw1 dw2 g")
"""Memory that the plans use one after the other, large enough for each of them."""


@kernel
def mean_squared_error(y, t):
    total = y.dtype.type(0)
    for b in range(t.size):
        total += (y[0, b] - t[b]) * (y[0, b] - t[b])
    return total / t.dtype.type(t.size)


@kernel
def predict(plan, w1, w2, x, z, y, s1, s2):
    """Forward pass of both units: `[I, B]` to `[1, B]`."""
    forward(plan.first, w1, x, z, s1)
    forward(plan.second, w2, z, y, s2)


@kernel
def evaluate(plan, w1, w2, x, t, z, y, s1, s2):
    """Mean squared error over the chunks of an evaluation set."""
    total, C = 0.0, x.shape[2]
    for c in range(x.shape[0]):
        predict(plan, w1, w2, x[c], z, y, s1, s2)
        total += np.float64(mean_squared_error(y, t[c * C : (c + 1) * C]))
    return total / x.shape[0]


@kernel
def sparsity_error(w):
    r"""$\max \min(|W|, |1 - |W||)$."""
    worst, one = w.dtype.type(0), w.dtype.type(1)
    for k in range(w.size):
        worst = max(worst, min(abs(w[k]), abs(one - abs(w[k]))))
    return np.float64(worst)


@exact
def step(plan, t, p, g, m, v):
    """One update of the optimiser, in PyTorch's order of operations."""
    kind = p.dtype.type
    if not plan.adam:
        momentum, rate = kind(plan.momentum), kind(plan.learning_rate)
        for k in range(p.size):
            m[k] = momentum * m[k] + g[k]
            p[k] -= rate * m[k]
        return
    rate = kind(plan.learning_rate / (1.0 - BETA1 ** (t + 1)))
    root = kind(math.sqrt(1.0 - BETA2 ** (t + 1)))
    keep1, keep2, epsilon = kind(1.0 - BETA1), kind(BETA2), kind(ADAM_EPSILON)
    keep3 = kind(1.0 - BETA2)
    for k in range(p.size):
        m[k] += keep1 * (g[k] - m[k])
        v[k] = keep2 * v[k] + keep3 * g[k] * g[k]
        p[k] -= rate * m[k] / (np.sqrt(v[k]) / root + epsilon)


@kernel
def train(shared, plan, lanes, j, k, start, count, x, sums, room):
    """Train the k-th seed of the j-th plan with `count` batches from iteration `start` on."""
    p = lanes.parameters[k, plan.begin : plan.end]
    m, v = lanes.m[k, plan.begin : plan.end], lanes.v[k, plan.begin : plan.end]
    B, H, C = shared.batch_size, plan.hidden_size, lanes.valid_x.shape[2]
    t_batch, y, dy, y_eval, nothing = room.t, room.y, room.dy, room.y_eval, room.nothing
    z, dz = room.z[: H * B].reshape(H, B), room.dz[: H * B].reshape(H, B)
    z_eval = room.z_eval[: H * C].reshape(H, C)
    s1, s2 = room.s1[: plan.scratch1], room.s2[: plan.scratch2]
    w1, w2 = room.w1[: plan.weights1], room.w2[: plan.weights2]
    dw1, dw2 = room.dw1[: plan.weights1], room.dw2[: plan.weights2]
    p1, p2 = p[: plan.split], p[plan.split :]
    g = room.g[: p.size]
    g1, g2 = g[: plan.split], g[plan.split :]
    two_over_B = p.dtype.type(2.0 / B)

    for n in range(count):
        t = start + n
        target(plan.operation, sums[n], t_batch)
        weight(plan.first, p1, w1)
        weight(plan.second, p2, w2)
        predict(plan, w1, w2, x[n], z, y, s1, s2)
        mse = mean_squared_error(y, t_batch)
        if np.isnan(mse):
            lanes.stopped_at[j, k] = t
            break
        logged = t % shared.log_every == 0
        gate = np.nan
        if logged and plan.gated:
            gate = np.float64(s2[:B].mean())

        dw1[:] = 0
        dw2[:] = 0
        dz[:] = 0
        for b in range(B):
            dy[0, b] = two_over_B * (y[0, b] - t_batch[b])
        backward(plan.second, w2, z, y, dy, dw2, dz, s2)
        backward(plan.first, w1, x[n], z, dz, dw1, nothing, s1)
        chain(plan.first, p1, w1, dw1, g1)
        chain(plan.second, p2, w2, dw2, g2)
        ramp = (t - plan.lambda_start) / (plan.lambda_end - plan.lambda_start)
        scale = plan.lambda_sparse * min(max(ramp, 0.0), 1.0)
        if scale > 0.0 or logged:
            value = penalty(plan.first, p1, scale, g1) + penalty(plan.second, p2, scale, g2)
            if logged:
                row = lanes.values[j, k, t // shared.log_every]
                row[0] = mse
                row[1] = evaluate(plan, w1, w2, lanes.valid_x, lanes.valid_y[plan.answers, k],
                                  z_eval, y_eval, s1, s2)
                row[2] = evaluate(plan, w1, w2, lanes.test_x, lanes.test_y[plan.answers, k],
                                  z_eval, y_eval, s1, s2)
                row[3] = value
                row[4] = max(sparsity_error(w1[: plan.sparse1]), sparsity_error(w2[: plan.sparse2]))
                row[5] = gate
        step(plan, t, p, g, m, v)
        project(plan.first, p1)
        project(plan.second, p2)


@kernel
def run_lane(shared, plans, lanes, k, start, stop):
    """Train the k-th seed of all plans from iteration `start` up to, not including, `stop`."""
    kind = lanes.parameters.dtype
    T, B, I, C = shared.block, shared.batch_size, lanes.valid_x.shape[1], lanes.valid_x.shape[2]
    H, P = plans.hidden_size.max(), (plans.end - plans.begin).max()
    room = Room(
        np.empty(B, kind), np.empty(H * B, kind), np.empty(H * B, kind), np.empty((1, B), kind),
        np.empty((1, B), kind), np.empty(H * C, kind), np.empty((1, C), kind),
        np.empty((0, B), kind), np.empty(plans.scratch1.max(), kind),
        np.empty(plans.scratch2.max(), kind), np.empty(plans.weights1.max(), kind),
        np.empty(plans.weights2.max(), kind), np.empty(plans.weights1.max(), kind),
        np.empty(plans.weights2.max(), kind), np.empty(P, kind))
    x = np.empty((T, I, B), kind)
    sums = np.empty((T, lanes.subsets.shape[1], B), np.float64)
    words, position = lanes.words[k], lanes.position[k]
    out, tile = np.empty(mersenne.N, np.uint32), np.empty((I, ROWS), np.float64)
    one, two = np.empty(I * B, np.float64), np.empty(I * B * (lanes.low.size - 1), np.float64)
    tools = words, out, one, two, tile
    if shared.authors:
        mersenne.temper(words, out)

    for t in range(start, stop, T):
        count = min(T, stop - t)
        position = draw(shared, lanes, k, t, count, position, tools, x, sums)
        running = False
        for j in range(plans.size):
            if lanes.stopped_at[j, k] == RUNNING:
                train(shared, plans[j], lanes, j, k, t, count, x, sums, room)
                running = True
        if not running:
            break
    lanes.position[k] = position


@njit(parallel=True, cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def advance(shared, plans, lanes, running, start, stop):
    """Run the seeds whose indices are in `running`, side by side."""
    for j in prange(running.size):
        run_lane(shared, plans, lanes, running[j], start, stop)
