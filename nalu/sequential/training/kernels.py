r"""Both convolutional layers of one picture after the other, and Adam, compiled.

A layer is a convolution of $5 \times 5$, the largest of each $2 \times 2$, a bias and ReLU, in
one pass: the whole convolution never lies in memory. On the way back only the winners among four
that also passed ReLU have a gradient, less than a sixth of all places, and only these are
visited; the dense convolutions that PyTorch computes there are most of its time.

Pictures are added up in blocks of `BLOCK`, and the blocks in their order, so that the number
of threads changes nothing.

Layouts, flat: ``x`` `[n, 784]`; ``hidden`` `[n, 20, 12, 12]`; ``features`` `[n, 50, 4, 4]`;
``chosen`` beside each, which of the four it is, or `NONE`; kernels on the way forth
`[channels / 5, planes, 5, 5, 5 channels]`, and those of the second layer on the way back
`[50, 5, ROW]`, a row being `[5, 20]` and filled up with zeros.
"""

import numpy as np
from numba import njit, prange

from nalu.sequential.training.vectors import fill, fma, load, spread, store

BLOCK = 16
ROW = 104
NONE = 4

f32 = np.float32
_ZERO = f32(0.0)
_compiled = njit(error_model="numpy", nogil=True)


@_compiled
def _two_rows(x, at, side, planes, w, k, out):
    """Eight places in two rows of five channels, which just fit into sixteen registers.

    ``out`` is `[5, 2, 8]`. Plain variables, as arrays would be written to memory each time.
    """
    a0 = a1 = a2 = a3 = a4 = b0 = b1 = b2 = b3 = b4 = fill(_ZERO)
    for plane in range(planes):
        for dy in range(5):
            row = at + (plane * side + dy) * side
            for dx in range(5):
                a, b = load(x, row + dx), load(x, row + dx + side)
                v = spread(w, k)
                a0, b0 = fma(v, a, a0), fma(v, b, b0)
                v = spread(w, k + 1)
                a1, b1 = fma(v, a, a1), fma(v, b, b1)
                v = spread(w, k + 2)
                a2, b2 = fma(v, a, a2), fma(v, b, b2)
                v = spread(w, k + 3)
                a3, b3 = fma(v, a, a3), fma(v, b, b3)
                v = spread(w, k + 4)
                a4, b4 = fma(v, a, a4), fma(v, b, b4)
                k += 5
    for number, vector in enumerate((a0, b0, a1, b1, a2, b2, a3, b3, a4, b4)):
        store(out, 8 * number, vector)


@_compiled
def _pool(rows, channel, bias, at, places, values, chosen):
    """Largest of 2 × 2 with its number, bias, ReLU: four places of five channels from `[5, 2, 8]`."""
    for c in range(5):
        o = (channel + c) * places + at
        for j in range(4):
            k = 16 * c + 2 * j
            best, which = rows[k], 0
            for number, other in enumerate((rows[k + 1], rows[k + 8], rows[k + 9])):
                which = number + 1 if other > best else which
                best = other if other > best else best
            best += bias[channel + c]
            chosen[o + j] = NONE if best <= _ZERO else which
            values[o + j] = _ZERO if best <= _ZERO else best  # NaN stays


@_compiled
def _layer(x, side, planes, w, bias, values, chosen, rows):
    half = (side - 4) // 2
    for channel in range(0, bias.size, 5):
        for y in range(half):
            for left in range(0, half, 4):
                _two_rows(x, 2 * (y * side + left), side, planes, w, channel * planes * 25, rows)
                _pool(rows, channel, bias, y * half + left, half * half, values, chosen)


@njit(parallel=True, cache=True, error_model="numpy", nogil=True)
def forward(x, w1, b1, w2, b2, hidden, chosen1, features, chosen2):
    """Fill the last four from the first five."""
    n = x.shape[0]
    for block in prange((n + BLOCK - 1) // BLOCK):
        rows = np.empty(80, f32)
        for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
            _layer(x[i], 28, 1, w1, b1, hidden[i], chosen1[i], rows)
            _layer(hidden[i], 12, 20, w2, b2, features[i], chosen2[i], rows)


@_compiled
def _add_row(sums, k, h, at, g, n, shift):
    r"""Add $\sum_q g_q\,h[at_q + shift + \cdot]$ to a row of `ROW` sums; these stay in registers."""
    a0, a1, a2, a3 = load(sums, k), load(sums, k + 8), load(sums, k + 16), load(sums, k + 24)
    a4, a5, a6, a7 = load(sums, k + 32), load(sums, k + 40), load(sums, k + 48), load(sums, k + 56)
    a8, a9, a10, a11 = load(sums, k + 64), load(sums, k + 72), load(sums, k + 80), load(sums, k + 88)
    a12 = load(sums, k + 96)
    for q in range(n):
        v, o = spread(g, q), at[q] + shift
        a0, a1, a2 = fma(v, load(h, o), a0), fma(v, load(h, o + 8), a1), fma(v, load(h, o + 16), a2)
        a3, a4, a5 = fma(v, load(h, o + 24), a3), fma(v, load(h, o + 32), a4), fma(v, load(h, o + 40), a5)
        a6, a7, a8 = fma(v, load(h, o + 48), a6), fma(v, load(h, o + 56), a7), fma(v, load(h, o + 64), a8)
        a9, a10 = fma(v, load(h, o + 72), a9), fma(v, load(h, o + 80), a10)
        a11, a12 = fma(v, load(h, o + 88), a11), fma(v, load(h, o + 96), a12)
    for number, vector in enumerate((a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12)):
        store(sums, k + 8 * number, vector)


@_compiled
def _second(g, chosen, h, w, gw, gb, gh, at, size):
    """Gradients of the second layer's kernels, biases and inputs; channels are last in `h`, `gh`."""
    gh[:] = _ZERO
    for c in range(50):
        n = 0
        for p in range(16):
            which = chosen[16 * c + p]
            if which != NONE:
                y, x = 2 * (p // 4) + which // 2, 2 * (p % 4) + which % 2
                at[n], size[n] = (y * 12 + x) * 20, g[16 * c + p]
                gb[c] += size[n]
                n += 1
        for dy in range(5):
            _add_row(gw, (5 * c + dy) * ROW, h, at, size, n, dy * 240)
        for q in range(n):
            v = spread(size, q)
            for dy in range(5):
                o, k = at[q] + dy * 240, (5 * c + dy) * ROW
                for j in range(0, ROW, 8):
                    store(gh, o + j, fma(v, load(w, k + j), load(gh, o + j)))


@_compiled
def _first(x, chosen, gh, gw, gb):
    """Gradients of the first layer's kernels, `[20, 5, 8]` of which five columns count, and biases."""
    for c in range(20):
        k = 40 * c
        a0, a1, a2 = load(gw, k), load(gw, k + 8), load(gw, k + 16)
        a3, a4 = load(gw, k + 24), load(gw, k + 32)
        for p in range(144):
            which = chosen[144 * c + p]
            size = _ZERO if which == NONE else gh[20 * p + c]  # a jump would be guessed wrong
            which &= 3
            gb[c] += size
            o = (2 * (p // 12) + which // 2) * 28 + 2 * (p % 12) + which % 2
            v = fill(size)
            a0, a1 = fma(v, load(x, o), a0), fma(v, load(x, o + 28), a1)
            a2, a3 = fma(v, load(x, o + 56), a2), fma(v, load(x, o + 84), a3)
            a4 = fma(v, load(x, o + 112), a4)
        for number, vector in enumerate((a0, a1, a2, a3, a4)):
            store(gw, k + 8 * number, vector)


@njit(parallel=True, cache=True, error_model="numpy", nogil=True)
def backward(x, hidden, chosen1, chosen2, g, w2, gw1, gb1, gw2, gb2):
    """Add the gradients of each block to its row of the last four, from those of the features."""
    n = x.shape[0]
    for block in prange((n + BLOCK - 1) // BLOCK):
        # eight more at the end, as rows are read in vectors
        h, gh, picture = np.zeros(2888, f32), np.zeros(2888, f32), np.zeros(792, f32)
        at, size = np.empty(16, np.int64), np.empty(16, f32)
        for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
            picture[:784] = x[i]
            for c in range(20):
                for p in range(144):
                    h[20 * p + c] = hidden[i, 144 * c + p]
            _second(g[i], chosen2[i], h, w2, gw2[block], gb2[block], gh, at, size)
            _first(picture, chosen1[i], gh, gw1[block], gb1[block])


@njit(cache=True, error_model="numpy", nogil=True)
def adam(W, m, v, g, beta1, beta2, rate, correction, epsilon):
    r"""One step of Adam on flat arrays, in one pass over memory where PyTorch takes seven.

    ``rate`` is $\alpha / (1 - \beta_1^t)$, ``correction`` $\sqrt{1 - \beta_2^t}$. No square
    root of a negative number, so that NaN comes from a gradient only, and stays.
    """
    one = f32(1.0)
    for i in range(W.size):
        m[i] += (one - beta1) * (g[i] - m[i])
        v[i] = beta2 * v[i] + (one - beta2) * (g[i] * g[i])
        W[i] -= rate * (m[i] / (np.sqrt(v[i]) / correction + epsilon))
