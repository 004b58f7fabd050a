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
from .unit import Unit, clamp


class NAU(Unit):
    r"""$z_o = \sum_i W_{oi} x_i$, the sum of the inputs that W selects, each with its sign.

    `x` is `[..., I]`, `z` is `[..., O]`, `W` is `[O, I]` and clamped to $[-1, 1]$.

    Drawn from $U[-r, r]$, $r = \min(1/2, \sqrt{6/(I+O)})$.

    Departs from the paper (nau-init): the paper asks for Glorot's variance; the authors'
    code caps $r$ at 1/2, and so do we.

    Its initial weights are derived in theory/initialisation (eq-init-glorot).

    >>> import torch
    >>> from nalu.units import NAU
    >>> unit = NAU(3, 1)
    >>> unit.W.data = torch.tensor([[1.0, 0.0, -1.0]])
    >>> unit(torch.tensor([[2.0, 7.0, 3.0], [-1.0, 7.0, 5.0]])).tolist()
    [[-1.0], [-6.0]]
    """

    def _build(self, **kind) -> None:
        self.W = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        r = min(0.5, glorot_bound(self.in_features, self.out_features))
        uniform_(self.W, -r, r, generator)

    def weight(self) -> Tensor:
        r"""$W$ clamped to $[-1, 1]$, `[O, I]`."""
        return clamp(self.W, -1.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight())  # [..., I] -> [..., O]

    def penalty(self) -> Tensor:
        r"""R_sparse, a scalar: the mean of $\min(|W_{oi}|, |1 - |W_{oi}||)$ over the matrix, eq. 8.

        Derived in theory/sparsity (eq-sparse-gradient).
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

    >>> import torch
    >>> from nalu.units import NAUNoClamp
    >>> unit = NAUNoClamp(2, 1)
    >>> unit.W.data = torch.tensor([[1.5, -1.0]])
    >>> unit.project_()
    >>> unit.W.tolist(), unit(torch.tensor([3.0, 4.0])).tolist()
    ([[1.5, -1.0]], [-1.0])
    """

    def project_(self) -> None:
        """Nothing: this is the ablation."""
