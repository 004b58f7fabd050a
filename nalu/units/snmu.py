r"""Stochastic NMU, sNMU (Mistry, Farrahi and Hare 2022).

$$z_o = \frac{\prod_i \left(W_{oi}\, n_i x_i + 1 - W_{oi}\right)}{\prod_i \left(W_{oi}\, n_i + 1 - W_{oi}\right)}, \qquad n_i \sim U[1, N]$$

in training; in evaluation it is the NMU. The noise $n$ cancels where all weights are 0 or 1, and shakes the unit out of solutions
that fit only the training range elsewhere. $N$ is 5, or, in the batch form, $1 + 1/s$ with $s$ the standard deviation of all inputs
of the batch. It represents what the NMU represents.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .nmu import NMU
from .over_inputs import product

UPPER = 5.0
"""N, the largest factor of the noise."""


class SNMU(NMU):
    r"""$z_o = \prod_i (W_{oi} n_i x_i + 1 - W_{oi}) / \prod_i (W_{oi} n_i + 1 - W_{oi})$ in training, the NMU in evaluation.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]` and that of the NMU. The noise $n = 1 + (N - 1) u$ is `[..., I]`.

    >>> import torch
    >>> from nalu.units import SNMU, NMU
    >>> unit, x = SNMU(2, 1), torch.tensor([2.0, 3.0])
    >>> unit.eval()(x).item() == NMU.forward(unit, x).item()
    True
    >>> unit.train()(x).item() == unit(x).item()  # other noise
    False
    >>> unit.W.data = torch.ones(1, 2)
    >>> round(unit(x).item(), 4)
    6.0
    """

    def forward(self, x: Tensor, u: Tensor | None = None) -> Tensor:
        r"""Apply the equation: `x` is `[..., in_features]`, the result `[..., out_features]`.

        `u`, of the shape of `x` and in [0, 1), makes the noise of the training; it is drawn if it is not given.
        """
        if not self.training:
            return self._product(x)
        n = 1.0 + (self._upper(x) - 1.0) * (torch.rand_like(x) if u is None else u)
        return self._product(n * x) / self._product(n)

    def _product(self, x: Tensor) -> Tensor:
        W = self.weight()
        return product(W * x.unsqueeze(-2) + 1.0 - W)  # [..., 1, I] -> [..., O]

    def _upper(self, x: Tensor) -> Tensor:
        return x.new_full((), UPPER)


class SNMUBatch(SNMU):
    r"""$z_o = \prod_i (W_{oi} n_i x_i + 1 - W_{oi}) / \prod_i (W_{oi} n_i + 1 - W_{oi})$ with noise that fits the batch.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]` and that of the NMU. The noise goes up to $1 + 1/s$, where s is
    the standard deviation of all numbers of `x`.

    >>> import torch
    >>> from nalu.units import SNMUBatch
    >>> unit, x = SNMUBatch(2, 1), torch.tensor([[2.0, 3.0], [4.0, 1.0]])
    >>> unit.W.data = torch.ones(1, 2)
    >>> [round(z, 4) for z in unit(x).flatten().tolist()]
    [6.0, 4.0]
    """

    def _upper(self, x: Tensor) -> Tensor:
        return 1.0 + x.std().reciprocal()
