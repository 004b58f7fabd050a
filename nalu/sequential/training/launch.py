"""Train a condition of sequential MNIST, with checkpoints, and record what came out."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path

from nalu.experiments import sequential_table
from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.results import origin
from nalu.sequential import store
from nalu.sequential.rows import rows
from nalu.sequential.training import saved
from nalu.sequential.training.history import RUNNING, History
from nalu.sequential.training.loop import Loop
from nalu.sequential.training.networks import Network
from nalu.support import files, paths, seed_lists
from nalu.tasks.digits import load
from nalu.training import checkpoint, devices

CODE = ("sequential/training/*.py", "units/*.py", "tasks/*.py", "experiments/sequential_models.py",
        "experiments/sequential_conditions.py")
STAGE = 20
"""Updates between two looks at the clock."""


def fit(condition: SequenceCondition, seeds: Iterable[int], device: str = "cpu", *,
        checkpoint_file: Path | None = None, checkpoint_seconds: float = 60.0,
        progress: Callable[[int, int], None] | None = None) -> tuple[History, dict[int, Network], float]:
    """Train seeds of a condition; return their history, the networks by seed, and the seconds.

    Parameters
    ----------
    condition, seeds, device
        What to train, and where.
    checkpoint_file : path, optional
        Where to save the state of the training every `checkpoint_seconds`, and to take it
        up again. It stays until the caller deletes it.
    progress : callable, optional
        Called with the updates made and their total.

    Raises
    ------
    ValueError
        If the checkpoint is truncated.
    """
    loop = Loop(condition, tuple(seeds), device)
    before = 0.0
    if checkpoint_file is not None and checkpoint_file.exists():
        state, meta = checkpoint.load(checkpoint_file)
        loop.restore(state, meta["update"])
        before = meta["seconds"]
    began = saved = time.monotonic()
    while loop.update < loop.end:
        loop.advance(min(loop.update + STAGE, loop.end))
        now = time.monotonic()
        if checkpoint_file is not None and now - saved >= checkpoint_seconds and loop.update < loop.end:
            meta = {"update": loop.update, "seconds": before + now - began}
            checkpoint.save(checkpoint_file, loop.state(), meta)
            saved = time.monotonic()
        if progress is not None:
            progress(loop.update, loop.end)
    networks = {seed: deepcopy(loop.filled(k)) for k, seed in enumerate(loop.seeds)}
    return loop.history, networks, before + time.monotonic() - began


def train_condition(experiment: str, condition: str, seeds: str = "", device: str = "cpu", *, keep: bool = False,
                    progress: Callable[[int, int], None] | None = None) -> tuple[int, ...]:
    """Train the seeds of a condition that have no results yet; return which these were.

    A training that was interrupted is taken up at its last checkpoint. With `keep` the trained
    networks are saved beside the results, as ``<condition>-<seed>.npz``.

    Raises
    ------
    ValueError
        If an argument is wrong, a file of MNIST is not right, or another process trains the
        condition.
    FileNotFoundError
        If MNIST is needed and not there.
    """
    case = sequential_table.get(experiment).condition(condition)
    wanted = seed_lists.choose(seeds, case.seeds, f"condition {condition!r}")
    _examine(case, device)
    folder = paths.RUNS / experiment / condition
    with files.locked(folder / "lock", f"{experiment} {condition} is being trained"):
        todo = tuple(sorted({*wanted} & {*store.missing(experiment)[condition]}))
        if not todo:
            return ()
        for table in store.TABLES:
            store.frame(experiment, table)  # what is damaged is said before the training, not after
        file = folder / f"checkpoint-{_digest(case, todo, device)}.npz"
        commit = origin.commit()
        history, networks, seconds = fit(case, todo, device, checkpoint_file=file, progress=progress)
        hardware = devices.hardware(device)
        fixed = {"device": hardware, "commit": commit, "seconds": round(seconds / len(todo), 3)}
        origins = {seed: fixed | {"stopped_at": None if at == RUNNING else int(at)}
                   for seed, at in zip(todo, history.stopped_at, strict=True)}
        store.merge(experiment, rows(experiment, case, history.errors(), history.digits(), origins))
        for seed, network in networks.items() if keep else ():
            saved.save(network, paths.RUNS / experiment / f"{condition}-{seed}.npz")
        file.unlink(missing_ok=True)
    return todo


def _examine(case: SequenceCondition, device: str) -> None:
    """Refuse what cannot be trained here, before anything is written."""
    devices.examine(device)
    load(case.data)


def _digest(case: SequenceCondition, seeds: tuple[int, ...], device: str) -> str:
    """What two trainings must share so that one can continue the other's checkpoint."""
    identity = [case.settings(), case.task.test_lengths, seeds, device, origin.code(CODE)]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]
