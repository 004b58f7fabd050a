"""Engines: ways to run the same training loop."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import nn

from nalu.registry import ENGINES
from nalu.support import check, extras
from nalu.support.check import Refusal
from nalu.training.history import History
from nalu.training.plan import Plan
from nalu.training.reference import Reference


class Engine(Protocol):
    """What runs the loop of one training, or of several that learn from the same batches.

    Parameters
    ----------
    name : str
        How results call it.
    plans : sequence
        What is trained, in the order given. `nalu.training.driver.run` needs of a plan its ``seeds``,
        ``end``, the number of its updates, and ``identity()``.
    histories : sequence
        What was recorded of each plan; ``frame(iteration)`` gives it as a table.
    iteration : int
        The next iteration.
    """

    name: str
    plans: tuple[Plan, ...]
    histories: list[History]
    iteration: int

    def advance(self, stop: int) -> None:
        """Run the iterations from `iteration` up to, not including, `stop`."""

    def model(self, k: int, j: int = 0) -> nn.Module:
        """The network of the k-th seed of the j-th plan."""

    def state(self) -> dict[str, np.ndarray]:
        """All that the following iterations depend on, as arrays."""

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""


def engine(name: str, plan: Plan, *others: Plan) -> Engine:
    """The engine `name`, ready to run `plan` and other plans that learn from the same batches.

    "fused" is one compiled loop on the CPU, "cuda" one on an NVIDIA GPU, "reference" plain
    PyTorch on any device; "auto" takes the first that has a kernel for every unit of the model
    and runs on the device. Several plans are trained by "fused" or "cuda". A model with a
    `nalu.registry.Recipe` is trained by `nalu.training.stacked`, with "auto", alone or with plans on other ranges.

    Raises
    ------
    ValueError
        If the name is unknown, or the engine cannot run this plan.
    """
    check.one_of(name, ENGINES, "engine")
    if plan.recipe is not None and name in ("auto", "reference"):
        if name == "reference":
            raise Refusal(f"engine 'reference' cannot run this: {plan.model} has a recipe of its own; allowed: 'auto'")
        from nalu.training.stacked import Stacked

        return Stacked(plan, *others)
    if name == "reference":
        return Reference(plan)
    if name == "cuda" or (name == "auto" and plan.device.startswith("cuda")):
        return _on_gpu(name, plan, *others)
    problem = extras.missing("train", "numba")
    if problem is None:
        from nalu.training.fused.engine import Fused, obstacle
        from nalu.training.fused.warm import warm

        problem = obstacle(plan)
        if problem is None:
            warm(dtype=plan.dtype)
            return Fused(plan, *others)
    if name == "fused":
        raise Refusal(f"engine 'fused' cannot run this: {problem}; allowed: 'reference'")
    return Reference(plan)


def _on_gpu(name: str, plan: Plan, *others: Plan) -> Engine:
    from nalu.training.cuda.gpu import missing

    problem = missing()
    if problem is None:
        from nalu.training.cuda.engine import Cuda, obstacle

        problem = obstacle(plan)
        if problem is None:
            return Cuda(plan, *others)
    if name == "cuda":
        raise Refusal(f"engine 'cuda' cannot run this: {problem}")
    return Reference(plan)
