"""Sums and products over the inputs of a unit, which a compiler can fuse with what comes before and after.

Compiled for a processor, a loop over the two inputs of a unit inside a loop over its samples is four times slower than its terms
written out, because only the samples fill vectors. So few terms are written
out under `torch.compile`; everywhere else these are PyTorch's own functions.
"""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor
from torch.nn.functional import linear

FEW = 16


def dot(x: Tensor, W: Tensor) -> Tensor:
    """$x W^T$: `[..., I]` and `[O, I]` to `[..., O]`."""
    if torch.compiler.is_compiling() and W.shape[-1] <= FEW:
        terms = [x[..., i : i + 1] * W[:, i] for i in range(W.shape[-1])]
        return reduce(torch.add, terms)
    return linear(x, W)


def product(factors: Tensor) -> Tensor:
    """The product of the last dimension: `[..., I]` to `[...]`."""
    if torch.compiler.is_compiling() and factors.shape[-1] <= FEW:
        return reduce(torch.mul, [factors[..., i] for i in range(factors.shape[-1])])
    return factors.prod(-1)
