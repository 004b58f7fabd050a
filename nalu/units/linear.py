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
    r"""$z_o = \sum_i W_{oi} x_i + b_o$, PyTorch's linear layer with other initial weights.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, Glorot-uniform, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import Linear
    >>> unit = Linear(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> unit(torch.tensor([[1.0, 3.0], [5.0, 1.0]])).tolist()
    [[-0.5], [9.5]]
    """

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
    r"""$z = \max(0, y)$ of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, from $U[\pm\sqrt{6/I}]$ (He et al. 2015), and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import ReLU
    >>> unit = ReLU(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> unit(torch.tensor([[1.0, 3.0], [5.0, 1.0]])).tolist()
    [[0.0], [9.5]]
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(super().forward(x))


class ReLU6(_KaimingLinear):
    r"""$z = \min(6, \max(0, y))$ of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, from $U[\pm\sqrt{6/I}]$, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import ReLU6
    >>> unit = ReLU6(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> unit(torch.tensor([[1.0, 3.0], [5.0, 1.0]])).tolist()
    [[0.0], [6.0]]
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(super().forward(x))


class ELU(_KaimingLinear):
    r"""$z = y$ where $y > 0$, else $e^y - 1$, of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, from $U[\pm\sqrt{6/I}]$, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import ELU
    >>> unit = ELU(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> round(unit(torch.tensor([1.0, 3.0])).item(), 4)
    -0.3935
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.elu(super().forward(x))


class SELU(Linear):
    r"""$z = 1.0507\,y$ where $y > 0$, else $1.7581\,(e^y - 1)$, of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, from $U[\pm\sqrt{3/I}]$, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import SELU
    >>> unit = SELU(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> round(unit(torch.tensor([1.0, 3.0])).item(), 4)
    -0.6918
    """

    def _bound(self) -> float:
        return math.sqrt(3.0 / self.in_features)

    def forward(self, x: Tensor) -> Tensor:
        return functional.selu(super().forward(x))


class Tanh(Linear):
    r"""$z = \tanh(y)$ of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, Glorot-uniform with gain 5/3, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import Tanh
    >>> unit = Tanh(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> round(unit(torch.tensor([1.0, 3.0])).item(), 4)
    -0.4621
    """

    def _bound(self) -> float:
        return 5.0 / 3.0 * super()._bound()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).tanh()


class Sigmoid(Linear):
    r"""$z = \sigma(y) = 1 / (1 + e^{-y})$ of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, Glorot-uniform, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import Sigmoid
    >>> unit = Sigmoid(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> round(unit(torch.tensor([1.0, 3.0])).item(), 4)
    0.3775
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).sigmoid()


class Softsign(Linear):
    r"""$z = y / (1 + |y|)$ of the linear layer $y = x W^\top + b$.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, Glorot-uniform, and `b` is `[O]`, initially 0.

    >>> import torch
    >>> from nalu.units import Softsign
    >>> unit = Softsign(2, 1)
    >>> unit.W.data, unit.b.data = torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])
    >>> round(unit(torch.tensor([1.0, 3.0])).item(), 4)
    -0.3333
    """

    def forward(self, x: Tensor) -> Tensor:
        return functional.softsign(super().forward(x))
