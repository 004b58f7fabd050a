"""Engines: ways to run the same training loop."""

from __future__ import annotations

from nalu import check
from nalu.training.plan import Plan
from nalu.training.reference import Reference

ENGINES = ("auto", "fused", "reference")


def engine(name: str, plan: Plan):
    """The engine `name`, ready to run `plan`.

    "fused" is one compiled loop on the CPU, "reference" plain PyTorch on any device; "auto"
    takes the first that has a kernel for every unit of the model and runs on the device.

    Raises
    ------
    ValueError
        If the name is unknown, or the engine cannot run this plan.
    """
    check.one_of(name, ENGINES, "engine")
    if name == "reference":
        return Reference(plan)
    from nalu.training.fused.engine import Fused, obstacle
    from nalu.training.fused.warm import warm

    problem = obstacle(plan)
    if problem is None:
        warm(dtype=plan.dtype)
        return Fused(plan)
    if name == "fused":
        raise ValueError(f"engine 'fused' cannot run this: {problem}; allowed: 'reference'")
    return Reference(plan)
