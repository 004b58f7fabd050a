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
    r"""$z = \exp(\log(|x| + \epsilon)\, W^\top)$; weight, penalty and range of the NMU.

    Derived in :eq:`eq-nac-mul-gradient` (gradients).
    """

    def forward(self, x: Tensor) -> Tensor:
        log_x = (x.abs() + EPSILON).log()
        return linear(log_x, self.weight()).exp()  # [..., I] -> [..., O]
