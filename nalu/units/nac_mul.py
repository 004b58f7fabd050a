r"""Multiplying Neural Accumulator, NAC• (Trask et al. 2018; Neural Arithmetic Units, eq. 3).

$$z_o = \exp\left(\sum_{i=1}^{I} W_{oi} \log(|x_i| + \epsilon)\right)
      = \prod_{i=1}^{I} (|x_i| + \epsilon)^{W_{oi}}, \qquad \epsilon = 10^{-7}$$

Multiplies with $W_{oi} = 1$, divides with $-1$, ignores with 0, all only near the limit of
infinite parameters, and never gives a negative result: the sign of $x_i$ is lost.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear

from .nac import NAC
from .unit import EPSILON


class NACMul(NAC):
    r"""$z_o = \prod_i (|x_i| + \epsilon)^{W_{oi}}$ with the weight of the NAC: products and quotients, nearly.

    `x` is `[..., I]`, `z` is `[..., O]`; parameters and initial weights are those of the NAC.

    Derived in theory/gradients (eq-nac-mul-gradient) and, its moments, in theory/moments (eq-moments-nac-mul-forward).

    >>> import torch
    >>> from nalu.units import NACMul
    >>> unit = NACMul(2, 1)
    >>> unit.W_hat.data, unit.M_hat.data = torch.tensor([[9.0, -9.0]]), torch.tensor([[9.0, 9.0]])
    >>> round(unit(torch.tensor([6.0, -3.0])).item(), 3)
    2.0
    """

    def forward(self, x: Tensor) -> Tensor:
        log_x = (x.abs() + EPSILON).log()
        return linear(log_x, self.weight()).exp()  # [..., I] -> [..., O]
