r"""Neural Reciprocal Unit, NRU (Mistry, Farrahi and Hare 2021).

$$z_o = \prod_{i=1}^{I} \left(\mathrm{sign}(x_i)\,|x_i|^{W_{oi}}\, t_{oi} + 1 - t_{oi}\right), \qquad W_{oi} \in [-1, 1]$$

$$t_{oi} = \begin{cases} \tanh^2(1000\, W_{oi}) & \text{in training} \\ |W_{oi}| & \text{in evaluation} \end{cases}$$

Multiplies with $W_{oi} = 1$, divides with $-1$, ignores with 0, exactly. What is trained is not what is evaluated: the two
formulas agree at -1, 0 and 1 only. It cannot add, and it has no constant factor.
"""

from __future__ import annotations

from torch import Tensor

from .nau import NAU
from .over_inputs import product


class NRU(NAU):
    r"""$z_o = \prod_i (\mathrm{sign}(x_i) |x_i|^{W_{oi}} t_{oi} + 1 - t_{oi})$: products and quotients of the inputs that W selects.

    `x` is `[..., I]`, `z` is `[..., O]`; `W` is `[O, I]`, clamped to $[-1, 1]$, drawn and regularised as that of the NAU.

    In training, ``unit.training``, $t$ is 1 for nearly every weight; in evaluation, after ``unit.eval()``, it is $|W|$.

    >>> import torch
    >>> from nalu.units import NRU
    >>> unit = NRU(3, 1).eval()
    >>> unit.W.data = torch.tensor([[1.0, -1.0, 0.0]])
    >>> round(unit(torch.tensor([6.0, -3.0, 7.0])).item(), 4)
    -2.0
    >>> unit.W.data = torch.tensor([[0.5, 0.0, 0.0]])
    >>> unit(torch.tensor([4.0, 1.0, 1.0])).tolist(), unit.train()(torch.tensor([4.0, 1.0, 1.0])).tolist()
    ([1.5], [2.0])
    """

    def forward(self, x: Tensor) -> Tensor:
        W = self.weight()
        t = (1000.0 * W).tanh().square() if self.training else W.abs()
        power = x.sign().unsqueeze(-2) * x.abs().unsqueeze(-2) ** W  # [..., 1, I] -> [..., O, I]
        return product(power * t + 1.0 - t)  # [..., O, I] -> [..., O]
