"""Philox-4x32-10 in compiled code: the ``philox`` stream of `nalu.training.streams`."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from nalu.training.fused.vectors import compiled
from nalu.training.streams import COIN, INPUT, KEY

u32, u64 = np.uint32, np.uint64
_M0, _M1 = u64(0xD2511F53), u64(0xCD9E8D57)
_W0, _W1 = u32(0x9E3779B9), u32(0xBB67AE85)
_32, _8, _31, _KEY = u64(32), u32(8), u32(31), u32(KEY)
_INPUT, _COIN, _ZERO = u32(INPUT), u32(COIN), u32(0)


@register_jitable
def philox4x32(c0, c1, c2, c3, k0, k1):
    """Four random words from a counter and a key of uint32."""
    for _ in range(10):
        p0, p1 = _M0 * u64(c0), _M1 * u64(c2)
        c0, c2 = u32(u32(p1 >> _32) ^ c1 ^ k0), u32(u32(p0 >> _32) ^ c3 ^ k1)
        c1, c3 = u32(p1), u32(p0)
        k0, k1 = u32(k0 + _W0), u32(k1 + _W1)
    return c0, c1, c2, c3


@register_jitable
def uniform(word):
    """Make a number in [0, 1) of the upper 24 bits of a word; it is exact in float32."""
    return np.float32(np.int32(word >> _8)) * np.float32(2.0**-24)


# low + width * u must be rounded twice, as on every other engine.
@compiled
def inputs(x, seed, iteration, low, width):
    """Fill `x` `[I, B]` for one iteration; `low` and `width` have one or two intervals.

    `seed` and `iteration` are int64, because the code that the compiler makes for uint32 is slower
    by two thirds.
    """
    flat = x.reshape(-1)
    key, t = u32(seed), u32(iteration)
    l0, w0 = np.float32(low[0]), np.float32(width[0])
    whole = flat.size // 4
    for n in range(whole):
        a, b, c, d = philox4x32(u32(n), t, _INPUT, _ZERO, key, _KEY)
        flat[4 * n] = l0 + w0 * uniform(a)
        flat[4 * n + 1] = l0 + w0 * uniform(b)
        flat[4 * n + 2] = l0 + w0 * uniform(c)
        flat[4 * n + 3] = l0 + w0 * uniform(d)
    for e in range(4 * whole, flat.size):
        words = philox4x32(u32(whole), t, _INPUT, _ZERO, key, _KEY)
        flat[e] = l0 + w0 * uniform(words[e % 4])
    if low.size == 2:
        _second_interval(flat, key, t, low, width)


@compiled
def _second_interval(flat, key, t, low, width):
    """Draw again from the same words, for all inputs for which the coin chose the second interval."""
    l1, w1 = np.float32(low[1]), np.float32(width[1])
    for n in range(-(-flat.size // 4)):
        words = philox4x32(u32(n), t, _INPUT, _ZERO, key, _KEY)
        coins = philox4x32(u32(n), t, _COIN, _ZERO, key, _KEY)
        for j in range(min(4, flat.size - 4 * n)):
            if coins[j] >> _31 == 0:
                flat[4 * n + j] = l1 + w1 * uniform(words[j])
