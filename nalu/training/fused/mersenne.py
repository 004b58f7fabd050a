"""The Mersenne Twister of NumPy's `RandomState` in compiled code: the ``authors`` stream.

The 624 words of the state are advanced and tempered together, in loops that fill vector
registers; `position` is the next unused word, as in ``RandomState.get_state()``.
"""

from __future__ import annotations

import numpy as np

from nalu.training.fused.vectors import compiled

u32, u64, i32 = np.uint32, np.uint64, np.int32
N, M = 624, 397
_UPPER, _LOWER, _MATRIX = u32(0x80000000), u32(0x7FFFFFFF), u32(0x9908B0DF)
_B, _C = u32(0x9D2C5680), u32(0xEFC60000)
_TWO_52 = u64(0x4330000000000000)  # the bits of 2.0**52
_1, _5, _6, _7, _11, _15, _18 = (u32(k) for k in (1, 5, 6, 7, 11, 15, 18))


@compiled
def _mix(upper, lower):
    y = u32((upper & _UPPER) | (lower & _LOWER))
    return u32(u32(y >> _1) ^ u32(u32(-i32(y & _1)) & _MATRIX))


@compiled
def advance(words):
    """The next 624 words of the recurrence, in place."""
    for k in range(N - M):
        words[k] = words[k + M] ^ _mix(words[k], words[k + 1])
    for k in range(N - M, N - 1):
        words[k] = words[k + M - N] ^ _mix(words[k], words[k + 1])
    words[N - 1] = words[M - 1] ^ _mix(words[N - 1], words[0])


@compiled
def temper(words, out):
    """The random numbers of the present words."""
    for k in range(N):
        y = words[k]
        y = u32(y ^ u32(y >> _11))
        y = u32(y ^ u32(u32(y << _7) & _B))
        y = u32(y ^ u32(u32(y << _15) & _C))
        out[k] = u32(y ^ u32(y >> _18))


@compiled
def _double(a, b):
    """53 bits of two words as a number in [0, 1)."""
    high, low = np.float64(i32(a >> _5)), np.float64(i32(b >> _6))
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0)


@compiled
def _doubles(pairs, low, width, into):
    """`_double` of neighbouring words, read as one integer of 64 bits (little-endian).

    Few processors convert integers of 64 bits side by side. All can place an integer below
    2^52 in the mantissa of 2^52, and subtract 2^52.
    """
    for j in range(into.size):
        high = u64(_TWO_52 | ((pairs[j] & u64(0xFFFFFFFF)) >> u64(5))).view(np.float64) - 2.0**52
        rest = u64(_TWO_52 | (pairs[j] >> u64(38))).view(np.float64) - 2.0**52
        into[j] = low + width * ((high * 2.0**26 + rest) * 2.0**-53)


@compiled
def uniform(words, out, position, low, width, into):
    """Fill `into` with ``RandomState.uniform(low, low + width)``; the new position."""
    done = 0
    while done < into.size:
        if position >= N:
            advance(words)
            temper(words, out)
            position = 0
        count = min((N - position) // 2, into.size - done)
        _doubles(out[position : position + 2 * count].view(np.uint64), low, width,
                 into[done : done + count])
        position += 2 * count
        done += count
        if position == N - 1 and done < into.size:  # a pair across two blocks
            a = out[N - 1]
            advance(words)
            temper(words, out)
            into[done] = low + width * _double(a, out[0])
            position = 1
            done += 1
    return position


@compiled
def choose(words, out, position, first, second):
    """Keep `first` where ``RandomState.randint(2)`` is 1, else take `second`."""
    for k in range(first.size):
        if position >= N:
            advance(words)
            temper(words, out)
            position = 0
        if out[position] & _1 == 0:
            first[k] = second[k]
        position += 1
    return position
