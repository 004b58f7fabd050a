r"""Neural Accumulator, NAC₊ (Trask et al. 2018; Neural Arithmetic Units, eq. 1-2).

$$z_o = \sum_{i=1}^{I} W_{oi}\, x_i, \qquad
  W_{oi} = \tanh(\hat W_{oi})\, \sigma(\hat M_{oi})$$

Adds, subtracts and ignores inputs in the limit of infinite parameters: $W_{oi}$ comes
near $-1$, 0 and 1 but only 0 (at $\hat W_{oi} = 0$) is reached. It cannot multiply.
"""

from __future__ import annotations

from torch import Generator, Tensor
from torch.nn.functional import linear

from .initialisation import nac_bound, uniform_
from .unit import Unit


class NAC(Unit):
    r"""$z_o = \sum_i W_{oi} x_i$ with $W = \tanh(\hat W) \sigma(\hat M)$: sums and differences, nearly.

    `x` is `[..., I]`, `z` is `[..., O]`; $\hat W$ and $\hat M$ are `W_hat` and `M_hat`, `[O, I]`.

    Both parameters are drawn from $U[-r, r]$, where $r$ gives $W$ Glorot's variance
    $2/(I+O)$; see `nac_bound`.

    Its gradients are derived in theory/weights (eq-nac-chain), the variance in theory/moments (eq-moments-nac-variance).

    >>> import torch
    >>> from nalu.units import NAC
    >>> unit = NAC(2, 1)
    >>> unit.W_hat.data, unit.M_hat.data = torch.tensor([[9.0, -9.0]]), torch.tensor([[9.0, 9.0]])
    >>> round(unit(torch.tensor([2.0, 3.0])).item(), 3)
    -1.0
    """

    def _build(self, **kind) -> None:
        self.W_hat = self._matrix(**kind)
        self.M_hat = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        r = nac_bound(self.in_features, self.out_features)
        uniform_(self.W_hat, -r, r, generator)
        uniform_(self.M_hat, -r, r, generator)

    def weight(self) -> Tensor:
        r"""$\tanh(\hat W)\,\sigma(\hat M)$, `[O, I]`."""
        return self.W_hat.tanh() * self.M_hat.sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight())  # [..., I] -> [..., O]
