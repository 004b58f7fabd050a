r"""NMU: $z_o = \prod_i f_{oi}$, $f_{oi} = W_{oi} x_i + 1 - W_{oi}$, $W$ clamped to $[0, 1]$.

With the product of the *other* factors, which no factor of zero can spoil,
$\partial z_o/\partial W_{oi} = (x_i - 1)\prod_{j \ne i} f_{oj}$ and
$\partial z_o/\partial x_i = W_{oi}\prod_{j \ne i} f_{oj}$: the products before $i$ are kept by
the forward pass, those after $i$ are collected on the way back.
"""

from nalu.training.fused.maps import exact, kernel
from nalu.training.fused.scalars import sign, slope_of_smaller


@exact
def factor(W, x, one):
    """In PyTorch's order. It matters: where a run has converged, the rounding of this line
    is all that still moves its weights, and hence their sparsity error."""
    return W * x + one - W


@kernel
def weight(p, w):
    zero, one = p.dtype.type(0), p.dtype.type(1)
    for k in range(w.size):
        w[k] = min(max(p[k], zero), one)


@kernel
def chain(p, w, dw, dp):
    """The clamp passes the gradient inside and on its bounds."""
    zero = p.dtype.type(0)
    for k in range(w.size):
        dp[k] = dw[k] if 0 <= p[k] and p[k] <= 1 else zero


def scratch(I, O, B):
    return (O * I + 2) * B


@kernel
def forward(w, x, y, s):
    I, B = x.shape
    one = x.dtype.type(1)
    before = s[: y.shape[0] * I * B].reshape(-1, B)
    for o in range(y.shape[0]):
        y[o, :] = 1
        for i in range(I):
            W = w[o * I + i]
            for b in range(B):
                before[o * I + i, b] = y[o, b]
                y[o, b] *= factor(W, x[i, b], one)


@kernel
def backward(w, x, y, dy, dw, dx, s):
    I, B = x.shape
    O = y.shape[0]
    one = x.dtype.type(1)
    before = s[: O * I * B].reshape(-1, B)
    after = s[O * I * B : (O * I + 1) * B]
    others = s[(O * I + 1) * B : (O * I + 2) * B]
    for o in range(O):
        after[:] = dy[o]
        for i in range(I - 1, -1, -1):
            W, g = w[o * I + i], dw[o * I + i]
            for b in range(B):
                others[b] = before[o * I + i, b] * after[b]
                g += others[b] * (x[i, b] - one)
                after[b] *= factor(W, x[i, b], one)
            dw[o * I + i] = g
            if dx.shape[0]:
                for b in range(B):
                    dx[i, b] += others[b] * W


@kernel
def penalty(p, scale, dp):
    r"""$\mathrm{mean} \min(|W|, |1 - W|)$; adds `scale` times its gradient to `dp`."""
    total, one = p.dtype.type(0), p.dtype.type(1)
    each = p.dtype.type(scale / p.size)
    for k in range(p.size):
        near, far = abs(p[k]), abs(one - p[k])
        total += min(near, far)
        up, down = sign(p[k], one), -sign(one - p[k], one)
        dp[k] += each * slope_of_smaller(near, far, up, down, one)
    return total / p.size


@kernel
def project(p):
    zero, one = p.dtype.type(0), p.dtype.type(1)
    for k in range(p.size):
        p[k] = min(max(p[k], zero), one)
