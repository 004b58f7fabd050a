r"""Domain Mixed Unit, DMU (Curry 2025).

$$z = (G_{lin}\, s_{lin} + G_{log}\, s_{log}) \cdot \left(G_{lin}\, e^{\ell_{lin}} + G_{log}\, e^{\ell_{log}}\right)$$

$$R_{lin} = \sum_i o_i x_i, \qquad R_{log} = \sum_i o_i \log\max(|x_i|, \epsilon)$$

$$s_{lin} = \tanh(10^4 R_{lin}), \qquad s_{log} = \cos\Big(\pi \sum_{x_i < 0} |o_i|\Big)$$

$$\ell_{lin} = \log\sqrt{R_{lin}^2 + 10^{-8}}, \qquad \ell_{log} = R_{log} \text{ kept within } \pm L \text{ by softplus}$$

The selector $o$ is fixed, to sums or to differences, and one gate decides whether they are taken of the inputs or of their logarithms:
a sum or a product, a difference or a quotient. The gate is $G = \mathrm{softmax}(W_G h + b)$, where $h$ are the inputs after layer
normalisation; in the form with a single gate it is $G_{lin} = \sigma(W_G h + b) = 1 - G_{log}$, and the size of $z$ is
$e^{G_{lin} \ell_{lin} + G_{log} \ell_{log}}$.

$$h_i = \gamma_i\, \frac{x_i - \bar x}{\sqrt{\overline{(x - \bar x)^2} + 10^{-5}}} + \beta_i$$

In evaluation the larger of $G_{lin}$ and $G_{log}$ becomes 1 and the other 0, and the limits are wider: $\epsilon$ is $10^{-20}$ in place of
$10^{-11}$, $L$ is 50 in place of $\log 10^6 - 1$, and the size of $z$ stays within $10^{\pm 20}$ in place of $10^{-11}$ and $10^6$.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from .initialisation import glorot_bound, uniform_
from .unit import Unit, clamp

NORM_EPSILON = 1e-5
"""What the layer normalisation adds to the variance."""

TRAINED = 1e-11, 1e6, math.log(1e6) - 1.0
"""Least and largest size, and largest logarithm $L$, in training."""

EVALUATED = 1e-20, 1e20, 50.0
"""The same in evaluation."""


def soft_clamp(v: Tensor, low: float, high: float) -> Tensor:
    """`v` with smooth bounds: nearly `v` between them, nearly the next of them beyond."""
    below = high - softplus(high - v)
    return low + softplus(below - low)


class DMUAdd(Unit):
    r"""$z$ is $\sum_i x_i$ or $\prod_i x_i$: a gate selects the domain, linear or logarithmic, in which inputs are added.

    `x` is `[..., I]`, `z` is `[..., O]`; `G` is `[2, O, I]` and `b` is `[2, O]`, of the linear and the logarithmic domain; `gain` and
    `shift`, $\gamma$ and $\beta$, are `[I]`. What is behind the gate is computed in double precision.

    `G` is Glorot-uniform, `b` and `shift` start at 0, `gain` at 1. The training limits the norm of the gradient, see `nalu.registry.Recipe`.
    In training, ``unit.training``, the gate mixes both domains; in evaluation, after ``unit.eval()``, it selects one for each sample.

    Departs from the paper (dmu-gate): the paper's gate is one parameter. That of the code is a softmax of two maps of the inputs, and in a
    later state of the code one map; `DMUAddSingle` is that form. The selector is fixed where the benchmark gives the true operation.

    >>> import torch
    >>> from nalu.units import DMUAdd
    >>> unit = DMUAdd(2, 1).eval()
    >>> unit.b.data = torch.tensor([[99.0], [0.0]])
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 4)  # the gate selects the sum
    -1.0
    >>> unit.b.data = torch.tensor([[0.0], [99.0]])
    >>> round(unit(torch.tensor([2.0, -3.0])).item(), 4)  # and the product
    -6.0
    """

    _others = 1.0  # the selector of all inputs but the first
    _maps = 2  # of the gate

    def _build(self, **kind) -> None:
        self.G = nn.Parameter(torch.empty(self._maps, self.out_features, self.in_features, **kind))
        self.b = nn.Parameter(torch.empty(self._maps, self.out_features, **kind))
        self.gain = nn.Parameter(torch.empty(self.in_features, **kind))
        self.shift = nn.Parameter(torch.empty(self.in_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw the gate, after as many numbers as put the second of two draws where the authors' code has it.

        Their constructor draws three linear maps, two of which would select, and each of their two resets draws the three again.
        """
        I = self.in_features
        uniform_(torch.empty(I + 1, 3 * I + 2), 0.0, 1.0, generator)
        r = glorot_bound(I, self._maps * self.out_features)
        uniform_(self.G, -r, r, generator)
        with torch.no_grad():
            self.b.zero_()
            self.gain.fill_(1.0)
            self.shift.zero_()

    def weight(self) -> Tensor:
        r"""The selector $o$, `[O, I]`, which is fixed; the gate is not part of it."""
        first = torch.arange(self.in_features, device=self.G.device) == 0
        o = torch.where(first, 1.0, self._others).to(self.G.dtype)
        return o.expand(self.out_features, -1)

    def gate(self, x: Tensor) -> Tensor:
        r"""$G_{lin}$, `[..., I]` to `[..., O]`; 1 selects the sum of the inputs, 0 that of their logarithms."""
        lead = self._lead(x)
        return lead.sigmoid() if self.training else (lead >= 0).to(lead.dtype)

    def _lead(self, x: Tensor) -> Tensor:
        """The logit of the gate, `[..., I]` to `[..., O]`."""
        kind = torch.promote_types(torch.promote_types(x.dtype, self.G.dtype), torch.float32)
        x, G, b = x.to(kind), self.G.to(kind), self.b.to(kind)
        centred = x - x.mean(-1, keepdim=True)
        h = centred * (centred.square().mean(-1, keepdim=True) + NORM_EPSILON).rsqrt()
        h = (self.gain * h + self.shift).unsqueeze(-2)  # [..., I] -> [..., 1, I]
        lin, *log = ((of * h).sum(-1) + bias for of, bias in zip(G, b, strict=True))  # [..., 1, I] -> [..., O]
        return lin - log[0] if log else lin

    def _mixed(self, G_lin: Tensor, e_lin: Tensor, e_log: Tensor) -> Tensor:
        """The size of the output, of the gate `[..., O]` and the sizes of both paths `[..., 1]`."""
        return G_lin * e_lin + (1.0 - G_lin) * e_log

    def forward(self, x: Tensor) -> Tensor:
        least, largest, L = TRAINED if self.training else EVALUATED
        v, o = x.double(), self.weight()[0].double()
        size = v.abs().clamp_min(least)
        R_lin, R_log = (o * v).sum(-1, keepdim=True), (o * size.log()).sum(-1, keepdim=True)  # [..., I] -> [..., 1]
        s_lin = (1e4 * R_lin).tanh()
        s_log = (math.pi * (o.abs() * (v < 0)).sum(-1, keepdim=True)).cos()
        e_lin = (R_lin.square() + 1e-8).sqrt().clamp_min(least)  # [..., 1]
        e_log = soft_clamp(R_log, -L, L).exp()
        G_lin = self.gate(x).double()  # [..., O]
        z = (G_lin * s_lin + (1.0 - G_lin) * s_log) * clamp(self._mixed(G_lin, e_lin, e_log), least, largest)  # [..., O]
        return z.to(torch.promote_types(x.dtype, self.G.dtype))


class DMUSub(DMUAdd):
    r"""$z$ is $x_0 - \sum_{i>0} x_i$ or $x_0 / \prod_{i>0} x_i$: a gate selects the domain in which inputs are subtracted.

    `x` is `[..., I]`, `z` is `[..., O]`. The DMU for sums, with the selector $o = (1, -1, \dots, -1)$.

    >>> import torch
    >>> from nalu.units import DMUSub
    >>> unit = DMUSub(2, 1).eval()
    >>> unit.b.data = torch.tensor([[99.0], [0.0]])
    >>> round(unit(torch.tensor([6.0, -3.0])).item(), 4)  # the gate selects the difference
    9.0
    >>> unit.b.data = torch.tensor([[0.0], [99.0]])
    >>> round(unit(torch.tensor([6.0, -3.0])).item(), 4)  # and the quotient
    -2.0
    """

    _others = -1.0


class DMUAddSingle(DMUAdd):
    r"""$z$ is $\sum_i x_i$ or $\prod_i x_i$, by a gate of one map that mixes the logarithms of both sizes.

    `x` is `[..., I]`, `z` is `[..., O]`; `G` is `[1, O, I]` and `b` is `[1, O]`. Where `DMUAdd` mixes sizes, this mixes their logarithms, so
    that the output is a straight line of the gate times an exponential. It is the single gate of the paper; as there are no outcomes of
    single seeds to compare with, its initial weights are drawn as those of `DMUAdd`, and not at the place where the code draws them.

    >>> import torch
    >>> from nalu.units import DMUAddSingle
    >>> unit = DMUAddSingle(2, 1)
    >>> unit.b.data, unit.G.data = torch.zeros(1, 1), torch.zeros(1, 1, 2)
    >>> round(unit(torch.tensor([4.0, 6.0])).item(), 2)  # half way between 10 and 24, on the scale of logarithms
    15.49
    """

    _maps = 1

    def _mixed(self, G_lin: Tensor, e_lin: Tensor, e_log: Tensor) -> Tensor:
        l_lin, l_log = e_lin.log(), e_log.log()
        return (l_log + G_lin * (l_lin - l_log)).exp()


class DMUSubSingle(DMUAddSingle):
    r"""$z$ is $x_0 - \sum_{i>0} x_i$ or $x_0 / \prod_{i>0} x_i$, by a gate of one map that mixes the logarithms of both sizes.

    `x` is `[..., I]`, `z` is `[..., O]`. `DMUAddSingle` with the selector $o = (1, -1, \dots, -1)$.

    >>> import torch
    >>> from nalu.units import DMUSubSingle
    >>> unit = DMUSubSingle(2, 1).eval()
    >>> unit.b.data = torch.tensor([[-99.0]])
    >>> round(unit(torch.tensor([6.0, -3.0])).item(), 4)
    -2.0
    """

    _others = -1.0
