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
    r"""$z = \exp(\log(|x| + \epsilon)\, W^\top)$ with the weight and initial values of NAC.

    Derived in :eq:`eq-nac-mul-gradient` (gradients) and :eq:`eq-moments-nac-mul-forward` (moments).
    """

    def forward(self, x: Tensor) -> Tensor:
        log_x = (x.abs() + EPSILON).log()
        return linear(log_x, self.weight()).exp()  # [..., I] -> [..., O]
