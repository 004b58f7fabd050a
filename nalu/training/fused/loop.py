"""The fused loop: it draws batches, multiplies, differentiates, updates and evaluates a seed without returning to Python."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numba import njit, prange

from nalu.training.fused import batches, bodies, mersenne, weights
from nalu.training.fused.bodies import Room
from nalu.training.fused.memory import LINE, zeros
from nalu.training.fused.products import PARTIAL, factors_back, multiply, multiply_factors
from nalu.training.fused.vectors import WIDTH, compiled, owner
from nalu.training.history import RUNNING
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2

CHUNK = 128  # samples that are evaluated together

Shared = namedtuple("Shared", "batch_size log_every authors sums logs factors hidden_size weights numbers operations evaluated")
"""Settings that the plans share, and sizes: rows of first layers that are sums of inputs, sums of
logarithms and products of factors; the largest hidden size; how many weights, parameters in slots, operations and samples to evaluate."""

Lanes = namedtuple("Lanes", """
    seed words position low width subsets parameters m v valid_x valid_y test_x test_y
    values stopped_at""")
"""State and data: `parameters[k]` are those of the k-th seed, one plan's after the other's.
Evaluation inputs are shared, `[chunk, I, CHUNK]`; `valid_y[a, k]` are the targets of the a-th
operation in the same order. `values[j, k]` and `stopped_at[j, k]` are of the j-th plan."""

Now = namedtuple("Now", "adam rate root keep1 keep2 keep3 epsilon momentum each")
"""The numbers that a step of the optimiser takes from a plan and an iteration."""


@compiled
def power(base, exponent):
    """Compute a power by squaring, so that it is the same on every machine."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


@compiled
def exchange(slots, outside, inside, into):
    """Copy numbers between the order of the plans and the order of the slots, in which every row begins with a whole vector."""
    for s in range(slots.size):
        slot = slots[s]
        for tensor in range(slot.tensors):
            for r in range(slot.rows):
                there = slot.parameters + (tensor * slot.rows + r) * slot.columns
                here = slot.at + (tensor * slot.rows + r) * slot.stride
                for c in range(slot.columns):
                    if into:
                        inside[here + c] = outside[there + c]
                    else:
                        outside[there + c] = inside[here + c]


@compiled
def first_layers(shared, w, stride, x, x_at, x_stride, l, z, columns, count):
    """Compute the products of all first layers."""
    multiply(w, 0, stride, shared.sums, x, x_at, x_stride, columns, z, 0, columns, count)
    row = shared.sums
    multiply(w, row * stride, stride, shared.logs, l, 0, x_stride, columns, z, row * columns, columns, count)
    row += shared.logs
    multiply_factors(w, row * stride, stride, shared.factors, x, x_at, x_stride, columns, z, row * columns, count)


@compiled
def evaluate(shared, plans, w, stride, x, y, k, running, l, room, into):
    """Compute the mean squared errors of all plans over the chunks of an evaluation set, for the k-th seed."""
    C, samples, I = x.shape[2], shared.evaluated, x.shape[1]
    into[:] = 0.0
    flat, targets = x.reshape(-1), y.reshape(-1)
    for c in range(x.shape[0]):
        if shared.logs:
            batches.take_logarithms(flat, c * I * C, I * C, l)
        first_layers(shared, w, stride, flat, c * I * C, C, l, room.z, C, I)
        for j in range(plans.size):
            if running[j]:
                plan = bodies.read(plans[j])
                bodies.forward(plan, room.z, w, C)
                at = (plan.answers * y.shape[1] + k) * y.shape[2] + c * C
                into[j] += np.float64(bodies.test(plan, room, C, targets, at, min(C, samples - c * C)))
    into /= samples


@compiled
def regularity(plan, slots, P, w, scratch):
    r"""Return the sparsity regulariser and the sparsity error $\max \min(|W|, |1 - |W||)$."""
    penalty, worst, one = 0.0, w.dtype.type(0), w.dtype.type(1)
    for s in range(plan.slots, plan.end):
        slot, total = weights.read(slots[s]), 0.0
        weights.terms(slot, P, scratch)
        for r in range(slot.rows):
            for c in range(r * slot.stride, r * slot.stride + slot.columns):
                total += np.float64(scratch[c])
                if slot.sparse:
                    size = abs(w[slot.to + c])
                    worst = max(worst, min(size, abs(one - size)))
        penalty += total / (slot.rows * slot.columns)
    return penalty, np.float64(worst)


@compiled
def update(plan, t, first, second, slots, P, m, v, w, dw, kept):
    """Make one step of the optimiser for all weights of a plan. Adam divides its moments by `first` and `second` to correct their bias."""
    kind = P.dtype.type
    rate = plan.learning_rate / first if plan.adam else plan.learning_rate
    root = 1.0 / math.sqrt(second)
    ramp = (t - plan.lambda_start) / (plan.lambda_end - plan.lambda_start)
    scale = plan.lambda_sparse * min(max(ramp, 0.0), 1.0)
    for s in range(plan.slots, plan.end):
        slot = weights.read(slots[s])
        now = Now(plan.adam != 0, kind(rate), kind(root), kind(1.0 - BETA1), kind(BETA2), kind(1.0 - BETA2),
                  kind(ADAM_EPSILON), kind(plan.momentum), kind(scale / (slot.rows * slot.columns)))
        weights.step(slot, now, P, m, v, w, dw, kept)


@owner
def run_lane(shared, plans, slots, lanes, k, start, stop):
    """Train the k-th seed of all plans from iteration `start` up to, not including, `stop`."""
    kind = lanes.parameters.dtype
    B, I, H, J = shared.batch_size, lanes.valid_x.shape[1], shared.hidden_size, plans.size
    stride, columns = -(-I // WIDTH) * WIDTH, -(-B // PARTIAL) * PARTIAL
    rows = shared.sums + shared.logs + shared.factors
    P, m, v = zeros(shared.numbers, kind), zeros(shared.numbers, kind), zeros(shared.numbers, kind)
    kept = zeros(shared.numbers, kind)
    exchange(slots, lanes.parameters[k], P, True)
    exchange(slots, lanes.m[k], m, True)
    exchange(slots, lanes.v[k], v, True)
    w, dw = zeros(shared.weights, kind), zeros(shared.weights, kind)
    for s in range(slots.size):
        weights.begin(weights.read(slots[s]), P, w, kept)

    gap = columns + LINE // 4  # rows of inputs that lie a power of two apart would share a set of the cache
    x, xt = zeros(stride * gap, kind), zeros(columns * stride, kind)
    x[:], xt[:] = 1, 1
    for b in range(columns):
        xt[b * stride + I : (b + 1) * stride] = 0
    x[I * gap :] = 0
    logged_inputs = min(shared.logs, 1) * stride
    l, lt = zeros(logged_inputs * gap, kind), zeros(logged_inputs * columns, kind)
    le = zeros(min(shared.logs, 1) * I * CHUNK, kind)
    wide, scratch = max(columns, CHUNK), max(3 * H + 3, I, 2 * stride) * PARTIAL
    scratch = max(scratch, shared.numbers)
    delta, logs, sums_ = zeros(H * wide, kind), zeros(H * WIDTH, kind), zeros(scratch, kind)
    room = Room(zeros((rows + H) * columns, kind), w, dw, delta, logs, sums_)
    tested = Room(zeros((rows + H) * CHUNK, kind), w, dw, delta, logs, sums_)
    before = zeros(scratch, kind)
    z, y = room.z, zeros(shared.operations.size * columns, kind)
    sums, K = zeros(lanes.subsets.shape[1] * columns, np.float64), lanes.subsets.shape[1]
    words, position, subsets = lanes.words[k].view(np.int32), lanes.position[k], lanes.subsets[k]
    raw, flat = zeros(mersenne.room(I * (2 * batches.ROWS if lanes.low.size == 1 else 5 * columns)), np.int32), zeros(I * B, kind)
    out = zeros(raw.size, np.int32)
    drawn = zeros(stride * batches.ROWS, np.float64)
    tile = zeros((stride + 8) * batches.ROWS, np.float64)
    mersenne.begin(words, raw, out)
    running = np.empty(J, np.bool_)
    for j in range(J):
        running[j] = lanes.stopped_at[j, k] == RUNNING
    errors = np.zeros((2, J), np.float64)
    two_over_B = kind.type(2.0 / B)

    for t in range(start, stop):
        if not running.any():
            break
        if shared.authors:
            position = batches.draw_authors(raw, out, position, lanes.low, lanes.width, subsets, xt, stride, x, gap,
                                            B, I, sums, drawn, tile)
        else:
            batches.draw_philox(lanes.seed[k], t, lanes.low, lanes.width, subsets, x, gap, B, sums, flat)
            batches.turn(x, 0, gap, stride, columns, xt, 0, stride)
        for a in range(shared.operations.size):
            batches.target(shared.operations[a], sums, K, y, a * columns)
        if shared.logs:
            batches.take_logarithms(x, 0, I * gap, l)
            batches.turn(l, 0, gap, stride, columns, lt, 0, stride)
        first_layers(shared, w, stride, x, 0, gap, l, z, columns, I)
        logged, row = t % shared.log_every == 0, t // shared.log_every
        for j in range(J):
            if running[j]:
                plan = bodies.read(plans[j])
                bodies.forward(plan, z, w, columns)
                error, gates = bodies.learn(plan, room, columns, y, plan.answers * columns, B, two_over_B)
                if np.isnan(error):
                    lanes.stopped_at[j, k] = t
                    running[j] = False
                    continue
                bodies.backward(plan, room, columns)
                if logged:
                    lanes.values[j, k, row, 0] = error / kind.type(B)
                    lanes.values[j, k, row, 5] = gates / kind.type(B) if plan.gated else np.nan
        if logged:
            evaluate(shared, plans, w, stride, lanes.valid_x, lanes.valid_y, k, running, le, tested, errors[0])
            evaluate(shared, plans, w, stride, lanes.test_x, lanes.test_y, k, running, le, tested, errors[1])
            for j in range(J):
                if running[j]:
                    found = lanes.values[j, k, row]
                    found[1], found[2] = errors[0, j], errors[1, j]
                    found[3], found[4] = regularity(bodies.read(plans[j]), slots, P, w, sums_)
        at = shared.sums
        multiply(z, 0, columns, at, xt, 0, stride, stride, dw, 0, stride, B)
        multiply(z, at * columns, columns, shared.logs, lt, 0, stride, stride, dw, at * stride, stride, B)
        at += shared.logs
        factors_back(w, at * stride, stride, shared.factors, x, gap, columns, z, at * columns, dw, I,
                     before, sums_)
        first, second = 1.0 - power(BETA1, t + 1), 1.0 - power(BETA2, t + 1)
        for j in range(J):
            if running[j]:
                update(bodies.read(plans[j]), t, first, second, slots, P, m, v, w, dw, kept)
    lanes.position[k] = mersenne.end(words, raw, position)
    exchange(slots, lanes.parameters[k], P, False)
    exchange(slots, lanes.m[k], m, False)
    exchange(slots, lanes.v[k], v, False)


@njit(parallel=True, cache=True, error_model="numpy", nogil=True)
def advance(shared, plans, slots, lanes, running, start, stop):
    """Run the seeds whose indices are in `running`, side by side."""
    for j in prange(running.size):
        run_lane(shared, plans, slots, lanes, running[j], start, stop)
