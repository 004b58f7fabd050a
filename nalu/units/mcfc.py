r"""Mass-conserving fully connected unit, MC-FC (Hoedt and others 2021).

$$z_o = \sigma(w_o + b_o) \sum_{i=1}^{I} S_{oi}\, x_i, \qquad S_{oi} = \frac{e^{R_{oi}}}{\sum_{o'} e^{R_{o'i}}}$$

Every input is handed out among the outputs, $\sum_o S_{oi} = 1$, and a gate lets a part of each sum through. It adds in the limit of
infinite $w_o + b_o$; it can neither subtract nor multiply. With one output there is nothing to hand out: $S$ is 1, and
the gate is all that is learned.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from .initialisation import orthogonal_
from .over_inputs import dot
from .unit import Unit


class MCFC(Unit):
    r"""$z_o = \sigma(w_o + b_o) \sum_i S_{oi} x_i$, where every column of S sums to 1: sums of shares of the inputs.

    `x` is `[..., I]`, `z` is `[..., O]`; `R` is `[O, I]`, `w` and `b` are `[O]`.

    `R` and `w` are drawn as orthogonal matrices, `R` is the identity if it is square, and `b` starts at 0.

    Departs from the paper (mcfc-draws): the authors' code draws more often before it draws these numbers, so that a seed
    gives other weights here.

    >>> import torch
    >>> from nalu.units import MCFC
    >>> unit = MCFC(2, 1)
    >>> unit.w.data, unit.b.data = torch.tensor([9.0]), torch.tensor([9.0])
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 4)
    -1.0
    """

    def _build(self, **kind) -> None:
        self.R = self._matrix(**kind)
        self.w = nn.Parameter(torch.empty(self.out_features, **kind))
        self.b = nn.Parameter(torch.empty(self.out_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        orthogonal_(self.w, (self.out_features, 1), generator)
        orthogonal_(self.R, (self.in_features, self.out_features), generator)
        with torch.no_grad():
            if self.in_features == self.out_features:
                self.R.copy_(torch.eye(self.in_features))
            self.b.zero_()

    def weight(self) -> Tensor:
        r"""$\sigma(w + b)\, S$, `[O, I]`."""
        return (self.w + self.b).sigmoid().unsqueeze(-1) * self.R.softmax(0)

    def forward(self, x: Tensor) -> Tensor:
        return dot(x, self.weight())  # [..., I] -> [..., O]

    def penalty(self) -> Tensor:
        """Minus the mean squares of R, w and b: it has no bound, and pushes all of them away from 0."""
        return -(self.R.square().mean() + self.w.square().mean() + self.b.square().mean())
