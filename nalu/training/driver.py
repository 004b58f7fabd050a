"""Run an engine to the end, with checkpoints, progress and TensorBoard beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from nalu.support import check, extras
from nalu.support.check import Refusal
from nalu.tasks import Arithmetic
from nalu.training import checkpoint
from nalu.training.engines import Engine
from nalu.training.engines import engine as make_engine
from nalu.training.plan import Builder, Plan

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = [f.name for f in fields(Plan)][4:]


@dataclass(frozen=True)
class Fit:
    """A finished training: its history and the learned networks by seed."""

    history: pd.DataFrame
    models: dict[int, nn.Module]


def train(model, task, seeds, iterations, **options) -> pd.DataFrame:
    """Train all seeds of one condition; return what `fit` records.

    Parameters
    ----------
    model, task, seeds, iterations, **options
        Those of `fit`.

    Returns
    -------
    pandas.DataFrame
        One row per seed and logged step; columns ``seed``, ``step`` and those of
        `nalu.training.history.MEASURES`. A seed that became NaN has no rows after;
        ``attrs["stopped_at"]`` says when, ``attrs["engine"]`` who ran the loop, and
        ``attrs["seconds"]`` how long it took, with the parts before an interruption.
    """
    return fit(model, task, seeds, iterations, **options).history


def fit(
    model: str | Builder,
    task: Arithmetic,
    seeds: Iterable[int],
    iterations: int,
    *,
    engine: str = "auto",
    checkpoint_file: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    checkpoint_every: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    tensorboard: Path | str | None = None,
    **settings,
) -> Fit:
    """Train all seeds of one condition; return the history and the learned networks.

    Parameters
    ----------
    model, task, seeds, iterations
        What to train, see `nalu.training.Plan`, which also lists the `settings`.
    engine : {"auto", "fused", "cuda", "reference"}
        Who runs the loop.
    checkpoint_file : path, optional
        Where to save the state of the training, and to take it up again. The last one
        stays until the caller, who has then stored the history, deletes it.
    checkpoint_seconds, checkpoint_every : float, int, optional
        Time between two checkpoints, or the exact number of iterations.
    progress : callable, optional
        Called with the iterations done and their total, about once a second.
    tensorboard : path, optional
        Folder for TensorBoard: losses, penalties, weights and gates of every seed.

    Raises
    ------
    ValueError
        If a setting is wrong, or the checkpoint is truncated or of another training.
    """
    for name in settings:
        check.one_of(name, SETTINGS, "setting")
    plan = Plan(model, task, seeds, iterations, **settings)
    (trained,) = run(make_engine(engine, plan), checkpoint_file, checkpoint_seconds, checkpoint_every,
                     progress, tensorboard)
    return trained


def run(machine: Engine, checkpoint_file: Path | str | None = None, checkpoint_seconds: float = 60.0,
        checkpoint_every: int | None = None, progress: Callable[[int, int], None] | None = None,
        tensorboard: Path | str | None = None) -> list[Fit]:
    """Run an engine to the end, as `fit` says; one `Fit` for each of its plans.

    The time is shared equally among them.
    """
    extras.need("train", "pandas")  # of which the history will be, when all is trained
    if checkpoint_every is not None:
        checkpoint_every = check.integer(checkpoint_every, "checkpoint_every", at_least=1)
    file = Path(checkpoint_file) if checkpoint_file is not None else None
    meta = {"engine": machine.name, "identity": _identity(machine.plans)}
    before = _resume(machine, meta, file) if file is not None and file.exists() else 0.0
    board = None
    if tensorboard is not None:
        extras.need("train", "tensorboard")
        from nalu.training.board import Board

        board = Board(Path(tensorboard), machine.plans[0])
        board.show(machine)
    begun, end = time.monotonic(), machine.plans[0].end
    saved = begun
    for done in stages(machine, _stops(machine, checkpoint_every, board)):
        if board is not None:
            board.show(machine)
        if progress is not None:
            progress(done, end)
        due = time.monotonic() - saved >= checkpoint_seconds
        if checkpoint_every is not None:
            due = done % checkpoint_every == 0
        if file is not None and due and done < end:
            seconds = before + time.monotonic() - begun
            checkpoint.save(file, machine.state(), meta | {"iteration": done, "seconds": seconds})
            saved = time.monotonic()
    if board is not None:
        board.close()
    seconds = (before + time.monotonic() - begun) / len(machine.plans)
    return [_fit(machine, j, seconds) for j in range(len(machine.plans))]


def _fit(machine: Engine, j: int, seconds: float) -> Fit:
    history = machine.histories[j].frame(machine.iteration)
    history.attrs |= {"engine": machine.name, "seconds": seconds}
    return Fit(history, {seed: deepcopy(machine.model(k, j)).cpu() for k, seed in enumerate(machine.plans[j].seeds)})


def stages(machine: Engine, stops: list[int], seconds: float = 1.0) -> Iterator[int]:
    """Advance an engine to the end; yield the iterations done about every `seconds`.

    The engine is stopped at each of `stops` as well. How the iterations are cut into
    stages does not change the results.
    """
    end, chunk = machine.plans[0].end, 1
    stops = sorted({s for s in stops if machine.iteration < s < end} | {end})
    for stop in stops:
        while machine.iteration < stop:
            start, clock = machine.iteration, time.monotonic()
            machine.advance(min(start + chunk, stop))
            spent = max(time.monotonic() - clock, 1e-4)
            rate = (machine.iteration - start) / spent
            chunk = max(1, min(int(rate * seconds), 4 * chunk))
            yield machine.iteration


def _stops(machine: Engine, every: int | None, board) -> list[int]:
    end = machine.plans[0].end
    stops = list(range(every, end, every)) if every is not None else []
    if board is not None:
        stops += [int(s) + late for s in machine.plans[0].log_steps for late in (0, 1)]
    return stops


def _identity(plans: Iterable[Plan]) -> dict:
    """What two trainings must share to be the same: all settings of all plans."""
    first, *others = (plan.identity() for plan in plans)
    return first | ({"together": others} if others else {})


def _resume(machine: Engine, mine: dict, file: Path) -> float:
    """Take up a checkpoint; return the seconds that it took to get there."""
    state, meta = checkpoint.load(file)
    theirs, ours = _plain(_flat(meta)), _plain(_flat(mine))
    if theirs != ours:
        differ = [k for k in {**ours, **theirs} if theirs.get(k) != ours.get(k)]
        raise Refusal(
            f"{file} is the checkpoint of another training, it differs in "
            f"{', '.join(differ)}; delete it or give another file"
        )
    machine.restore(state, meta["iteration"])
    return meta["seconds"]


def _flat(meta: dict) -> dict:
    return {"engine": meta.get("engine"), **meta.get("identity", {})}


def _plain(value):
    """Tuples as JSON gives them back: lists."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
