"""Adam (Kingma and Ba 2015) in PyTorch's order of operations, for the loops that are written in PyTorch."""

import math

from torch import Tensor

from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2


def adam(W: Tensor, m: Tensor, v: Tensor, g: Tensor, t: int, learning_rate: float) -> None:
    r"""The $t$-th step, from 1 on; changes `W`, `m` and `v`.

    $$m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
      W \leftarrow W - \frac{\eta}{1 - \beta_1^t} \frac{m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}$$
    """
    m.lerp_(g, 1.0 - BETA1)
    v.mul_(BETA2).addcmul_(g, g, value=1.0 - BETA2)
    root = v.sqrt() / math.sqrt(1.0 - BETA2**t) + ADAM_EPSILON
    W.addcdiv_(m, root, value=-learning_rate / (1.0 - BETA1**t))
