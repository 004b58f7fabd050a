r"""NAC•,NMU: NAC• with the weight of the NMU (Neural Arithmetic Units, sec. 4.1).

$$z_o = \exp\left(\sum_{i=1}^{I} W_{oi} \log(|x_i| + \epsilon)\right), \qquad
  W_{oi} \in [0, 1]$$

Multiplies and ignores exactly. It cannot divide, and never gives a negative result.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear

from .nmu import NMU
from .unit import EPSILON


class NACMulNMU(NMU):
    r"""$z_o = \prod_i (|x_i| + \epsilon)^{W_{oi}}$ with the weight of the NMU: products, never negative.

    `x` is `[..., I]`, `z` is `[..., O]`; parameter, penalty and range are those of the NMU.

    Derived in theory/gradients (eq-nac-mul-gradient).

    >>> import torch
    >>> from nalu.units import NACMulNMU
    >>> unit = NACMulNMU(3, 1)
    >>> unit.W.data = torch.tensor([[1.0, 0.0, 1.0]])
    >>> round(unit(torch.tensor([2.0, 7.0, -3.0])).item(), 3)
    6.0
    """

    def forward(self, x: Tensor) -> Tensor:
        log_x = (x.abs() + EPSILON).log()
        return linear(log_x, self.weight()).exp()  # [..., I] -> [..., O]
