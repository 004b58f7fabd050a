r"""Neural Arithmetic Logic Unit (Trask et al. 2018; Neural Arithmetic Units, eq. 4).

$$z = g \odot a + (1 - g) \odot m, \qquad g = \sigma(x\,G^\top), \qquad
  a = \mathrm{NAC}_+(x), \qquad m = \mathrm{NAC}_\bullet(x)$$

Adds where the gate $g$ is 1 and multiplies where it is 0; both are limits of infinite
parameters. What NAC₊ and NAC• cannot represent, the NALU cannot either.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import linear

from .initialisation import glorot_bound, undrawn, uniform_
from .nac import NAC
from .nac_mul import NACMul
from .unit import EPSILON, Unit


class NALU(Unit):
    r"""$z = g a + (1 - g) m$: a gate g between a NAC₊, a, and a NAC•, m, that share one weight matrix.

    As in Trask et al., without a bias of the gate, $g = \sigma(x G^\top)$. `x` is `[..., I]`, `z`, `g`, `a`
    and `m` are `[..., O]`. The gate matrix `G`, `[O, I]`, is Glorot-uniform and drawn after the NAC.

    Derived in theory/gradients (eq-nalu-gradient) and, its moments, in theory/gating (eq-gate-moments).

    >>> import torch
    >>> from nalu.units import NALU
    >>> unit = NALU(2, 1)
    >>> unit.load_state_dict({name: torch.full((1, 2), 9.0) for name in unit.state_dict()})
    <All keys matched successfully>
    >>> round(unit(torch.tensor([2.0, 3.0])).item(), 2)  # the gate is 1
    5.0
    >>> round(unit(torch.tensor([-2.0, -3.0])).item(), 2)  # the gate is 0
    6.0
    """

    def _build(self, **kind) -> None:
        self.nac = NAC(self.in_features, self.out_features, undrawn(), **kind)
        self.G = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        self.nac.reset_parameters(generator)
        r = glorot_bound(self.in_features, self.out_features)
        uniform_(self.G, -r, r, generator)

    def weight(self) -> Tensor:
        """The weight both paths share, `[O, I]`; the gate matrix is not part of it."""
        return self.nac.weight()

    def gate(self, x: Tensor) -> Tensor:
        r"""$g = \sigma(x\,G^\top)$, `[..., I]` to `[..., O]`; 1 selects addition."""
        return linear(x, self.G).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        W = self.weight()
        a = linear(x, W)  # [..., I] -> [..., O]
        m = linear((x.abs() + EPSILON).log(), W).exp()  # [..., I] -> [..., O]
        g = self.gate(x)
        return g * a + (1.0 - g) * m


class NALUSeparate(Unit):
    r"""$z = g a + (1 - g) m$: the NALU with a weight matrix of its own for NAC₊ and for NAC•.

    `x` is `[..., I]`, `z`, `g`, `a` and `m` are `[..., O]`. The parts are `add` and `mul`, and as in the NALU
    $g = \sigma(x G^\top)$.

    Derived in theory/gating (eq-gate-gradient).

    >>> import torch
    >>> from nalu.units import NALUSeparate
    >>> unit = NALUSeparate(2, 1)
    >>> unit.load_state_dict({name: torch.full((1, 2), 9.0) for name in unit.state_dict()})
    <All keys matched successfully>
    >>> round(unit(torch.tensor([2.0, 3.0])).item(), 2)  # the gate is 1
    5.0
    >>> round(unit(torch.tensor([-2.0, -3.0])).item(), 2)  # the gate is 0
    6.0
    """

    def _build(self, **kind) -> None:
        self.add = NAC(self.in_features, self.out_features, undrawn(), **kind)
        self.mul = NACMul(self.in_features, self.out_features, undrawn(), **kind)
        self.G = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        self.add.reset_parameters(generator)
        self.mul.reset_parameters(generator)
        r = glorot_bound(self.in_features, self.out_features)
        uniform_(self.G, -r, r, generator)

    def weight(self) -> Tensor:
        """The weights of NAC₊ and NAC•, `[2, O, I]`; the gate matrix is not part of it."""
        return torch.stack([self.add.weight(), self.mul.weight()])

    def gate(self, x: Tensor) -> Tensor:
        r"""$g = \sigma(x\,G^\top)$, `[..., I]` to `[..., O]`; 1 selects addition."""
        return linear(x, self.G).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        g = self.gate(x)
        return g * self.add(x) + (1.0 - g) * self.mul(x)
