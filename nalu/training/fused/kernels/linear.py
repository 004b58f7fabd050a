r"""Linear, ReLU and ReLU6: $z = f(Wx + b)$. Parameters and weights: W, then b."""

import numpy as np

from nalu.training.fused.maps import add_back, add_outer, kernel, multiply


@kernel
def weight(p, w):
    w[:] = p


@kernel
def chain(p, w, dw, dp):
    dp[:] = dw


def scratch(I, O, B):
    return O * B


@kernel
def _affine(w, x, y):
    O, I = y.shape[0], x.shape[0]
    multiply(w[: O * I], x, y)
    for o in range(O):
        for b in range(x.shape[1]):
            y[o, b] += w[O * I + o]


@kernel
def forward_linear(w, x, y, s):
    _affine(w, x, y)


@kernel
def forward_relu(w, x, y, s):
    _affine(w, x, y)
    zero = y.dtype.type(0)
    for o in range(y.shape[0]):
        for b in range(x.shape[1]):
            y[o, b] = zero if y[o, b] < zero else y[o, b]


@kernel
def forward_relu6(w, x, y, s):
    forward_relu(w, x, y, s)
    six = y.dtype.type(6)
    for o in range(y.shape[0]):
        for b in range(x.shape[1]):
            y[o, b] = six if y[o, b] > six else y[o, b]


@kernel
def backward_linear(w, x, y, dy, dw, dx, s):
    O, I = y.shape[0], x.shape[0]
    add_outer(dy, x, dw[: O * I])
    for o in range(O):
        g = dw[O * I + o]
        for b in range(x.shape[1]):
            g += dy[o, b]
        dw[O * I + o] = g
    add_back(w[: O * I], dy, dx)


@kernel
def _backward_between(low, high, w, x, y, dy, dw, dx, s):
    """Gradient where the activation is strictly between its bounds."""
    O, B = y.shape
    da = s[: O * B].reshape(O, B)
    zero = y.dtype.type(0)
    for o in range(O):
        for b in range(B):
            da[o, b] = dy[o, b] if low < y[o, b] and not y[o, b] >= high else zero
    backward_linear(w, x, y, da, dw, dx, s)


@kernel
def backward_relu(w, x, y, dy, dw, dx, s):
    _backward_between(y.dtype.type(0), y.dtype.type(np.inf), w, x, y, dy, dw, dx, s)


@kernel
def backward_relu6(w, x, y, dy, dw, dx, s):
    _backward_between(y.dtype.type(0), y.dtype.type(6), w, x, y, dy, dw, dx, s)
