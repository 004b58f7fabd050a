r"""Neural Multiplication Unit (Neural Arithmetic Units, eq. 9).

$$z_o = \prod_{i=1}^{I} \left(W_{oi}\, x_i + 1 - W_{oi}\right), \qquad W_{oi} \in [0, 1]$$

Multiplies the inputs with $W_{oi} = 1$ and ignores those with $W_{oi} = 0$, negative and
zero inputs included. It can neither divide nor take roots, and it has no constant factor.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from .initialisation import uniform_
from .unit import Unit, clamp


class NMU(Unit):
    r"""$z_o = \prod_i (W_{oi} x_i + 1 - W_{oi})$, the product of the inputs that W selects.

    `x` is `[..., I]`, `z` is `[..., O]`, `W` is `[O, I]` and clamped to $[0, 1]$.

    Drawn from $U[1/4, 3/4]$, whose variance is 1/48.

    Departs from the paper (nmu-init): the paper derives a variance of 1/4 as optimal; the
    authors' code caps the half-width of the uniform law at 1/4, and so do we.

    Derived in theory/gradients (eq-nmu-gradient) and, its moments, in theory/moments (eq-moments-nmu-forward).

    >>> import torch
    >>> from nalu.units import NMU
    >>> unit = NMU(3, 1)
    >>> unit.W.data = torch.tensor([[1.0, 0.0, 1.0]])
    >>> unit(torch.tensor([[2.0, 7.0, 3.0], [-1.0, 7.0, 5.0]])).tolist()
    [[6.0], [-5.0]]
    """

    def _build(self, **kind) -> None:
        self.W = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        uniform_(self.W, 0.25, 0.75, generator)

    def weight(self) -> Tensor:
        r"""$W$ clamped to $[0, 1]$, `[O, I]`."""
        return clamp(self.W, 0.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        W = self.weight()
        factors = W * x.unsqueeze(-2) + 1.0 - W  # [..., 1, I] -> [..., O, I]
        return factors.prod(-1)  # [..., O, I] -> [..., O]

    def penalty(self) -> Tensor:
        r"""R_sparse, a scalar: the mean of $\min(|W_{oi}|, |1 - W_{oi}|)$ over the matrix, eq. 9.

        Derived in theory/sparsity (eq-sparse-gradient).
        """
        return torch.minimum(self.W.abs(), (1.0 - self.W).abs()).mean()

    @torch.no_grad()
    def project_(self) -> None:
        """Clamp the parameter itself to [0, 1]."""
        self.W.copy_(self.weight())


class NMUNoClamp(NMU):
    """NMU of the ablation "no W-clamp": the parameter may leave [0, 1].

    Departs from the paper (no-clamp): the authors' ablation only removes the projection;
    the forward pass still clamps, and so does this one.

    >>> import torch
    >>> from nalu.units import NMUNoClamp
    >>> unit = NMUNoClamp(2, 1)
    >>> unit.W.data = torch.tensor([[1.5, 1.0]])
    >>> unit.project_()
    >>> unit.W.tolist(), unit(torch.tensor([3.0, 4.0])).tolist()
    ([[1.5, 1.0]], [12.0])
    """

    def project_(self) -> None:
        """Nothing: this is the ablation."""
