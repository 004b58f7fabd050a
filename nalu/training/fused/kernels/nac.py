r"""NAC₊: $z = Wx$, $W = \tanh(\hat W)\,\sigma(\hat M)$. Parameters: Ŵ, then M̂."""

from nalu.training.fused.maps import add_back, add_outer, kernel, multiply
from nalu.training.fused.scalars import sigmoid, tanh


@kernel
def weight(p, w):
    W_hat, M_hat, one = p[: w.size], p[w.size :], p.dtype.type(1)
    for k in range(w.size):
        w[k] = tanh(W_hat[k]) * sigmoid(M_hat[k], one)


@kernel
def chain(p, w, dw, dp):
    r"""$d\hat W = dW (1 - \tanh^2 \hat W) \sigma(\hat M)$, $d\hat M = dW \tanh(\hat W)
    \sigma(\hat M)(1 - \sigma(\hat M))$."""
    W_hat, M_hat, one = p[: w.size], p[w.size :], p.dtype.type(1)
    dW_hat, dM_hat = dp[: w.size], dp[w.size :]
    for k in range(w.size):
        t, s = tanh(W_hat[k]), sigmoid(M_hat[k], one)
        dW_hat[k] = dw[k] * (one - t * t) * s
        dM_hat[k] = dw[k] * t * s * (one - s)


def scratch(I, O, B):
    return 0


@kernel
def forward(w, x, y, s):
    multiply(w, x, y)


@kernel
def backward(w, x, y, dy, dw, dx, s):
    add_outer(dy, x, dw)
    add_back(w, dy, dx)
