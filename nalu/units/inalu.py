r"""Improved NALU, iNALU (Schlör, Ring and Hotho 2020).

$$z = \sigma(g)\, a + (1 - \sigma(g))\, m\, s, \qquad a_o = \sum_i W^a_{oi}\, x_i$$

$$m_o = \exp\min\Big(\sum_i W^m_{oi} \log\max(|x_i|, \epsilon),\; \omega\Big)$$

$$s_o = \prod_i \left(\mathrm{sign}(x_i)\,|W^m_{oi}| + 1 - |W^m_{oi}|\right)$$

$$W = \tanh(\hat W)\,\sigma(\hat M), \qquad \epsilon = 10^{-7}, \quad \omega = 20$$

Both paths have weights of their own, the product gets its sign back, and the gate does not look at the inputs. Like the
NALU it represents sums, differences, products and quotients only in the limit of infinite parameters.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from .initialisation import normal_
from .over_inputs import dot, product
from .unit import EPSILON, Unit

LARGEST = 20.0
"""$\\omega$: the largest logarithm of a product, and how large the penalty wants every parameter to be."""


class INALU(Unit):
    r"""$z = \sigma(g) a + (1 - \sigma(g)) m s$: a sum, and a product with its sign, with a gate that is a parameter.

    `x` is `[..., I]`, `z` is `[..., O]`; `W_a_hat`, `M_a_hat`, `W_m_hat` and `M_m_hat` are `[O, I]`, `g` is `[O]`.

    Drawn from normal laws of standard deviation 0.2 whose means are 0.88 for both $\hat W$, 0.5 for both $\hat M$ and 0 for g.

    The training clips gradients, adds the penalty late and may start again, see `nalu.registry.Recipe`.

    >>> import torch
    >>> from nalu.units import INALU
    >>> unit = INALU(2, 1)
    >>> unit.load_state_dict({name: torch.full_like(p, 9.0) for name, p in unit.state_dict().items()})
    <All keys matched successfully>
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 2)  # the gate selects the sum
    -1.0
    >>> unit.g.data.fill_(-20.0)
    tensor([-20.])
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 2)  # and the product
    -6.0
    """

    def _build(self, **kind) -> None:
        self.W_a_hat, self.M_a_hat = self._matrix(**kind), self._matrix(**kind)
        self.W_m_hat, self.M_m_hat = self._matrix(**kind), self._matrix(**kind)
        self.g = nn.Parameter(torch.empty(self.out_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        for W_hat, M_hat in ((self.W_a_hat, self.M_a_hat), (self.W_m_hat, self.M_m_hat)):
            normal_(W_hat, 0.2, generator, 0.88)
            normal_(M_hat, 0.2, generator, 0.5)
        normal_(self.g, 0.2, generator)

    def weight(self) -> Tensor:
        """The weights of the sum and of the product, `[2, O, I]`; the gate is not part of it."""
        return torch.stack([self.W_a_hat.tanh() * self.M_a_hat.sigmoid(), self.W_m_hat.tanh() * self.M_m_hat.sigmoid()])

    def forward(self, x: Tensor) -> Tensor:
        W_a, W_m = self.weight()
        a = dot(x, W_a)  # [..., I] -> [..., O]
        m = dot(x.abs().clamp_min(EPSILON).log(), W_m).clamp_max(LARGEST).exp()  # [..., I] -> [..., O]
        size = W_m.abs()
        s = product(x.sign().unsqueeze(-2) * size + 1.0 - size)  # [..., 1, I] -> [..., O]
        g = self.g.sigmoid()
        return g * a + (1.0 - g) * m * s

    def penalty(self) -> Tensor:
        r"""The mean of $\max(0, 20 - |p|)$ over each of the five parameters, added: far from 0 the weights are discrete."""
        means = [(LARGEST - p.abs()).clamp_min(0.0).mean() for p in self.parameters()]
        return torch.stack(means).sum()
