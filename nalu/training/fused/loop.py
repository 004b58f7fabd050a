"""The fused loop: data, gradient, update and evaluation of a seed, without leaving it."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numba import njit, prange

from nalu.training.fused import mersenne, philox
from nalu.training.fused.kernels import backward, chain, forward, penalty, project, weight
from nalu.training.fused.maps import exact, kernel
from nalu.training.fused.scalars import FAST
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2

Plan = namedtuple("Plan", """
    first second operation hidden_size batch_size log_every adam learning_rate momentum
    lambda_sparse lambda_start lambda_end authors split weights1 weights2 sparse1 sparse2
    scratch1 scratch2 gated""")
"""Settings of all seeds: codes of the units' kernels, sizes, and the papers' parameters."""

Lanes = namedtuple("Lanes", """
    seed words position low width subsets parameters m v valid_x valid_y test_x test_y
    values stopped_at""")
"""State and data, the seed first: `parameters[k]` are those of the k-th seed. Evaluation
inputs are shared, `[chunk, I, C]`; `valid_y[k]` are the targets, in the same order."""

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
def run_lane(plan, lanes, k, start, stop):
    """Train the k-th seed from iteration `start` up to, not including, `stop`."""
    p, m, v = lanes.parameters[k], lanes.m[k], lanes.v[k]
    kind = p.dtype
    subsets, words, position = lanes.subsets[k], lanes.words[k], lanes.position[k]
    B, H, I = plan.batch_size, plan.hidden_size, lanes.valid_x.shape[1]
    C = lanes.valid_x.shape[2]
    x = np.empty((I, B), kind)
    sums = np.empty((subsets.shape[0], B), np.float64)
    one, two = np.empty(I * B, np.float64), np.empty(I * B * (lanes.low.size - 1), np.float64)
    out, tile = np.empty(mersenne.N, np.uint32), np.empty((I, ROWS), np.float64)
    if plan.authors:
        mersenne.temper(words, out)
    t_batch = np.empty(B, kind)
    z, dz, y, dy = np.empty((H, B), kind), np.empty((H, B), kind), np.empty((1, B), kind), \
        np.empty((1, B), kind)
    nothing = np.empty((0, B), kind)
    z_eval, y_eval = np.empty((H, C), kind), np.empty((1, C), kind)
    s1, s2 = np.empty(plan.scratch1, kind), np.empty(plan.scratch2, kind)
    p1, p2 = p[: plan.split], p[plan.split :]
    w1, w2 = np.empty(plan.weights1, kind), np.empty(plan.weights2, kind)
    dw1, dw2 = np.empty(plan.weights1, kind), np.empty(plan.weights2, kind)
    g = np.empty(p.size, kind)
    g1, g2 = g[: plan.split], g[plan.split :]
    two_over_B = kind.type(2.0 / B)

    for t in range(start, stop):
        if plan.authors:
            position = draw_authors(words, out, position, lanes.low, lanes.width, subsets,
                                    x, sums, one, two, tile)
        else:
            philox.inputs(x, lanes.seed[k], t, lanes.low, lanes.width)
            sum_rows(x, subsets, sums)
        target(plan.operation, sums, t_batch)

        weight(plan.first, p1, w1)
        weight(plan.second, p2, w2)
        predict(plan, w1, w2, x, z, y, s1, s2)
        mse = mean_squared_error(y, t_batch)
        if np.isnan(mse):
            lanes.stopped_at[k] = t
            break
        logged = t % plan.log_every == 0
        gate = np.nan
        if logged and plan.gated:
            gate = np.float64(s2[:B].mean())

        dw1[:] = 0
        dw2[:] = 0
        dz[:] = 0
        for b in range(B):
            dy[0, b] = two_over_B * (y[0, b] - t_batch[b])
        backward(plan.second, w2, z, y, dy, dw2, dz, s2)
        backward(plan.first, w1, x, z, dz, dw1, nothing, s1)
        chain(plan.first, p1, w1, dw1, g1)
        chain(plan.second, p2, w2, dw2, g2)
        ramp = (t - plan.lambda_start) / (plan.lambda_end - plan.lambda_start)
        scale = plan.lambda_sparse * min(max(ramp, 0.0), 1.0)
        if scale > 0.0 or logged:
            value = penalty(plan.first, p1, scale, g1) + penalty(plan.second, p2, scale, g2)
            if logged:
                row = lanes.values[k, t // plan.log_every]
                row[0] = mse
                row[1] = evaluate(plan, w1, w2, lanes.valid_x, lanes.valid_y[k],
                                  z_eval, y_eval, s1, s2)
                row[2] = evaluate(plan, w1, w2, lanes.test_x, lanes.test_y[k],
                                  z_eval, y_eval, s1, s2)
                row[3] = value
                row[4] = max(sparsity_error(w1[: plan.sparse1]), sparsity_error(w2[: plan.sparse2]))
                row[5] = gate
        step(plan, t, p, g, m, v)
        project(plan.first, p1)
        project(plan.second, p2)
    lanes.position[k] = position


@njit(parallel=True, cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def advance(plan, lanes, running, start, stop):
    """Run the seeds whose indices are in `running`, side by side."""
    for j in prange(running.size):
        run_lane(plan, lanes, running[j], start, stop)
