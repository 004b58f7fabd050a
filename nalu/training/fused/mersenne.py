"""The Mersenne Twister of NumPy's `RandomState` in compiled code: the ``authors`` stream.

`words` are the 624 words of the state as int32, and `position` is the index of the next unused word, as in
``RandomState.get_state()``. If the words are written one after the other, they obey w[k + 624] = w[k + 397] ^ mix(w[k], w[k + 1])
for every k, also across blocks of 624, so that a single loop can make any number of them.
"""

from __future__ import annotations

from nalu.training.fused.memory import load, load_pairs, store
from nalu.training.fused.vectors import WIDTH, compiled, fma, inline, number, where

N, M = 624, 397
_TWO_52 = 0x4330000000000000  # the bits of 2.0**52
_LOW_27 = 0x07FFFFFF


@compiled
def room(count):
    """Return how many words the two arrays of `generate` need for a `count`, with room for reading a little beyond the last."""
    return (count // N + 3) * N + 64 * WIDTH


@inline
def _temper(y):
    y = y ^ (y >> 11)
    y = y ^ ((y << 7) & -1658038656)
    y = y ^ ((y << 15) & -272236544)
    return y ^ (y >> 18)


@compiled
def generate(raw, out, position, count):
    """Make the next `count` random numbers, and return where in `out` they begin. They end at the new position.

    `raw` gets the words and `out` gets the numbers made of them. Both begin with the block that `position` was in.
    """
    past = (position - 1) // N * N
    if past > 0:
        for k in range(0, N, WIDTH):
            store(raw, k, load(raw, past + k))
            store(out, k, load(out, past + k))
        position -= past
    for k in range(0, (position + count - 1) // N * N, WIDTH):
        following = load(raw, k + 1)
        y = (load(raw, k) & -2147483648) | (following & 0x7FFFFFFF)
        mixed = load(raw, k + M) ^ (y >> 1)
        y = where((following & 1) == 1, mixed ^ -1727483681, mixed)
        store(raw, k + N, y)
        store(out, k + N, _temper(y))
    return position


@compiled
def begin(words, raw, out):
    """Copy a state into the array of words."""
    for k in range(N):
        raw[k] = words[k]
    for k in range(0, N, WIDTH):
        store(out, k, _temper(load(raw, k)))


@compiled
def end(words, raw, position):
    """Copy the state back, and return the position in it."""
    past = max(0, (position - 1) // N * N)
    for k in range(N):
        words[k] = raw[past + k]
    return position - past


@inline
def uniform(out, at, low, width):
    """``RandomState.uniform(low, low + width)`` from pairs of numbers, the first of which is `at` a place of `out`.

    A pair gives 53 bits, which make a number in [0, 1). Few processors can convert several 64-bit integers at once, but all can
    put an integer below 2^52 into the mantissa of 2^52 and then subtract 2^52. Products with powers of 2 are exact.
    """
    pair = load_pairs(out, at)
    high = number(((pair >> 5) & _LOW_27) | _TWO_52) - 2.0**52
    rest = number((pair >> 38) | _TWO_52) - 2.0**52
    return fma(high, 2.0**26, rest) * (width * 2.0**-53) + low
