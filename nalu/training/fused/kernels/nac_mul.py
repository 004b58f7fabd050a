r"""NAC•: $z = \exp(W \log(|x| + \epsilon))$, and the weight of NAC•,σ.

$dW_{oi} = \sum_b dz_{ob} z_{ob} \log(|x_{ib}| + \epsilon)$,
$dx_{ib} = \frac{\mathrm{sign}(x_{ib})}{|x_{ib}| + \epsilon} \sum_o W_{oi}\, dz_{ob} z_{ob}$
"""

from nalu.training.fused.maps import add_back, add_outer, kernel, multiply
from nalu.training.fused.scalars import exp, log, sigmoid, sign

EPSILON = 1e-7


@kernel
def weight_sigma(p, w):
    one = p.dtype.type(1)
    for k in range(w.size):
        w[k] = sigmoid(p[k], one)


@kernel
def chain_sigma(p, w, dw, dp):
    one = p.dtype.type(1)
    for k in range(w.size):
        dp[k] = dw[k] * w[k] * (one - w[k])


def scratch(I, O, B):
    return 2 * I * B + O * B


@kernel
def take_log(x, l):
    epsilon = x.dtype.type(EPSILON)
    for i in range(x.shape[0]):
        for b in range(x.shape[1]):
            l[i, b] = log(abs(x[i, b]) + epsilon)


@kernel
def log_back(x, dl, dx):
    r"""$dx \mathrel{+}= dl \cdot \mathrm{sign}(x) / (|x| + \epsilon)$."""
    epsilon, one = x.dtype.type(EPSILON), x.dtype.type(1)
    for i in range(dx.shape[0]):
        for b in range(dx.shape[1]):
            dx[i, b] += dl[i, b] * sign(x[i, b], one) / (abs(x[i, b]) + epsilon)


@kernel
def forward(w, x, y, s):
    I, B = x.shape
    l = s[: I * B].reshape(I, B)
    take_log(x, l)
    multiply(w, l, y)
    for o in range(y.shape[0]):
        for b in range(B):
            y[o, b] = exp(y[o, b])


@kernel
def backward(w, x, y, dy, dw, dx, s):
    I, B = x.shape
    O = y.shape[0]
    l = s[: I * B].reshape(I, B)
    dl = s[I * B : 2 * I * B].reshape(I, B)
    du = s[2 * I * B : 2 * I * B + O * B].reshape(O, B)
    for o in range(O):
        for b in range(B):
            du[o, b] = dy[o, b] * y[o, b]
    add_outer(du, l, dw)
    if dx.shape[0]:
        dl[:] = 0
        add_back(w, du, dl)
        log_back(x, dl, dx)
