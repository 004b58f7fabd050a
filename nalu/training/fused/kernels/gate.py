r"""The gate of NALU and gated NAU/NMU: $z = g a + (1 - g) m$, $g = \sigma(Gx)$.

$da = dz\, g$, $dm = dz\,(1 - g)$, $d(Gx) = dz\,(a - m)\, g (1 - g)$. A gated kernel begins
its scratch with $g$, $a$, $m$, `[O, B]` each, and their gradients in the same order.
"""

from nalu.training.fused.maps import exact, kernel, multiply
from nalu.training.fused.scalars import sigmoid


@kernel
def block(s, k, O, B):
    """The k-th `[O, B]` array of the scratch: g, a, m, then their gradients."""
    return s[k * O * B : (k + 1) * O * B].reshape(O, B)


@exact
def forward(G, x, y, s):
    """Mix `a` and `m`, which the caller has put into the scratch, into `y`."""
    O, B = y.shape
    g, a, m = block(s, 0, O, B), block(s, 1, O, B), block(s, 2, O, B)
    multiply(G, x, g)
    one = x.dtype.type(1)
    for o in range(O):
        for b in range(B):
            g[o, b] = sigmoid(g[o, b], one)
            y[o, b] = g[o, b] * a[o, b] + (one - g[o, b]) * m[o, b]


@kernel
def backward(dy, s):
    """Gradients of g's logit, a and m, into the scratch."""
    O, B = dy.shape
    g, a, m = block(s, 0, O, B), block(s, 1, O, B), block(s, 2, O, B)
    du, da, dm = block(s, 3, O, B), block(s, 4, O, B), block(s, 5, O, B)
    one = dy.dtype.type(1)
    for o in range(O):
        for b in range(B):
            du[o, b] = dy[o, b] * (a[o, b] - m[o, b]) * g[o, b] * (one - g[o, b])
            da[o, b] = dy[o, b] * g[o, b]
            dm[o, b] = dy[o, b] * (one - g[o, b])
