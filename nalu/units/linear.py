r"""The baselines: a linear layer with bias, and the same through an activation.

$$z_o = f\left(\sum_{i=1}^{I} W_{oi}\, x_i + b_o\right)$$

A linear layer represents sums and differences exactly and products not at all; the
activations make piecewise linear or bounded functions that do not extrapolate a product.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from .initialisation import glorot_bound, uniform_
from .unit import Unit


class Linear(Unit):
    r"""$z = x\,W^\top + b$; $W$ Glorot-uniform, $b = 0$."""

    def _build(self, **kind) -> None:
        self.W = self._matrix(**kind)
        self.b = nn.Parameter(torch.empty(self.out_features, **kind))

    def _bound(self) -> float:
        """Half-width of the uniform law of the initial weights."""
        return glorot_bound(self.in_features, self.out_features)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        r = self._bound()
        uniform_(self.W, -r, r, generator)
        with torch.no_grad():
            self.b.zero_()

    def weight(self) -> Tensor:
        """$W$, `[O, I]`, without the bias."""
        return self.W

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.W, self.b)  # [..., I] -> [..., O]


class _KaimingLinear(Linear):
    def _bound(self) -> float:
        return math.sqrt(6.0 / self.in_features)


class ReLU(_KaimingLinear):
    r"""$z = \max(0, x\,W^\top + b)$; $W \sim U[\pm\sqrt{6/I}]$ (He et al. 2015)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(super().forward(x))


class ReLU6(_KaimingLinear):
    r"""$z = \min(6, \max(0, x\,W^\top + b))$; $W \sim U[\pm\sqrt{6/I}]$."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(super().forward(x))


class ELU(_KaimingLinear):
    r"""$z = \mathrm{ELU}(x\,W^\top + b)$; $W \sim U[\pm\sqrt{6/I}]$."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.elu(super().forward(x))


class SELU(Linear):
    r"""$z = \mathrm{SELU}(x\,W^\top + b)$; $W \sim U[\pm\sqrt{3/I}]$."""

    def _bound(self) -> float:
        return math.sqrt(3.0 / self.in_features)

    def forward(self, x: Tensor) -> Tensor:
        return functional.selu(super().forward(x))


class Tanh(Linear):
    r"""$z = \tanh(x\,W^\top + b)$; $W$ Glorot-uniform with gain 5/3."""

    def _bound(self) -> float:
        return 5.0 / 3.0 * super()._bound()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).tanh()


class Sigmoid(Linear):
    r"""$z = \sigma(x\,W^\top + b)$; $W$ Glorot-uniform."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).sigmoid()


class Softsign(Linear):
    r"""$z = y / (1 + |y|)$, $y = x\,W^\top + b$; $W$ Glorot-uniform."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.softsign(super().forward(x))
