"""The Mersenne Twister of NumPy's `RandomState` in compiled code: the ``authors`` stream.

`words` are the 624 of the state, as int32, and `position` is the next unused one, as in
``RandomState.get_state()``. Written one behind the other, the words obey w[k + 624] = w[k + 397] ^ mix(w[k], w[k + 1])
without a border between the blocks of 624, so that any number of them is made in one go.
"""

from __future__ import annotations

from nalu.training.fused.memory import load, load_pairs, store
from nalu.training.fused.vectors import WIDTH, compiled, fma, inline, number, where

N, M = 624, 397
_TWO_52 = 0x4330000000000000  # the bits of 2.0**52
_LOW_27 = 0x07FFFFFF


@compiled
def room(count):
    """How many words `generate` needs to have in its two arrays for a `count`, and readers beyond the last of them."""
    return (count // N + 3) * N + 64 * WIDTH


@inline
def _temper(y):
    y = y ^ (y >> 11)
    y = y ^ ((y << 7) & -1658038656)
    y = y ^ ((y << 15) & -272236544)
    return y ^ (y >> 18)


@compiled
def generate(raw, out, position, count):
    """Make the next `count` random numbers; where in `out` they begin. They end at the new position.

    `raw` has the words, `out` the numbers made of them, both from the block on that `position` was in.
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
    """Take a state up."""
    for k in range(N):
        raw[k] = words[k]
    for k in range(0, N, WIDTH):
        store(out, k, _temper(load(raw, k)))


@compiled
def end(words, raw, position):
    """Put the state down; the position in it."""
    past = max(0, (position - 1) // N * N)
    for k in range(N):
        words[k] = raw[past + k]
    return position - past


@inline
def uniform(out, at, low, width):
    """``RandomState.uniform(low, low + width)`` from pairs of numbers, the first of which is `at` a place of `out`.

    53 bits of a pair are a number in [0, 1). Few processors convert integers of 64 bits side by side. All can
    place an integer below 2^52 in the mantissa of 2^52, and subtract 2^52. Products by powers of 2 are exact.
    """
    pair = load_pairs(out, at)
    high = number(((pair >> 5) & _LOW_27) | _TWO_52) - 2.0**52
    rest = number((pair >> 38) | _TWO_52) - 2.0**52
    return fma(high, 2.0**26, rest) * (width * 2.0**-53) + low
