"""The networks of a plan as a compiled engine keeps them: two known units, parameters in a row.

A unit by itself is kept as the second of two. The first then copies its inputs: its matrix is the identity, which no
update touches, and products with 1 and 0 are exact.
"""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import torch
from torch import nn

from nalu import units
from nalu.models import OneUnit, TwoLayer
from nalu.training.fused.kernels import COPY, KERNELS
from nalu.training.plan import Plan


def obstacle(plan: Plan, known: Container[str]) -> str | None:
    """Why the networks of a plan are not one or two units of `nalu.units` that are `known`; None if they are."""
    model = plan.build(plan.seeds[0])
    if type(model) not in (OneUnit, TwoLayer):
        return f"{plan.model_name} is no nalu.models.TwoLayer"
    for unit in _units(model).values():
        if type(unit) is not getattr(units, type(unit).__name__, None) or type(unit).__name__ not in known:
            return f"unit {type(unit).__name__} has no kernel"
    return None


def _units(model: OneUnit | TwoLayer) -> dict[str, nn.Module]:
    """The units of a network by their names in it."""
    return {"unit": model.unit} if type(model) is OneUnit else {"first": model.first, "second": model.second}


class Packing:
    """How the parameters of a plan's networks lie in a row.

    ``classes`` are the names of the units, ``rows`` the two rows of `KERNELS`; the
    parameters are ``size`` numbers, those of the second unit from ``split`` on. Of a unit that is ``alone``,
    the numbers before are the identity.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        model = plan.build(plan.seeds[0])
        parts = _units(model)
        self.alone = len(parts) == 1
        self.classes = [type(unit).__name__ for unit in parts.values()]
        self.rows = [COPY] * self.alone + [KERNELS[name] for name in self.classes]
        self.hidden_size = [*parts.values()][-1].in_features
        self.size = self.hidden_size**2 * self.alone + sum(p.numel() for p in model.parameters())
        self.split = self.size - sum(p.numel() for p in [*parts.values()][-1].parameters())
        self._names = [f"{part}.{name}" for part, known in zip(parts, self.classes, strict=True)
                       for name in KERNELS[known].parameters]

    def names(self) -> list[str]:
        """Names of all parameters in their order."""
        return self._names

    def start(self) -> np.ndarray:
        """Initial parameters `[seed, size]`, in the precision of the plan."""
        states = [self.plan.build(seed).state_dict() for seed in self.plan.seeds]
        copy = [torch.eye(self.hidden_size).flatten()] * self.alone
        return torch.stack([torch.cat([*copy, *(state[name].flatten() for name in self.names())])
                            for state in states]).numpy().astype(self.plan.dtype)

    def unpack(self, k: int, parameters: np.ndarray) -> nn.Module:
        """The network of the k-th seed with these parameters."""
        model = self.plan.build(self.plan.seeds[k]).to(getattr(torch, self.plan.dtype))
        state, packed = model.state_dict(), torch.from_numpy(parameters[self.split * self.alone :])
        for name in self.names():
            state[name].copy_(packed[: state[name].numel()].view_as(state[name]))
            packed = packed[state[name].numel() :]
        return model
