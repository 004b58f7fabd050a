"""Engines: ways to run the same training loop."""

from __future__ import annotations

from nalu.support import check
from nalu.training.plan import Plan
from nalu.training.reference import Reference

ENGINES = ("auto", "fused", "cuda", "reference")


def engine(name: str, plan: Plan):
    """The engine `name`, ready to run `plan`.

    "fused" is one compiled loop on the CPU, "cuda" one on an NVIDIA GPU, "reference" plain
    PyTorch on any device; "auto" takes the first that has a kernel for every unit of the model
    and runs on the device.

    Raises
    ------
    ValueError
        If the name is unknown, or the engine cannot run this plan.
    """
    check.one_of(name, ENGINES, "engine")
    if name == "reference":
        return Reference(plan)
    if name == "cuda" or (name == "auto" and plan.device.startswith("cuda")):
        return _on_gpu(name, plan)
    from nalu.training.fused.engine import Fused, obstacle
    from nalu.training.fused.warm import warm

    problem = obstacle(plan)
    if problem is None:
        warm(dtype=plan.dtype)
        return Fused(plan)
    if name == "fused":
        raise ValueError(f"engine 'fused' cannot run this: {problem}; allowed: 'reference'")
    return Reference(plan)


def _on_gpu(name: str, plan: Plan):
    from nalu.training.cuda.gpu import missing

    problem = missing()
    if problem is None:
        from nalu.training.cuda.engine import Cuda, obstacle

        problem = obstacle(plan)
        if problem is None:
            return Cuda(plan)
    if name == "cuda":
        raise ValueError(f"engine 'cuda' cannot run this: {problem}")
    return Reference(plan)
