r"""Gated NAU/NMU (Neural Arithmetic Units, appendix C.5): the NALU's gate over NAU and NMU.

$$z = g \odot \mathrm{NAU}(x) + (1 - g) \odot \mathrm{NMU}(x), \qquad
  g = \sigma(x\,G^\top)$$

Represents what NAU or NMU represent where the gate is 1 or 0, a limit of infinite $G$.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import linear

from .initialisation import glorot_bound, undrawn, uniform_
from .nau import NAU
from .nmu import NMU
from .unit import Unit


class GatedNAUNMU(Unit):
    r"""$z = g a + (1 - g) m$: a gate g between a NAU, a, and an NMU, m.

    `x` is `[..., I]`, `z`, `g`, `a` and `m` are `[..., O]`. The parts are `nau` and `nmu`, and
    $g = \sigma(x G^\top)$, where `G`, `[O, I]`, is Glorot-uniform.

    Derived in theory/gating (eq-gate-gradient).

    >>> import torch
    >>> from nalu.units import GatedNAUNMU
    >>> unit = GatedNAUNMU(2, 1)
    >>> unit.load_state_dict({name: torch.full((1, 2), 9.0) for name in unit.state_dict()})
    <All keys matched successfully>
    >>> unit(torch.tensor([2.0, 3.0])).item()  # the gate is 1
    5.0
    >>> round(unit(torch.tensor([-2.0, -3.0])).item(), 2)  # the gate is 0
    6.0
    """

    def _build(self, **kind) -> None:
        self.nau = NAU(self.in_features, self.out_features, undrawn(), **kind)
        self.nmu = NMU(self.in_features, self.out_features, undrawn(), **kind)
        self.G = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        self.nau.reset_parameters(generator)
        self.nmu.reset_parameters(generator)
        r = glorot_bound(self.in_features, self.out_features)
        uniform_(self.G, -r, r, generator)

    def weight(self) -> Tensor:
        """The weights of NAU and NMU, `[2, O, I]`; the gate matrix is not part of it."""
        return torch.stack([self.nau.weight(), self.nmu.weight()])

    def gate(self, x: Tensor) -> Tensor:
        r"""$g = \sigma(x\,G^\top)$, `[..., I]` to `[..., O]`; 1 selects addition."""
        return linear(x, self.G).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        g = self.gate(x)
        return g * self.nau(x) + (1.0 - g) * self.nmu(x)

    def penalty(self) -> Tensor:
        """Sum of the regularisers of NAU and NMU; none on the gate."""
        return self.nau.penalty() + self.nmu.penalty()

    def project_(self) -> None:
        """Project NAU and NMU."""
        self.nau.project_()
        self.nmu.project_()
