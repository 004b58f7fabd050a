r"""Neural Power Unit, NPU (Heim, Pevný and Šmídl 2020).

$$z = \exp\left(W_r \log r - W_i k\right) \odot \cos\left(W_r k + W_i \log r\right)$$

$$r_i = \hat g_i\,(|x_i| + \epsilon) + 1 - \hat g_i, \qquad
  k_i = \begin{cases} \pi \hat g_i & x_i < 0 \\ 0 & x_i \ge 0 \end{cases}$$

$$\hat g_i = \min(\max(g_i, 0), 1), \qquad \epsilon = 2^{-23}$$

The real part of the complex power $x^{W_r + \mathrm i W_i}$; the gate $g_i$ replaces an input that is not relevant by 1. It multiplies,
divides and takes roots, with the right sign for whole powers; it cannot add. An input of 0 counts as $\epsilon$.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from .initialisation import glorot_bound, uniform_
from .over_inputs import dot
from .unit import Unit, clamp

SMALLEST = 2.0**-23
"""What is added to $|x|$: the distance from 1 to the next number of single precision."""


def relevant(x: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """The logarithm of $r$ and $k$ of the inputs, both `[..., I]`, for gates `[I]`."""
    gate = clamp(g, 0.0, 1.0)
    r = gate * (x.abs() + SMALLEST) + 1.0 - gate
    return r.log(), math.pi * gate * (x < 0)


class NPU(Unit):
    r"""$z = e^{W_r \log r - W_i k} \cos(W_r k + W_i \log r)$: products, quotients and roots of the inputs that g selects.

    `x` is `[..., I]`, `z` is `[..., O]`; `W_re` and `W_im` are `[O, I]`, `g` is `[I]`.

    `W_re` is Glorot-uniform, `W_im` starts at 0, `g` at ½. The training adds an L1 norm of all parameters that grows, see
    `nalu.registry.Recipe`.

    >>> import torch
    >>> from nalu.units import NPU
    >>> unit = NPU(3, 1)
    >>> unit.W_re.data, unit.g.data = torch.tensor([[1.0, -1.0, 1.0]]), torch.tensor([1.0, 1.0, 0.0])
    >>> round(unit(torch.tensor([6.0, -3.0, 7.0])).item(), 4)
    -2.0
    """

    def _build(self, **kind) -> None:
        self.W_re = self._matrix(**kind)
        self.W_im = self._matrix(**kind)
        self.g = nn.Parameter(torch.empty(self.in_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        r = glorot_bound(self.in_features, self.out_features)
        uniform_(self.W_re, -r, r, generator)
        with torch.no_grad():
            self.W_im.zero_()
            self.g.fill_(0.5)

    def weight(self) -> Tensor:
        """Real and imaginary part of the exponents, `[2, O, I]`; the gate is not part of it."""
        return torch.stack([self.W_re, self.W_im])

    def forward(self, x: Tensor) -> Tensor:
        log_r, k = relevant(x, self.g)  # [..., I]
        size = dot(log_r, self.W_re) - dot(k, self.W_im)  # [..., I] -> [..., O]
        turn = dot(k, self.W_re) + dot(log_r, self.W_im)  # [..., I] -> [..., O]
        return size.exp() * turn.cos()
