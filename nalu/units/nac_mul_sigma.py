r"""NAC•,σ: NAC• with a weight that cannot be negative (Neural Arithmetic Units, sec. 4.1).

$$z_o = \exp\left(\sum_{i=1}^{I} W_{oi} \log(|x_i| + \epsilon)\right), \qquad
  W_{oi} = \sigma(\hat W_{oi})$$

Multiplies and ignores in the limit of infinite parameters. It cannot divide, and never
gives a negative result.
"""

from __future__ import annotations

from torch import Generator, Tensor
from torch.nn.functional import linear

from .initialisation import glorot_std, normal_
from .unit import EPSILON, Unit


class NACMulSigma(Unit):
    r"""$z_o = \prod_i (|x_i| + \epsilon)^{W_{oi}}$ with $W = \sigma(\hat W)$: products, nearly, never negative.

    `x` is `[..., I]`, `z` is `[..., O]`; $\hat W$ is `W_hat`, `[O, I]`, and Glorot-normal.

    Derived in theory/gradients (eq-nac-mul-gradient).

    >>> import torch
    >>> from nalu.units import NACMulSigma
    >>> unit = NACMulSigma(3, 1)
    >>> unit.W_hat.data = torch.tensor([[20.0, -20.0, 20.0]])
    >>> round(unit(torch.tensor([2.0, 7.0, -3.0])).item(), 3)
    6.0
    """

    def _build(self, **kind) -> None:
        self.W_hat = self._matrix(**kind)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        normal_(self.W_hat, glorot_std(self.in_features, self.out_features), generator)

    def weight(self) -> Tensor:
        r"""$\sigma(\hat W)$, `[O, I]`."""
        return self.W_hat.sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        log_x = (x.abs() + EPSILON).log()
        return linear(log_x, self.weight()).exp()  # [..., I] -> [..., O]
