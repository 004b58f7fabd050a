"""The compiled convolutional layers and Adam for tensors of PyTorch, float32 on a CPU."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nalu.training.fused.cache import Store
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2

_HERE = Path(__file__).parent
STORE = Store("convolutions", _HERE, (_HERE / "kernels.py", _HERE / "vectors.py"))
"""Where their compiled code is kept."""

with STORE.kept():
    from nalu.sequential.training import kernels


class _Features(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
        n = len(x)
        x = x.reshape(n, 784).contiguous()
        hidden, chosen1 = torch.empty(n, 2880), torch.empty(n, 2880, dtype=torch.uint8)
        features, chosen2 = torch.empty(n, 800), torch.empty(n, 800, dtype=torch.uint8)
        given = x, _fives(w1), b1, _fives(w2), b2
        kernels.forward(*_arrays(*given, hidden, chosen1, features, chosen2))
        ctx.save_for_backward(x, w2, hidden, chosen1, chosen2)
        return features

    @staticmethod
    def backward(ctx, g: Tensor) -> tuple[Tensor | None, ...]:
        x, w2, hidden, chosen1, chosen2 = ctx.saved_tensors
        blocks = -(-len(x) // kernels.BLOCK)
        rows = torch.zeros(50, 5, kernels.ROW)
        rows[:, :, :100] = w2.permute(0, 2, 3, 1).reshape(50, 5, 100)
        gw1, gb1, gw2, gb2 = (torch.zeros(blocks, size) for size in (800, 20, rows.numel(), 50))
        kernels.backward(*_arrays(x, hidden, chosen1, chosen2, g.contiguous(), rows.flatten(), gw1, gb1, gw2, gb2))
        gw1 = gw1.sum(0).view(20, 1, 5, 8)[..., :5]
        gw2 = gw2.sum(0).view(50, 5, kernels.ROW)[..., :100].reshape(50, 5, 5, 20).permute(0, 3, 1, 2)
        return None, gw1, gb1.sum(0), gw2, gb2.sum(0)


def features(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """What both convolutional layers of `nalu.sequential.training.cnn.CNN` give, `[n, 800]`.

    Parameters
    ----------
    x : Tensor
        Pictures `[n, 1, 28, 28]`, float32 on a CPU. No gradient flows to them.
    w1, b1, w2, b2 : Tensor
        Kernels `[20, 1, 5, 5]`, `[50, 20, 5, 5]` and biases, in any layout.
    """
    return _Features.apply(x, w1, b1, w2, b2)


def adam(W: Tensor, m: Tensor, v: Tensor, g: Tensor, t: int, learning_rate: float) -> None:
    """The `t`-th step of Adam, from 1 on; changes `W`, `m` and `v`, all contiguous."""
    settings = (BETA1, BETA2, learning_rate / (1.0 - BETA1**t), math.sqrt(1.0 - BETA2**t), ADAM_EPSILON)
    flat = (tensor.view(-1) for tensor in (W, m, v, g.contiguous()))
    kernels.adam(*_arrays(*flat), *map(np.float32, settings))


def _fives(w: Tensor) -> Tensor:
    """Kernels in groups of five channels, these last."""
    return w.reshape(len(w) // 5, 5, -1).transpose(1, 2).flatten()


def _arrays(*tensors: Tensor) -> list:
    return [t.detach().numpy() for t in tensors]
