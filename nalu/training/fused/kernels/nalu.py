"""NALU: a gate between NAC₊ and NAC•, with one weight matrix or with two.

Parameters: Ŵ, M̂, G, or Ŵ, M̂ of the addition, Ŵ, M̂ of the multiplication, G.
Weights: W, G, or W of the addition, W of the multiplication, G.
"""

from nalu.training.fused.kernels import gate, nac, nac_mul
from nalu.training.fused.maps import add_back, add_outer, kernel, multiply


@kernel
def weight_shared(p, w):
    n = w.size // 2
    nac.weight(p[: 2 * n], w[:n])
    w[n:] = p[2 * n :]


@kernel
def chain_shared(p, w, dw, dp):
    n = w.size // 2
    nac.chain(p[: 2 * n], w[:n], dw[:n], dp[: 2 * n])
    dp[2 * n :] = dw[n:]


@kernel
def weight_separate(p, w):
    n = w.size // 3
    nac.weight(p[: 2 * n], w[:n])
    nac.weight(p[2 * n : 4 * n], w[n : 2 * n])
    w[2 * n :] = p[4 * n :]


@kernel
def chain_separate(p, w, dw, dp):
    n = w.size // 3
    nac.chain(p[: 2 * n], w[:n], dw[:n], dp[: 2 * n])
    nac.chain(p[2 * n : 4 * n], w[n : 2 * n], dw[n : 2 * n], dp[2 * n : 4 * n])
    dp[4 * n :] = dw[2 * n :]


def scratch(I, O, B):
    return 6 * O * B + nac_mul.scratch(I, O, B)


@kernel
def _forward(W_add, W_mul, G, x, y, s):
    O, B = y.shape
    multiply(W_add, x, gate.block(s, 1, O, B))
    nac_mul.forward(W_mul, x, gate.block(s, 2, O, B), s[6 * O * B :])
    gate.forward(G, x, y, s)


@kernel
def _backward(W_add, W_mul, G, x, y, dy, dW_add, dW_mul, dG, dx, s):
    O, B = y.shape
    gate.backward(dy, s)
    du, da, dm = gate.block(s, 3, O, B), gate.block(s, 4, O, B), gate.block(s, 5, O, B)
    add_outer(du, x, dG)
    add_back(G, du, dx)
    add_outer(da, x, dW_add)
    add_back(W_add, da, dx)
    nac_mul.backward(W_mul, x, gate.block(s, 2, O, B), dm, dW_mul, dx, s[6 * O * B :])


@kernel
def forward_shared(w, x, y, s):
    n = w.size // 2
    _forward(w[:n], w[:n], w[n:], x, y, s)


@kernel
def backward_shared(w, x, y, dy, dw, dx, s):
    n = w.size // 2
    _backward(w[:n], w[:n], w[n:], x, y, dy, dw[:n], dw[:n], dw[n:], dx, s)


@kernel
def forward_separate(w, x, y, s):
    n = w.size // 3
    _forward(w[:n], w[n : 2 * n], w[2 * n :], x, y, s)


@kernel
def backward_separate(w, x, y, dy, dw, dx, s):
    n = w.size // 3
    _backward(w[:n], w[n : 2 * n], w[2 * n :], x, y, dy,
              dw[:n], dw[n : 2 * n], dw[2 * n :], dx, s)
