"""Several plans trained from one stream of batches, which is drawn once for all of them.

For a seed, all models, operations, hidden sizes and optimisers of a task learn from the same
batches, and to draw them is most of the work: four fifths of an update for the authors'
stream and a small model. What a plan learns is, to the last digit, what it learns alone.

Plans of a model with a recipe have other company, see `nalu.training.stacked`: the same model on other ranges. What
they learn is what they learn alone up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nalu.registry import ENGINES, TOGETHER
from nalu.support import check
from nalu.support.check import Refusal
from nalu.training.driver import Fit, run
from nalu.training.engines import engine as make_engine
from nalu.training.plan import Plan


def fit_together(
    plans: Iterable[Plan],
    *,
    engine: str = "auto",
    checkpoint_file: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    checkpoint_every: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Fit]:
    """Train all seeds of several plans; return for each what `fit` returns for it alone.

    The time, ``history.attrs["seconds"]``, is shared equally among the plans.

    Parameters
    ----------
    plans
        They may differ in the model, its size, the optimiser, the regulariser and the
        operation, and must be equal in all that `Plan.batches` names; those of a model with a recipe in all but the ranges.
    engine : {"auto", "fused", "cuda"}
        "auto" is "cuda" on a GPU.
    checkpoint_file, checkpoint_seconds, checkpoint_every, progress
        As those of `fit`; one file holds the state of all.

    Raises
    ------
    ValueError
        If the plans have other batches, the engine cannot train one of them, or the
        checkpoint is truncated or of other trainings.
    """
    plans = tuple(plans)
    examine(plans, engine)
    return run(make_engine(engine, *plans), checkpoint_file, checkpoint_seconds, checkpoint_every, progress)


def examine(plans: tuple[Plan, ...], engine: str = "auto") -> None:
    """Raise a `ValueError` of one line if plans cannot be trained together."""
    check.one_of(engine, ENGINES, "engine")
    if engine not in TOGETHER:
        raise Refusal(f"engine {engine!r} cannot train plans together; allowed: {', '.join(TOGETHER)}")
    if not plans:
        raise Refusal("plans must not be empty")
    if engine == "auto" and plans[0].recipe is not None:
        from nalu.training.stacked import alike, obstacle

        trainer = "stacked"
        _same(plans, alike)
    elif engine == "cuda" or plans[0].device.startswith("cuda"):
        trainer, obstacle = "cuda", _of_gpu
        _same(plans, Plan.batches)
    else:
        from nalu.training.fused.engine import obstacle

        trainer = "fused"
        _same(plans, Plan.batches)
    for plan in plans:
        if problem := obstacle(plan):
            raise Refusal(f"engine {trainer!r} cannot run this: {problem}; train it alone")


def _same(plans: tuple[Plan, ...], shared: Callable[[Plan], dict]) -> None:
    """Refuse plans that differ in what they have to share."""
    first = shared(plans[0])
    for plan in plans:
        for name, value in shared(plan).items():
            if value != first[name]:
                raise Refusal("plans that are trained together must have the same "
                              f"{name}, got {first[name]!r} and {value!r}")


def _of_gpu(plan: Plan) -> str | None:
    """Why the CUDA engine cannot run a plan here."""
    from nalu.training.cuda.gpu import missing

    if problem := missing():
        return problem
    from nalu.training.cuda.engine import obstacle

    return obstacle(plan)
