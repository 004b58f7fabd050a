r"""Neural Addition Unit (Neural Arithmetic Units, eq. 7-8).

$$z_o = \sum_{i=1}^{I} W_{oi}\, x_i, \qquad W_{oi} \in [-1, 1]$$

Adds, subtracts and ignores inputs exactly when all $W_{oi} \in \{-1, 0, 1\}$.
It cannot multiply, and it has no constant term.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import linear

from .initialisation import glorot_bound, uniform_
from .unit import Unit


class NAU(Unit):
    r"""$z = x\,W^\top$ with $W$ clamped to $[-1, 1]$; `x` is `[..., I]`, `z` is `[..., O]`.

    Drawn from $U[-r, r]$, $r = \min(\tfrac12, \sqrt{6/(I+O)})$.

    Departs from the paper (nau-init): the paper asks for Glorot's variance; the authors'
    code caps $r$ at 1/2, and so do we.

    Derived in :eq:`eq-init-glorot` (initial weights).
    """

    def _build(self, **kind) -> None:
        self.W = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        r = min(0.5, glorot_bound(self.in_features, self.out_features))
        uniform_(self.W, -r, r, generator)

    def weight(self) -> Tensor:
        r"""$W$ clamped to $[-1, 1]$, `[O, I]`."""
        return self.W.clamp(-1.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight())  # [..., I] -> [..., O]

    def penalty(self) -> Tensor:
        r"""$\mathcal R_{sparse} = \frac{1}{OI}\sum_{oi} \min(|W_{oi}|, |1 - |W_{oi}||)$, eq. 8.

        Derived in :eq:`eq-sparse-gradient`.
        """
        magnitude = self.W.abs()
        return torch.minimum(magnitude, (1.0 - magnitude).abs()).mean()

    @torch.no_grad()
    def project_(self) -> None:
        """Clamp the parameter itself to [-1, 1]."""
        self.W.copy_(self.weight())


class NAUNoClamp(NAU):
    """NAU of the ablation "no W-clamp": the parameter may leave [-1, 1].

    Departs from the paper (no-clamp): the authors' ablation only removes the projection;
    the forward pass still clamps, and so does this one.
    """

    def project_(self) -> None:
        """Nothing: this is the ablation."""
