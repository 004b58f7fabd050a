r"""Multiplying mass-conserving unit, Mul-MC-FC (Hoedt and others 2021; Mistry, Farrahi and Hare 2022).

$$z_o = \exp\left(\alpha_o + \sigma(w_o + b_o) \sum_i S_{oi} \log x_i\right)$$

The MC-FC of logarithms. It multiplies in the limit of an open gate, and it cannot divide. The logarithm of a negative input is no
number; the forms with a sign take that of $|x_i|$ and multiply by

$$s_o = \prod_i \left(\mathrm{sign}(x_i)\, S_{oi} + 1 - S_{oi}\right) \qquad \text{or} \qquad
  s_o = \cos\Big(\pi \sum_{x_i < 0} \hat g_i\, S_{oi}\Big), \qquad \hat g_i = \min(\max(g_i, 0), 1),$$

the sign of the iNALU or that of the RealNPU.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from .initialisation import undrawn
from .mcfc import MCFC
from .over_inputs import dot, product
from .unit import Unit, clamp


class MulMCFC(Unit):
    r"""$z_o = e^{\alpha_o + \sigma(w_o + b_o) \sum_i S_{oi} \log x_i}$: products of positive inputs, nearly.

    `x` is `[..., I]`, `z` is `[..., O]`; the part is `mcfc`, whose parameters it has, and $\alpha$ is `alpha`, `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import MulMCFC
    >>> unit = MulMCFC(2, 1)
    >>> unit.mcfc.w.data, unit.mcfc.b.data = torch.tensor([9.0]), torch.tensor([9.0])
    >>> round(unit(torch.tensor([2.0, 3.0])).item(), 4), unit(torch.tensor([2.0, -3.0])).item()
    (6.0, nan)
    """

    def _build(self, **kind) -> None:
        self.mcfc = MCFC(self.in_features, self.out_features, undrawn(), **kind)
        self.alpha = nn.Parameter(torch.empty(self.out_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        self.mcfc.reset_parameters(generator)
        with torch.no_grad():
            self.alpha.zero_()

    def weight(self) -> Tensor:
        """The exponents, which are the weights of the MC-FC, `[O, I]`."""
        return self.mcfc.weight()

    def forward(self, x: Tensor) -> Tensor:
        return (self.mcfc(x.log()) + self.alpha).exp()  # [..., I] -> [..., O]

    def penalty(self) -> Tensor:
        """That of the MC-FC."""
        return self.mcfc.penalty()


class MulMCFCSign(MulMCFC):
    r"""$z_o = s_o e^{\alpha_o + \sigma(w_o + b_o) \sum_i S_{oi} \log |x_i|}$: the Mul-MC-FC with the sign of the iNALU.

    `x` is `[..., I]`, `z` is `[..., O]`; parameters and initial weights are those of the Mul-MC-FC.

    >>> import torch
    >>> from nalu.units import MulMCFCSign
    >>> unit = MulMCFCSign(2, 1)
    >>> unit.mcfc.w.data, unit.mcfc.b.data = torch.tensor([9.0]), torch.tensor([9.0])
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 4)
    -6.0
    """

    def forward(self, x: Tensor) -> Tensor:
        S = self.mcfc.R.softmax(0)
        s = product(x.sign().unsqueeze(-2) * S + 1.0 - S)  # [..., 1, I] -> [..., O]
        return s * super().forward(x.abs())


class MulMCFCSignRealNPU(MulMCFC):
    r"""$z_o = s_o e^{\alpha_o + \sigma(w_o + b_o) \sum_i S_{oi} \log |x_i|}$: the Mul-MC-FC with the sign of the RealNPU.

    `x` is `[..., I]`, `z` is `[..., O]`; the parameters are those of the Mul-MC-FC and the gate `g` of the sign, `[I]`, which starts at ½.

    The regulariser also wants every $g_i$ to be 0 or 1, with a tenth of the weight of the rest.

    >>> import torch
    >>> from nalu.units import MulMCFCSignRealNPU
    >>> unit = MulMCFCSignRealNPU(2, 1)
    >>> unit.mcfc.w.data, unit.mcfc.b.data, unit.g.data = torch.tensor([9.0]), torch.tensor([9.0]), torch.tensor([1.0, 1.0])
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 4)
    -6.0
    """

    def _build(self, **kind) -> None:
        super()._build(**kind)
        self.g = nn.Parameter(torch.empty(self.in_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        super().reset_parameters(generator)
        with torch.no_grad():
            self.g.fill_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        k = math.pi * clamp(self.g, 0.0, 1.0) * (x < 0).to(x.dtype)  # [..., I]
        return dot(k, self.mcfc.R.softmax(0)).cos() * super().forward(x.abs())  # [..., I] -> [..., O]

    def penalty(self) -> Tensor:
        r"""That of the MC-FC, and a tenth of the mean of $\min(|g_i|, |1 - g_i|)$."""
        return super().penalty() + 0.1 * torch.minimum(self.g.abs(), (1.0 - self.g).abs()).mean()
