"""Functions that read the inputs: products of matrices and the products of factors of an NMU, for all lanes of a stream at once.

Matrices are rows of flat arrays: row r of an array with the stride s begins at ``r * s``. Columns are
padded to whole vectors. Samples beyond the batch have the input 1, whose factor is 1 and whose logarithm is 0.
"""

from __future__ import annotations

from nalu.training.fused.memory import fold, load, repeat, store, tile
from nalu.training.fused.vectors import WIDE, WIDTH, compiled, fma, inline, spread

PARTIAL = 32
"""How many partial sums a sum over a batch has. Batches are padded to a multiple of it."""

BROAD = 4 if WIDE else 2  # vectors of columns that the registers hold the sums of, for six rows


def _strips(vectors: int):
    """Return a function that multiplies all rows by so many vectors of columns."""
    six, two, one = (tile(rows, vectors) for rows in (6, 2, 1))

    @inline
    def strip(A, a, a_stride, rows, X, x, x_stride, C, c, c_stride, count):
        r = 0
        while r + 6 <= rows:
            six(A, a + r * a_stride, a_stride, X, x, x_stride, C, c + r * c_stride, c_stride, count)
            r += 6
        while r + 2 <= rows:
            two(A, a + r * a_stride, a_stride, X, x, x_stride, C, c + r * c_stride, c_stride, count)
            r += 2
        if r < rows:
            one(A, a + r * a_stride, a_stride, X, x, x_stride, C, c + r * c_stride, c_stride, count)

    return strip


_broad, _double, _single = (_strips(vectors) for vectors in (BROAD, 2, 1))


@compiled
def multiply(A, a, a_stride, rows, X, x, x_stride, columns, C, c, c_stride, count):
    r"""$C_{rn} = \sum_k A_{rk} X_{kn}$ for `count` k; `a`, `x` and `c` are where A, X and C begin.

    A strip of X stays in the first-level cache while all rows are multiplied with it.
    """
    n = 0
    while n < columns:
        left = (columns - n) // WIDTH
        if left >= BROAD:
            _broad(A, a, a_stride, rows, X, x + n, x_stride, C, c + n, c_stride, count)
            n += BROAD * WIDTH
        elif left >= 2:
            _double(A, a, a_stride, rows, X, x + n, x_stride, C, c + n, c_stride, count)
            n += 2 * WIDTH
        else:
            _single(A, a, a_stride, rows, X, x + n, x_stride, C, c + n, c_stride, count)
            n += WIDTH


@inline
def factor(W, x):
    """Compute a factor in the order that PyTorch has. The order matters: once a run has converged, only the rounding of this line
    still moves its weights, and so decides their sparsity error."""
    return (W * x + 1.0) - W


@inline
def total(sums, at):
    """Add up `PARTIAL` partial sums: the (p + 16)-th is added to the p-th, then the (p + 8)-th, and so on."""
    if WIDTH == 16:
        return fold(load(sums, at) + load(sums, at + 16))
    return fold((load(sums, at) + load(sums, at + 16)) + (load(sums, at + 8) + load(sums, at + 24)))


@compiled
def multiply_factors(W, w, w_stride, rows, X, x, x_stride, columns, z, at, count):
    r"""$z_{rn} = \prod_i (W_{ri} x_{in} + 1 - W_{ri})$; `w`, `x` and `at` are where W, X and z begin."""
    for r in range(rows):
        for n in range(0, columns, 2 * WIDTH):
            one = spread(1.0, z)
            p, q = one, one
            for i in range(count):
                v = repeat(W, w + r * w_stride + i)
                p = p * factor(v, load(X, x + i * x_stride + n))
                q = q * factor(v, load(X, x + i * x_stride + n + WIDTH))
            store(z, at + r * columns + n, p)
            store(z, at + r * columns + n + WIDTH, q)


@compiled
def factors_back(W, w, w_stride, rows, x, x_stride, columns, dz, at, dW, count, before, sums):
    r"""$dW_{ri} = \sum_n dz_{rn}\, (x_{in} - 1) \prod_{j \ne i} f_{rj}$. It uses the product of the *other* factors,
    so that a factor of zero does no harm.

    It takes a few samples at a time, so that `before`, the products before each factor, stays in the first-level cache.
    """
    for r in range(rows):
        for k in range(0, count * PARTIAL, WIDTH):
            store(sums, k, spread(0.0, sums))
        for n in range(0, columns, 2 * WIDTH):
            one = spread(1.0, x)
            p, q = one, one
            for i in range(count):
                v = repeat(W, w + r * w_stride + i)
                store(before, 2 * i * WIDTH, p)
                store(before, (2 * i + 1) * WIDTH, q)
                p = p * factor(v, load(x, i * x_stride + n))
                q = q * factor(v, load(x, i * x_stride + n + WIDTH))
            p, q = load(dz, at + r * columns + n), load(dz, at + r * columns + n + WIDTH)
            for back in range(count):
                i = count - 1 - back
                v = repeat(W, w + r * w_stride + i)
                x0, x1 = load(x, i * x_stride + n), load(x, i * x_stride + n + WIDTH)
                at0 = i * PARTIAL + n % PARTIAL
                at1 = at0 + WIDTH
                store(sums, at0, fma(load(before, 2 * i * WIDTH) * p, x0 - 1.0, load(sums, at0)))
                store(sums, at1, fma(load(before, (2 * i + 1) * WIDTH) * q, x1 - 1.0, load(sums, at1)))
                p, q = p * factor(v, x0), q * factor(v, x1)
        for i in range(count):
            dW[w + r * w_stride + i] = total(sums, i * PARTIAL)
