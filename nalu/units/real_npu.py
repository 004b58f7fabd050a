r"""Real Neural Power Unit, RealNPU (Heim, Pevný and Šmídl 2020), and its modified form (Mistry, Farrahi and Hare 2021).

$$z = \exp\left(W \log r\right) \odot \cos\left(W k\right)$$

with $r$ and $k$ of the NPU, whose exponents are real here. It multiplies, divides and takes roots of the inputs that its gate selects;
it cannot add. The modified form keeps $W$ in $[-1, 1]$ and $g$ in $[0, 1]$ and draws both to whole numbers:

$$\mathcal R = \frac{1}{O\,I} \sum_{o,i} \big|1 - |W_{oi}|\big| + \frac1I \sum_i \min(|g_i|, |1 - g_i|)$$
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from .initialisation import glorot_bound, uniform_
from .npu import relevant
from .over_inputs import dot
from .unit import Unit, clamp


class RealNPU(Unit):
    r"""$z = e^{W \log r} \cos(W k)$: products, quotients and roots of the inputs that g selects.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]` and Glorot-uniform, `g` is `[I]` and starts at ½.

    The training adds an L1 norm of all parameters that grows, see `nalu.registry.Recipe`.

    >>> import torch
    >>> from nalu.units import RealNPU
    >>> unit = RealNPU(3, 1)
    >>> unit.W.data, unit.g.data = torch.tensor([[1.0, -1.0, 1.0]]), torch.tensor([1.0, 1.0, 0.0])
    >>> round(unit(torch.tensor([6.0, -3.0, 7.0])).item(), 4)
    -2.0
    """

    def _build(self, **kind) -> None:
        self.W = self._matrix(**kind)
        self.g = nn.Parameter(torch.empty(self.in_features, **kind))

    def _bound(self) -> float:
        """Half-width of the uniform law of the initial weights."""
        return glorot_bound(self.in_features, self.out_features)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        r = self._bound()
        uniform_(self.W, -r, r, generator)
        with torch.no_grad():
            self.g.fill_(0.5)

    def weight(self) -> Tensor:
        """The exponents, `[O, I]`; the gate is not part of it."""
        return self.W

    def forward(self, x: Tensor) -> Tensor:
        log_r, k = relevant(x, self.g)  # [..., I]
        W = self.weight()
        return dot(log_r, W).exp() * dot(k, W).cos()  # [..., I] -> [..., O]


class RealNPUModified(RealNPU):
    r"""$z = e^{W \log r} \cos(W k)$ with exponents in $[-1, 1]$ and a regulariser: products and quotients.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]` and drawn as that of the NAU, `g` is `[I]` and starts at ½.

    The regulariser wants every exponent to be 1 or -1, and leaves it to the gate to ignore an input.

    >>> import torch
    >>> from nalu.units import RealNPUModified
    >>> unit = RealNPUModified(2, 1)
    >>> unit.W.data, unit.g.data = torch.tensor([[1.5, -1.0]]), torch.tensor([1.2, 0.25])
    >>> unit.project_()
    >>> unit.W.tolist(), unit.g.tolist(), unit.penalty().item()
    ([[1.0, -1.0]], [1.0, 0.25], 0.125)
    """

    def _bound(self) -> float:
        return min(0.5, super()._bound())

    def weight(self) -> Tensor:
        r"""$W$ clamped to $[-1, 1]$, `[O, I]`."""
        return clamp(self.W, -1.0, 1.0)

    def penalty(self) -> Tensor:
        r"""The mean of $|1 - |W_{oi}||$ over the matrix and that of $\min(|g_i|, |1 - g_i|)$ over the gate, added."""
        return (1.0 - self.W.abs()).abs().mean() + torch.minimum(self.g.abs(), (1.0 - self.g).abs()).mean()

    @torch.no_grad()
    def project_(self) -> None:
        """Clamp the exponents to [-1, 1] and the gate to [0, 1]."""
        self.W.copy_(self.weight())
        self.g.copy_(clamp(self.g, 0.0, 1.0))
