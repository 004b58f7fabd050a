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
    r"""NALU whose NAC₊ and NAC• share one weight matrix, as in Trask et al.; no gate bias.

    The gate matrix $G$, `[O, I]`, is Glorot-uniform and drawn after the NAC.

    Derived in :eq:`eq-nalu-gradient` (gradients) and :eq:`eq-gate-moments` (moments).
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
    r"""NALU with a weight matrix of its own for NAC₊ and for NAC•; no gate bias.

    Derived in :eq:`eq-gate-gradient` (gradient of the gate).
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
