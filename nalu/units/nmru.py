r"""Neural Multiplicative Reciprocal Unit, NMRU (Mistry, Farrahi and Hare 2021).

$$z_o = \prod_{i=1}^{2I} \left(W_{oi}\, |\hat x_i| + 1 - W_{oi}\right) \cdot \cos\left(\pi \sum_{\hat x_i < 0} W_{oi}\right)$$

$$\hat x = \left(x, \frac1{x + \epsilon}\right), \qquad W_{oi} \in [0, 1]$$

The NMU on the inputs and their reciprocals, with the sign put back by a cosine. It multiplies and divides exactly; an input that is
selected with its reciprocal cancels. $\epsilon$ is $2^{-23}$ in training and 0 in evaluation, so that an input of 0 gives no
number there, whatever its weights are. It cannot add.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from .initialisation import uniform_
from .npu import SMALLEST
from .over_inputs import dot, product
from .unit import Unit, clamp


class NMRU(Unit):
    r"""$z_o = \prod_i (W_{oi} |\hat x_i| + 1 - W_{oi}) \cos(\pi \sum_{\hat x_i < 0} W_{oi})$, $\hat x = (x, 1/x)$: products and quotients.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[2, O, I]`, of the inputs and of their reciprocals, clamped to $[0, 1]$.

    Drawn from $U[1/4, 3/4]$ and regularised as the weight of the NMU. The training limits the norm of the gradient, see
    `nalu.registry.Recipe`.

    >>> import torch
    >>> from nalu.units import NMRU
    >>> unit = NMRU(2, 1).eval()
    >>> unit.W.data = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    >>> [round(z, 4) for z in unit(torch.tensor([[6.0, -3.0], [-6.0, -3.0]])).flatten().tolist()]
    [-2.0, 2.0]
    """

    def _build(self, **kind) -> None:
        self.W = nn.Parameter(torch.empty(2, self.out_features, self.in_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        both = torch.empty(self.out_features, 2 * self.in_features, device=self.W.device)  # a row: inputs, then reciprocals
        uniform_(both, 0.25, 0.75, generator)
        with torch.no_grad():
            self.W.copy_(both.view(self.out_features, 2, self.in_features).transpose(0, 1))

    def weight(self) -> Tensor:
        r"""$W$ clamped to $[0, 1]$, `[2, O, I]`."""
        return clamp(self.W, 0.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        size, turns = [], []
        for W, part in zip(self.weight(), (x, (x + SMALLEST if self.training else x).reciprocal()), strict=True):
            size.append(product(W * part.abs().unsqueeze(-2) + 1.0 - W))  # [..., 1, I] -> [..., O]
            turns.append(dot((part < 0).to(x.dtype), W))  # [..., I] -> [..., O]
        return size[0] * size[1] * (math.pi * (turns[0] + turns[1])).cos()

    def penalty(self) -> Tensor:
        r"""The mean of $\min(|W_{oi}|, |1 - W_{oi}|)$ over both matrices."""
        return torch.minimum(self.W.abs(), (1.0 - self.W).abs()).mean()

    @torch.no_grad()
    def project_(self) -> None:
        """Clamp the parameter itself to [0, 1]."""
        self.W.copy_(self.weight())
