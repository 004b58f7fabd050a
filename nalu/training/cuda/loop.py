"""One iteration of one lane, by one warp."""

from __future__ import annotations

import math

import numpy as np

from nalu.training.cuda import tensors, units
from nalu.training.cuda.target import WARP, device, sync_warp, u64
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2

_0, _1 = u64(0), u64(1)
W = u64(WARP)
ADD, SUB, MUL, DIV, SQUARED, ROOT = (u64(k) for k in range(6))

@device
def target(operation, d, sums, K, B, b):
    """The operation on the subset sums of a sample, float64."""
    z = d[sums + b]
    if operation == SUB:
        z -= d[sums + B + b]
    elif operation == DIV:
        z /= d[sums + B + b]
    elif operation == SQUARED:
        z *= z
    elif operation == ROOT:
        z = math.sqrt(z)
    else:
        k = _1
        while k < K:
            y = d[sums + k * B + b]
            z = z + y if operation == ADD else z * y
            k += _1
    return z


@device
def total(d, kd, value, l):
    """Sum over the threads of a warp, in their order."""
    d[kd + l] = value
    sync_warp()
    result, k = 0.0, _0
    while k < W:
        result += d[kd + k]
        k += _1
    sync_warp()
    return result


@device
def largest(d, kd, value, l):
    """Largest over the threads of a warp."""
    d[kd + l] = value
    sync_warp()
    result, k = 0.0, _0
    while k < W:
        result = max(result, d[kd + k])
        k += _1
    sync_warp()
    return result


@device
def predict(lane, s, at, x, kx, lx, kl, S, I, B, R, l, one, epsilon):
    """Outputs of the network for `B` samples into the row ``y``."""
    H, z = lane["hidden_size"], at + lane["z"]
    units.forward(lane["first"], s, at + lane["w1"], x, kx, lx, kl, S, I, H, B, z,
                  at + lane["gate1"], R, l, one)
    if lane["wants_logs"]:
        units.take_log(s, z, H, B, at + lane["log_z"], R, l, epsilon)
    units.forward(lane["second"], s, at + lane["w2"], s, z, s, at + lane["log_z"], R, H, _1, B,
                  at + lane["y"], at + lane["gate2"], R, l, one)


@device
def evaluate(lane, s, d, at, kd, x, kx, lx, E, y, ky, I, B, R, l, one, epsilon):
    """Mean squared error on `E` fixed samples."""
    squares, b0 = 0.0, _0
    while b0 < E:
        n = min(B, E - b0)
        predict(lane, s, at, x, kx + b0, lx, kx + b0, E, I, n, R, l, one, epsilon)
        b = l
        while b < n:
            error = s[at + lane["y"] + b] - y[ky + b0 + b]
            squares += np.float64(error * error)
            b += W
        b0 += B
    return total(d, kd, squares, l) / np.float64(E)


@device
def sparsity_error(s, kw, n, l, one):
    r"""This thread's part of $\max \min(|W|, |1 - |W||)$."""
    worst, k = one - one, l
    while k < n:
        near = abs(s[kw + k])
        worst = max(worst, min(near, abs(one - near)))
        k += W
    return np.float64(worst)


@device
def mean_gate(s, k, B, l):
    """This thread's part of the mean gate on the batch."""
    gates, b = 0.0, l
    while b < B:
        gates += np.float64(s[k + b])
        b += W
    return gates / np.float64(B)


@device
def penalties(lane, tensor, p, l, one):
    """This thread's part of the regulariser of all tensors."""
    value, e = 0.0, lane["tensor"]
    end = e + lane["tensors"]
    while e < end:
        one_of = tensor[e]
        value += tensors.penalty(one_of["kind"], p, one_of["parameters"], one_of["size"], l, one)
        e += _1
    return value


@device
def set_out(lane, tensor, p, s, at, l, one):
    """Effective weights of all tensors; gradients of zero."""
    e, end = lane["tensor"], lane["tensor"] + lane["tensors"]
    while e < end:
        tensors.weight(tensor[e]["kind"], p, tensor[e]["parameters"], s,
                       at + lane["w1"] + tensor[e]["weights"], tensor[e]["size"], l, one)
        e += _1
    k, end = at + lane["gradients"] + l, at + lane["gradients"] + lane["weights"]
    while k < end:
        s[k] = one - one
        k += W


@device
def compare(block, lane, s, d, at, stopped_at, k, t, S, B, l, one):
    """Gradient of the loss for the outputs; this thread's part of the sum of squares.

    A seed whose error is not a number is stopped.
    """
    y, dy, dz, H = at + lane["y"], at + lane["dy"], at + lane["dz"], lane["hidden_size"]
    kind = s.dtype.type
    two_over_B = kind(2.0 / np.float64(B))
    squares, b = 0.0, l
    while b < B:
        wanted = target(lane["operation"], d, block["sums"], block["number_of_subsets"], B, b)
        error = s[y + b] - kind(np.float32(wanted))
        if error != error:
            stopped_at[k] = np.int64(t)
        squares += np.float64(error * error)
        s[dy + b] = two_over_B * error
        j = _0
        while j < H:
            s[dz + j * S + b] = one - one
            j += _1
        b += W
    return squares


@device
def measure(block, lane, tensor, row, s, d, at, kd, p, evaluation, logs, targets, mse, gate, B, R, l,
            one, epsilon):
    """A row of the history."""
    E, I = block["evaluated"], block["input_size"]
    valid = evaluate(lane, s, d, at, kd, evaluation, block["valid_x"], logs, E, targets,
                     lane["valid_y"], I, B, R, l, one, epsilon)
    test = evaluate(lane, s, d, at, kd, evaluation, block["test_x"], logs, E, targets,
                    lane["test_y"], I, B, R, l, one, epsilon)
    worst = largest(d, kd, max(sparsity_error(s, at + lane["w1"], lane["sparse1"], l, one),
                               sparsity_error(s, at + lane["w2"], lane["sparse2"], l, one)), l)
    value = total(d, kd, penalties(lane, tensor, p, l, one), l)
    if l == _0:
        row[0], row[1], row[2], row[3], row[4], row[5] = mse, valid, test, value, worst, gate


@device
def step(lane, tensor, t, correction, p, m, v, s, at, l, one):
    """One step of the optimiser, and the projection; `correction` is Adam's for iteration t."""
    kind = p.dtype.type
    scale, began = 0.0, lane["lambda_start"]
    if lane["lambda_sparse"] > 0.0:
        ramp = (np.float64(t) - began) / (lane["lambda_end"] - began)
        scale = lane["lambda_sparse"] * min(max(ramp, 0.0), 1.0)
    rate, root, momentum = lane["learning_rate"], kind(correction[1]), kind(lane["momentum"])
    if lane["adam"]:
        rate = rate / correction[0]
    constants = kind(1.0 - BETA1), kind(BETA2), kind(1.0 - BETA2), kind(ADAM_EPSILON)
    e, end = lane["tensor"], lane["tensor"] + lane["tensors"]
    while e < end:
        own = tensor[e]
        each = kind(scale / np.float64(own["size"]))
        tensors.update(own["kind"], own["free"], lane["adam"], p, m, v, own["parameters"], s,
                       at + lane["w1"] + own["weights"], at + lane["gradients"] + own["weights"],
                       own["size"], each, kind(rate), root, momentum, constants, l, one)
        e += _1


@device
def iterate(block, lane, tensor, k, t, row, correction, logged, s, d, lx, p, m, v, evaluation, logs,
            targets, stopped_at, at, kd, S, B, l):
    """Iteration `t` of the k-th lane."""
    kind = s.dtype.type
    one, epsilon = kind(1), kind(units.EPSILON)
    I, H, x, kl = block["input_size"], lane["hidden_size"], block["x"], block["log_x"]
    z, dz, gate1, gate2 = at + lane["z"], at + lane["dz"], at + lane["gate1"], at + lane["gate2"]
    w1, w2, g, c = at + lane["w1"], at + lane["w2"], at + lane["gradients"], at + lane["partial"]
    set_out(lane, tensor, p, s, at, l, one)
    sync_warp()
    predict(lane, s, at, s, x, lx, kl, S, I, B, S, l, one, epsilon)
    squares = compare(block, lane, s, d, at, stopped_at, k, t, S, B, l, one)
    sync_warp()
    if stopped_at[k] >= 0:
        return
    mse, gate = 0.0, np.nan
    if logged:
        mse = total(d, kd, squares, l) / np.float64(B)
        if lane["gated"]:
            gate = total(d, kd, mean_gate(s, gate2, B, l), l)
    units.backward(lane["second"], s, w2, g + (w2 - w1), s, z, s, at + lane["log_z"], S, H, _1, B,
                   at + lane["y"], at + lane["dy"], gate2, dz, True, S, c, l, one, epsilon)
    units.backward(lane["first"], s, w1, g, s, x, lx, kl, S, I, H, B, z, dz, gate1, dz, False, S, c,
                   l, one, epsilon)
    if logged:
        measure(block, lane, tensor, row, s, d, at, kd, p, evaluation, logs, targets, mse, gate, B, S,
                l, one, epsilon)
    step(lane, tensor, t, correction, p, m, v, s, at, l, one)
    sync_warp()
