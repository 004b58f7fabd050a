"""The kernel: all iterations of a launch, for all lanes.

A block of threads draws one stream of batches, and each of its warps trains the lanes
of that stream whose turn it is, one after the other, on the same batch. A lane is thus computed
by one warp, in an order that depends neither on its company nor on the grid nor on where
launches are cut.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import cuda, from_dtype

from nalu.training.cuda import draw, loop, units
from nalu.training.cuda.draw import N
from nalu.training.cuda.target import SIMULATED, WARP, device, sync_block, u64

_0, _1, _2 = u64(0), u64(1), u64(2)
W = u64(WARP)
REGISTERS = 128  # of a thread, so that a multiprocessor holds 16 warps


@device
def batch(block, u, d, s, lx, subsets, scratch, now, other, position, t, S, B, warp, warps, l,
          thread, threads, epsilon):
    """The batch of iteration `t`: inputs, subset sums and, where a lane wants them, logarithms."""
    I, K, sums = block["input_size"], block["number_of_subsets"], block["sums"]
    low0, width0, low1, width1 = block["low0"], block["width0"], block["low1"], block["width1"]
    intervals, kx = block["intervals"], block["x"]
    if not block["authors"]:
        draw.philox_inputs(s, kx, S, I, B, block["seed"], t, low0, width0, low1, width1, intervals,
                           thread, threads)
        sync_block()
        draw.sum_rows(s, kx, S, d, sums, subsets, K, B, thread, threads)
    elif intervals == _1:
        first, rows, tile = _0, block["tile_rows"], block["tile"]
        while first < B:
            samples = min(rows, B - first)
            now, other, position = draw.uniform(u, now, other, position, low0, width0, d, tile,
                                                samples * I, thread, threads)
            sync_block()
            draw.lay_out(d, tile, samples, first, s, kx, S, I, d, sums, subsets, K, B, warp, warps,
                         l, W, thread, threads)
            sync_block()
            first += samples
    else:
        one, two = block["scratch"], block["scratch"] + I * B
        now, other, position = draw.uniform(u, now, other, position, low0, width0, scratch, one, I * B,
                                            thread, threads)
        now, other, position = draw.uniform(u, now, other, position, low1, width1, scratch, two, I * B,
                                            thread, threads)
        sync_block()
        now, other, position = draw.choose(u, now, other, position, scratch, one, two, I * B, thread,
                                           threads)
        sync_block()
        draw.lay_out(scratch, one, B, _0, s, kx, S, I, d, sums, subsets, K, B, warp, warps, l, W,
                     thread, threads)
    sync_block()
    if block["logs"]:
        i = warp
        while i < I:
            b, kl = l, block["log_x"]
            while b < B:
                lx[kl + i * S + b] = units.log(abs(s[kx + i * S + b]) + epsilon)
                b += W
            i += warps
        sync_block()
    return now, other, position


@cache
def build(dtype: str, batch_size: int):
    """The kernel for a precision and a batch size, which are constants of the compiled code.

    It is launched over ``[blocks, threads, stream, bytes of shared memory]``; the arguments are
    those of `nalu.training.cuda.engine`.
    """
    kind, B = from_dtype(np.dtype(dtype)), u64(batch_size)
    S = B | _1  # odd: threads along either axis read different banks
    wide, words = from_dtype(np.dtype(np.float64)), from_dtype(np.dtype(np.uint32))

    def kernel(blocks, lanes, tensor, subsets, p, m, v, state, evaluation, logs, targets, values,
               stopped_at, corrections, scratch, log_scratch, start, stop, log_every):
        s = cuda.shared.array(0, kind)
        d = cuda.shared.array(0, wide)
        u = cuda.shared.array(0, words)
        thread, threads = u64(cuda.threadIdx.x), u64(cuda.blockDim.x)
        warp, warps, l = thread // W, threads // W, thread % W
        block = blocks[cuda.blockIdx.x]
        me, epsilon = block["index"], s.dtype.type(units.EPSILON)
        own, parts = state[me], subsets[me]
        lx = s if block["logs"] == _1 else log_scratch
        now, other, position = block["words"], block["words"] + N, block["position"]
        at, kd = block["work"] + warp * block["work_size"], block["reduce"] + warp * W
        if block["authors"]:
            k = thread
            while k < N:
                u[now + k] = own[k]
                k += threads
        t, first_row = start, (start + log_every - _1) // log_every
        while t < stop:
            sync_block()
            now, other, position = batch(block, u, d, s, lx, parts, scratch, now, other, position, t,
                                         S, B, warp, warps, l, thread, threads, epsilon)
            k = block["lane"] + (warp + block["turn"]) % warps
            end = block["lane"] + block["lanes"]
            while k < end:
                if stopped_at[k] < 0:
                    logged = t % log_every == _0
                    row = values[k, t // log_every - first_row if logged else _0]
                    loop.iterate(block, lanes[k], tensor, k, t, row, corrections[t - start], logged, s,
                                 d, lx, p, m, v, evaluation, logs, targets, stopped_at, at, kd, S, B, l)
                k += warps
            t += _1
        sync_block()
        if block["authors"]:
            k = thread
            while k < N:
                own[k] = u[now + k]
                k += threads
            if thread == _0:
                blocks[cuda.blockIdx.x]["position"] = position

    return cuda.jit(kernel, **({} if SIMULATED else {"max_registers": REGISTERS}))
