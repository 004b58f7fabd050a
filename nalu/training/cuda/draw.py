"""A batch and its subset sums, drawn by all threads of a block together.

Inputs are rows of samples in shared memory, ``x[kx + i * S + b]``. The numbers are, bit by bit,
those of the streams of `nalu.training.fused`: Philox from the same function, and the Mersenne
Twister in two buffers of 624 words, one made from the other in three steps, since a word
depends on the one 227 places before it.
"""

from __future__ import annotations

import numpy as np

from nalu.training.cuda.target import device, fma, product, sync_block, u32, u64
from nalu.training.fused import philox
from nalu.training.streams import COIN, INPUT, KEY

philox4x32 = device(philox.philox4x32)
uniform24 = device(philox.uniform)

N, M = u64(624), u64(397)
PHASE = N - M
_0, _1, _2, _3, _4 = u64(0), u64(1), u64(2), u64(3), u64(4)
_UPPER, _LOWER, _MATRIX = u32(0x80000000), u32(0x7FFFFFFF), u32(0x9908B0DF)
_B, _C = u32(0x9D2C5680), u32(0xEFC60000)
_S1, _S5, _S6, _S7, _S11, _S15, _S18, _S31 = (u32(k) for k in (1, 5, 6, 7, 11, 15, 18, 31))
_KEY, _INPUT, _COIN, _ZERO = u32(KEY), u32(INPUT), u32(COIN), u32(0)
_TWO_52 = u64(0x4330000000000000)  # the bits of 2.0**52


@device
def _mix(upper, lower):
    y = u32((upper & _UPPER) | (lower & _LOWER))
    return u32(u32(y >> _S1) ^ (_MATRIX if y & _S1 else _ZERO))


@device
def temper(y):
    """The random number of a word."""
    y = u32(y ^ u32(y >> _S11))
    y = u32(y ^ u32(u32(y << _S7) & _B))
    y = u32(y ^ u32(u32(y << _S15) & _C))
    return u32(y ^ u32(y >> _S18))


@device
def refill(u, old, new, thread, threads):
    """The next 624 words."""
    k = thread
    while k < PHASE:
        u[new + k] = u[old + k + M] ^ _mix(u[old + k], u[old + k + _1])
        k += threads
    sync_block()
    k = PHASE + thread
    while k < PHASE + PHASE:
        u[new + k] = u[new + k - PHASE] ^ _mix(u[old + k], u[old + k + _1])
        k += threads
    sync_block()
    k = PHASE + PHASE + thread
    while k < N:
        last = k == N - _1
        u[new + k] = u[new + k - PHASE] ^ _mix(u[old + k], u[new] if last else u[old + k + _1])
        k += threads
    sync_block()


@device
def _whole(bits):
    """An integer below 2^52 as a float64: placed in the mantissa of 2^52, which is subtracted."""
    return u64(_TWO_52 | bits).view(np.float64) - 4503599627370496.0


@device
def double(a, b, low, width):
    """``low + width * r``, r in [0, 1) from 53 bits of two words; each operation is rounded."""
    high, rest = _whole(u64(temper(a) >> _S5)), _whole(u64(temper(b) >> _S6))
    r = fma(high, 67108864.0, rest) * (1.0 / 9007199254740992.0)
    return low + product(width, r)


@device
def uniform(u, now, other, position, low, width, into, k, count, thread, threads):
    """Fill ``into[k : k + count]`` with ``RandomState.uniform``; the buffers and the new position."""
    done = _0
    while done < count:
        if position >= N:
            refill(u, now, other, thread, threads)
            now, other, position = other, now, _0
        pairs = min((N - position) // _2, count - done)
        j = thread
        while j < pairs:
            a = now + position + j + j
            into[k + done + j] = double(u[a], u[a + _1], low, width)
            j += threads
        position += pairs + pairs
        done += pairs
        if position == N - _1 and done < count:  # a pair across two buffers
            a = u[now + N - _1]
            refill(u, now, other, thread, threads)
            now, other, position = other, now, _1
            if thread == _0:
                into[k + done] = double(a, u[now], low, width)
            done += _1
    return now, other, position


@device
def choose(u, now, other, position, into, one, two, count, thread, threads):
    """Where ``RandomState.randint(2)`` is 0, replace the number at `one` by that at `two`."""
    done = _0
    while done < count:
        if position >= N:
            refill(u, now, other, thread, threads)
            now, other, position = other, now, _0
        words = min(N - position, count - done)
        j = thread
        while j < words:
            if temper(u[now + position + j]) & _S1 == _ZERO:
                into[one + done + j] = into[two + done + j]
            j += threads
        position += words
        done += words
    return now, other, position


@device
def lay_out(drawn, k, samples, first, x, kx, S, I, d, sums, subsets, K, B, warp, warps, l, wide,
            thread, threads):
    """Samples `[samples, I]` from `drawn[k:]` into the columns of x and of the sums from `first` on.

    The sums are taken before the inputs are rounded to float32, as the authors do.
    """
    r = warp
    while r < samples:
        i = l
        while i < I:
            x[kx + i * S + first + r] = np.float32(drawn[k + r * I + i])
            i += wide
        r += warps
    job = thread
    while job < K * samples:
        part, r = job // samples, job % samples
        i, end = subsets[part, 0], subsets[part, 1]
        total = 0.0
        while i < end:
            total += drawn[k + r * I + i]
            i += _1
        d[sums + part * B + first + r] = total
        job += threads


@device
def _place(x, kx, S, B, e, count, word, coin, l0, w0, l1, w1, intervals):
    """The input of element `e`, from its word and its coin."""
    if e < count:
        r = uniform24(word)
        value = l0 + product(w0, r)
        if intervals == _2 and coin >> _S31 == _ZERO:
            value = l1 + product(w1, r)
        x[kx + (e // B) * S + e % B] = value


@device
def philox_inputs(x, kx, S, I, B, seed, t, low0, width0, low1, width1, intervals, thread, threads):
    """Inputs of iteration `t`, each rounded as on every other engine."""
    count, key = I * B, u32(seed)
    l0, w0, l1, w1 = np.float32(low0), np.float32(width0), np.float32(low1), np.float32(width1)
    n = thread
    while n * _4 < count:
        a0, a1, a2, a3 = philox4x32(u32(n), u32(t), _INPUT, _ZERO, key, _KEY)
        c0, c1, c2, c3 = a0, a1, a2, a3
        if intervals == _2:
            c0, c1, c2, c3 = philox4x32(u32(n), u32(t), _COIN, _ZERO, key, _KEY)
        e = n * _4
        _place(x, kx, S, B, e, count, a0, c0, l0, w0, l1, w1, intervals)
        _place(x, kx, S, B, e + _1, count, a1, c1, l0, w0, l1, w1, intervals)
        _place(x, kx, S, B, e + _2, count, a2, c2, l0, w0, l1, w1, intervals)
        _place(x, kx, S, B, e + _3, count, a3, c3, l0, w0, l1, w1, intervals)
        n += threads


@device
def sum_rows(x, kx, S, d, sums, subsets, K, B, thread, threads):
    """Subset sums `[K, B]` of inputs that float32 represents, in float64."""
    job = thread
    while job < K * B:
        part, b = job // B, job % B
        i, end = subsets[part, 0], subsets[part, 1]
        total = 0.0
        while i < end:
            total += np.float64(x[kx + i * S + b])
            i += _1
        d[sums + job] = total
        job += threads
