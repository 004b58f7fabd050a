"""Train one condition and hand in its results: behind ``train.ipynb`` and the command line."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pandas as pd

from nalu import experiments
from nalu.results import csv_file, origin, runs
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder
from nalu.support import check, files, seed_lists
from nalu.support.progress import Progress
from nalu.training import Plan, devices, train
from nalu.training.engines import ENGINES


def train_condition(
    experiment: str,
    condition: str,
    seeds: str | Iterable[int] = "",
    engine: str = "auto",
    device: str = "cpu",
    repeat: bool = False,
    *,
    checkpoint_seconds: float = 60.0,
) -> pd.DataFrame:
    """Train the seeds of a condition that have no results yet; return all their results.

    A training that was interrupted, by whatever, is taken up at its last checkpoint.
    Recorded results are never replaced, also not by those of a repeated training.

    Parameters
    ----------
    experiment, condition : str
        Names in `nalu.experiments.EXPERIMENTS`.
    seeds : str or list of int
        Such as ``"0-9,70,85"``; by default all of the condition.
    engine, device : str
        See `nalu.training`.
    repeat : bool
        Train, too, what has results but was trained elsewhere; see `nalu.campaign.repeat`.
    checkpoint_seconds : float
        Time between two checkpoints.

    Returns
    -------
    pandas.DataFrame
        The rows of ``results.csv`` of these seeds; to `repeat`, those that the trainings
        of this checkout give.

    Raises
    ------
    ValueError
        If an argument is wrong, another process trains these seeds, or a file of theirs
        is not what it should be.
    OSError
        If a file cannot be written. The same call then continues.
    """
    wanted = examine(experiment, condition, seeds, engine, device)
    entry = experiments.get(experiment)
    folder = WorkFolder(entry, entry.condition(condition))
    folder.hand_in()  # a process may have died between its last update and its results
    if _to_train(folder, wanted, repeat):
        shard = folder.shard(wanted)
        with shard.lock():
            files.sweep(shard.path)
            if missing := _to_train(folder, wanted, repeat):  # none if one waited for the lock
                _train(shard, missing, engine, device, checkpoint_seconds)
                folder.hand_in()
                shard.checkpoint(missing, engine, device).unlink(missing_ok=True)
    rows = csv_file.frame(folder.rows()) if repeat else runs.by_condition(experiment)[condition]
    return rows[rows["seed"].isin(wanted)].reset_index(drop=True)


def examine(experiment: str, condition: str, seeds, engine: str, device: str) -> tuple[int, ...]:
    """Check all arguments of `train_condition` before anything is written; return the seeds.

    Raises
    ------
    ValueError
        Naming the value and what is allowed.
    """
    case = experiments.get(experiment).condition(condition)
    wanted = seed_lists.choose(seeds, case.seeds, f"condition {condition!r}")
    check.one_of(engine, ENGINES, "engine")
    devices.examine(device)
    Plan(seeds=wanted, device=device, **case.plan_arguments())
    return wanted


def prepare(engine: str, device: str) -> None:
    """Compile what an engine needs before its first training on this machine, and say so."""
    if engine in ("auto", "fused") and device == "cpu":
        from nalu.training.fused.warm import warm

        warm()


def sentence(rows: pd.DataFrame) -> str:
    """What came out, in one sentence."""
    solved, steps = rows["solved"].sum(), rows.loc[rows["solved"], "solved_at"]
    text = f"{rows['model'].iloc[0]} solved the task with {solved} of {len(rows)} seeds"
    return text + (f", half of them by update {steps.median():,.0f}." if solved else ".")


def about(seeds: tuple[int, ...], engine: str, device: str) -> dict:
    """What ``spec.json`` says of a training that begins now."""
    return {
        "began": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seeds": seed_lists.text(seeds), "engine": engine, "device": device,
        "hardware": devices.hardware(device), "commit": origin.commit(),
        "versions": origin.versions(), "machine": origin.machine(),
    }


def first(note: Callable[[], None], bar: Progress) -> Callable[[int, int], None]:
    """A progress bar that begins with a note.

    Not earlier: a checkpoint that is refused leaves all files as they are.
    """
    begun = False

    def progress(done: int, total: int) -> None:
        nonlocal begun
        if not begun:
            note()
            begun = True
        bar(done, total)

    return progress


def keep(shard: Shard, seeds: tuple[int, ...], history: pd.DataFrame, training: dict) -> None:
    """Store what a training has found, and that it has ended."""
    seconds, stopped = history.attrs["seconds"], history.attrs["stopped_at"]
    origins = {"engine": history.attrs["engine"], "device": training["hardware"],
               "commit": training["commit"], "seconds": round(seconds / len(seeds), 3)}
    shard.keep(history, {seed: origins | {"stopped_at": stopped.get(seed)} for seed in seeds})
    shard.note(training | {"engine": origins["engine"], "seconds": round(seconds, 3)})


def _train(shard: Shard, seeds: tuple[int, ...], engine: str, device: str,
           checkpoint_seconds: float) -> None:
    case, training = shard.condition, about(seeds, engine, device)
    prepare(engine, device)
    with Progress(case.id) as bar:
        history = train(seeds=seeds, engine=engine, device=device,
                        progress=first(lambda: shard.note(training), bar),
                        checkpoint_file=shard.checkpoint(seeds, engine, device),
                        checkpoint_seconds=checkpoint_seconds, **case.plan_arguments())
    keep(shard, seeds, history, training)


def _to_train(folder: WorkFolder, seeds: Iterable[int], repeat: bool) -> tuple[int, ...]:
    if repeat:
        return tuple(sorted({*seeds} - folder.trained()))
    missing = runs.missing(folder.experiment.name)[folder.condition.id]
    return tuple(sorted({*seeds} & {*missing}))
