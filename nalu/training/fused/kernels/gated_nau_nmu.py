"""Gated NAU/NMU: a gate between NAU and NMU. Parameters and weights: W of each, then G."""

from nalu.training.fused.kernels import gate, nau, nmu
from nalu.training.fused.maps import add_back, add_outer, kernel, multiply


@kernel
def weight(p, w):
    n = w.size // 3
    nau.weight(p[:n], w[:n])
    nmu.weight(p[n : 2 * n], w[n : 2 * n])
    w[2 * n :] = p[2 * n :]


@kernel
def chain(p, w, dw, dp):
    n = w.size // 3
    nau.chain(p[:n], w[:n], dw[:n], dp[:n])
    nmu.chain(p[n : 2 * n], w[n : 2 * n], dw[n : 2 * n], dp[n : 2 * n])
    dp[2 * n :] = dw[2 * n :]


def scratch(I, O, B):
    return 6 * O * B + nmu.scratch(I, O, B)


@kernel
def forward(w, x, y, s):
    n = w.size // 3
    O, B = y.shape
    multiply(w[:n], x, gate.block(s, 1, O, B))
    nmu.forward(w[n : 2 * n], x, gate.block(s, 2, O, B), s[6 * O * B :])
    gate.forward(w[2 * n :], x, y, s)


@kernel
def backward(w, x, y, dy, dw, dx, s):
    n = w.size // 3
    O, B = y.shape
    gate.backward(dy, s)
    du, da, dm = gate.block(s, 3, O, B), gate.block(s, 4, O, B), gate.block(s, 5, O, B)
    add_outer(du, x, dw[2 * n :])
    add_back(w[2 * n :], du, dx)
    add_outer(da, x, dw[:n])
    add_back(w[:n], da, dx)
    nmu.backward(w[n : 2 * n], x, gate.block(s, 2, O, B), dm, dw[n : 2 * n], dx, s[6 * O * B :])


@kernel
def penalty(p, scale, dp):
    n = p.size // 3
    return nau.penalty(p[:n], scale, dp[:n]) + nmu.penalty(p[n : 2 * n], scale, dp[n : 2 * n])


@kernel
def project(p):
    n = p.size // 3
    nau.project(p[:n])
    nmu.project(p[n : 2 * n])
