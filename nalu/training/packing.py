"""The networks of a plan as a compiled engine keeps them: two known units, parameters in a row."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import torch
from torch import nn

from nalu import units
from nalu.models import TwoLayer
from nalu.training.fused.kernels import KERNELS
from nalu.training.plan import Plan


def obstacle(plan: Plan, known: Container[str]) -> str | None:
    """Why the networks of a plan are not two units of `nalu.units` that are `known`; None if they are."""
    model = plan.build(plan.seeds[0])
    if type(model) is not TwoLayer:
        return f"{plan.model_name} is no nalu.models.TwoLayer"
    for unit in (model.first, model.second):
        if type(unit) is not getattr(units, type(unit).__name__, None) or type(unit).__name__ not in known:
            return f"unit {type(unit).__name__} has no kernel"
    return None


class Packing:
    """How the parameters of a plan's networks lie in a row.

    ``classes`` are the names of the two units, ``rows`` their rows of `KERNELS`; the
    parameters are ``size`` numbers, those of the second unit from ``split`` on.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        model = plan.build(plan.seeds[0])
        self.classes = [type(unit).__name__ for unit in (model.first, model.second)]
        self.rows = [KERNELS[name] for name in self.classes]
        self.hidden_size = model.first.out_features
        self.split, rest = (sum(p.numel() for p in unit.parameters()) for unit in (model.first, model.second))
        self.size = self.split + rest

    def names(self) -> list[str]:
        """Names of all parameters in their order."""
        return [f"{part}.{name}" for part, row in zip(("first", "second"), self.rows, strict=True)
                for name in row.parameters]

    def start(self) -> np.ndarray:
        """Initial parameters `[seed, size]`, in the precision of the plan."""
        states = [self.plan.build(seed).state_dict() for seed in self.plan.seeds]
        return torch.stack([torch.cat([state[name].flatten() for name in self.names()])
                            for state in states]).numpy().astype(self.plan.dtype)

    def unpack(self, k: int, parameters: np.ndarray) -> nn.Module:
        """The network of the k-th seed with these parameters."""
        model = self.plan.build(self.plan.seeds[k]).to(getattr(torch, self.plan.dtype))
        state, packed = model.state_dict(), torch.from_numpy(parameters)
        for name in self.names():
            state[name].copy_(packed[: state[name].numel()].view_as(state[name]))
            packed = packed[state[name].numel() :]
        return model
