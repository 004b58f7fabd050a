r"""Golden-ratio NALU, G-NALU (the form of the single-module benchmark, Mistry, Farrahi and Hare 2022).

$$z = g \odot a + (1 - g) \odot m, \qquad g = \sigma_\varphi(x\,G^\top)$$

$$W = \tanh_\varphi(\hat W)\,\sigma_\varphi(\hat M), \qquad \varphi = \frac{1 + \sqrt 5}{2}$$

The NALU with $\varphi$ in place of $e$ in its tanh and its sigmoid. As $\tanh_\varphi(u) = \tanh(u \ln\varphi)$ and
$\sigma_\varphi(u) = \sigma(u \ln\varphi)$, and as the base of the product cancels, it is the NALU whose parameters are multiplied by
$\ln\varphi = 0.48$: it represents what the NALU represents, and its gradients are flatter.
"""

from __future__ import annotations

import math

from torch import Tensor

from .nalu import NALU
from .over_inputs import dot
from .unit import EPSILON

SLOWER = math.log((1.0 + math.sqrt(5.0)) / 2.0)
r"""$\ln\varphi$."""


class GNALU(NALU):
    r"""$z = g a + (1 - g) m$ of the NALU with every parameter multiplied by $\ln\varphi = 0.48$.

    `x` is `[..., I]`, `z` is `[..., O]`; parameters and initial weights are those of the NALU.

    >>> import torch
    >>> from nalu.units import GNALU, NALU
    >>> slow, plain = GNALU(2, 1), NALU(2, 1)
    >>> plain.load_state_dict({name: 0.4812118 * p for name, p in slow.state_dict().items()})
    <All keys matched successfully>
    >>> x = torch.tensor([2.0, 3.0])
    >>> torch.allclose(slow(x), plain(x), rtol=1e-5)
    True
    """

    def weight(self) -> Tensor:
        r"""$\tanh(\hat W \ln\varphi)\,\sigma(\hat M \ln\varphi)$, `[O, I]`."""
        return (self.nac.W_hat * SLOWER).tanh() * (self.nac.M_hat * SLOWER).sigmoid()

    def gate(self, x: Tensor) -> Tensor:
        r"""$g = \sigma(x\,G^\top \ln\varphi)$, `[..., I]` to `[..., O]`; 1 selects addition."""
        return (dot(x, self.G) * SLOWER).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        W = self.weight()
        a = dot(x, W)  # [..., I] -> [..., O]
        m = dot((x.abs() + EPSILON).log(), W).exp()  # [..., I] -> [..., O]
        g = self.gate(x)
        return g * a + (1.0 - g) * m
