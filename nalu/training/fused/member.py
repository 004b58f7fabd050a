"""One of the plans that the loop trains together: its numbers, its parameters in a row."""

from __future__ import annotations

import numpy as np
from torch import nn

from nalu.tasks import OPERATIONS
from nalu.training.fused.kernels import KERNELS
from nalu.training.history import History
from nalu.training.packing import Packing
from nalu.training.plan import Plan

CHUNK = 80  # samples that are evaluated together: inputs of size 100 fill 32 kB
CODES = {name: code for code, name in enumerate(KERNELS)}


class Member(Packing):
    """A plan and what the loop has learned of it, which does not depend on its company.

    ``parameters`` `[seed, size]` are part of the loop's, once the engine has set them.
    """

    def __init__(self, plan: Plan, values: np.ndarray, stopped_at: np.ndarray) -> None:
        super().__init__(plan)
        self.history = History(plan, values, stopped_at)
        self.parameters = np.empty((len(plan.seeds), self.size))

    def model(self, k: int) -> nn.Module:
        """The network of the k-th seed."""
        return self.unpack(k, self.parameters[k])

    def settings(self) -> dict[str, float]:
        """What `loop.PLAN` needs of the plan itself."""
        plan, (one, two) = self.plan, self.rows
        I, H = plan.task.input_size, self.hidden_size
        B = max(plan.batch_size, CHUNK)
        first, second = (CODES[name] for name in self.classes)
        size = lambda row, I, O: row.matrices * O * I + row.vectors * O
        return {
            "first": first, "second": second, "hidden_size": H, "split": self.split,
            "operation": list(OPERATIONS).index(plan.task.operation),
            "weights1": size(one, I, H), "weights2": size(two, H, 1),
            "sparse1": one.sparse * H * I, "sparse2": two.sparse * H,
            "scratch1": one.scratch(I, H, B), "scratch2": two.scratch(H, 1, B),
            "gated": two.gated, "adam": plan.optimizer == "adam",
            "learning_rate": plan.learning_rate, "momentum": plan.momentum,
            "lambda_sparse": plan.lambda_sparse, "lambda_start": plan.lambda_start,
            "lambda_end": plan.lambda_end,
        }
