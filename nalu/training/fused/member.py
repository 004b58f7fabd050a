"""One of the plans that the loop trains together: its numbers, its parameters in a row."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nalu.tasks import OPERATIONS
from nalu.training.fused.kernels import KERNELS
from nalu.training.history import History
from nalu.training.plan import Plan

CHUNK = 80  # samples that are evaluated together: inputs of size 100 fill 32 kB
CODES = {name: code for code, name in enumerate(KERNELS)}


class Member:
    """A plan and what the loop has learned of it, which does not depend on its company.

    ``parameters`` `[seed, size]` are part of the loop's, once the engine has set them.
    """

    def __init__(self, plan: Plan, values: np.ndarray, stopped_at: np.ndarray) -> None:
        self.plan, self.history = plan, History(plan, values, stopped_at)
        model = plan.build(plan.seeds[0])
        self.units = [model.first, model.second]
        self.rows = [KERNELS[type(unit).__name__] for unit in self.units]
        self.split, rest = [sum(p.numel() for p in u.parameters()) for u in self.units]
        self.size = self.split + rest
        self.parameters = np.empty((len(plan.seeds), self.size))

    def names(self) -> list[str]:
        """Names of all parameters in the order of the loop."""
        return [f"{part}.{name}" for part, row in zip(("first", "second"), self.rows, strict=True)
                for name in row.parameters]

    def start(self) -> np.ndarray:
        """Initial parameters `[seed, size]`."""
        states = [self.plan.build(seed).state_dict() for seed in self.plan.seeds]
        return torch.stack([torch.cat([state[name].flatten() for name in self.names()])
                            for state in states]).numpy()

    def model(self, k: int) -> nn.Module:
        """The network of the k-th seed."""
        model = self.plan.build(self.plan.seeds[k]).to(getattr(torch, self.plan.dtype))
        state, packed = model.state_dict(), torch.from_numpy(self.parameters[k])
        for name in self.names():
            state[name].copy_(packed[: state[name].numel()].view_as(state[name]))
            packed = packed[state[name].numel() :]
        return model

    def settings(self) -> dict[str, float]:
        """What `loop.PLAN` needs of the plan itself."""
        plan, (one, two) = self.plan, self.rows
        I, H = plan.task.input_size, self.units[0].out_features
        B = max(plan.batch_size, CHUNK)
        first, second = (CODES[type(unit).__name__] for unit in self.units)
        size = lambda row, I, O: row.matrices * O * I + row.vectors * O  # noqa: E731
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
