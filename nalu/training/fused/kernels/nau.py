r"""NAU: $z = Wx$, $W$ clamped to $[-1, 1]$; its regulariser and projection."""

from nalu.training.fused.maps import kernel
from nalu.training.fused.scalars import sign, slope_of_smaller


@kernel
def weight(p, w):
    one = p.dtype.type(1)
    for k in range(w.size):
        w[k] = min(max(p[k], -one), one)


@kernel
def chain(p, w, dw, dp):
    """The clamp passes the gradient inside and on its bounds."""
    zero = p.dtype.type(0)
    for k in range(w.size):
        dp[k] = dw[k] if -1 <= p[k] and p[k] <= 1 else zero


@kernel
def penalty(p, scale, dp):
    r"""$\mathrm{mean} \min(|W|, |1 - |W||)$; adds `scale` times its gradient to `dp`."""
    total, one = p.dtype.type(0), p.dtype.type(1)
    each = p.dtype.type(scale / p.size)
    for k in range(p.size):
        near, far = abs(p[k]), abs(one - abs(p[k]))
        total += min(near, far)
        up, down = sign(p[k], one), -sign(one - abs(p[k]), one) * sign(p[k], one)
        dp[k] += each * slope_of_smaller(near, far, up, down, one)
    return total / p.size


@kernel
def project(p):
    one = p.dtype.type(1)
    for k in range(p.size):
        p[k] = min(max(p[k], -one), one)
