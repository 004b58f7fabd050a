"""Train a condition and record its results. ``train.ipynb`` and the command line use this module."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from nalu import experiments
from nalu.experiments import Case, SequenceCondition
from nalu.registry import ENGINES
from nalu.results import csv_file, origin, runs, tables
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder, lacking
from nalu.support import check, files, paths, seed_lists
from nalu.support.check import Refusal
from nalu.support.progress import Progress
from nalu.training import Plan, devices
from nalu.training.driver import run
from nalu.training.engines import Engine
from nalu.training.engines import engine as arithmetic_engine


@dataclass(frozen=True)
class Group:
    """Some seeds of a condition, or of several of any experiments that learn from the same batches, trained by one engine."""

    shards: tuple[Shard, ...]
    seeds: tuple[int, ...]
    engine: str = "auto"
    device: str = "cpu"

    @property
    def folders(self) -> tuple[WorkFolder, ...]:
        """The conditions."""
        return tuple(WorkFolder(shard.experiment, shard.condition) for shard in self.shards)

    @property
    def names(self) -> list[str]:
        """What the conditions are called."""
        return [folder.title for folder in self.folders]

    @property
    def checkpoint(self) -> Path:
        """One file for all; a condition that is trained alone has the same as ever."""
        others = self.names if len(self.shards) > 1 else ()
        return self.shards[0].checkpoint(self.seeds, self.engine, self.device, others)

    def plans(self) -> tuple[Plan, ...]:
        """What the training of conditions on the arithmetic task is told of each."""
        return tuple(plan(shard.condition, self.seeds, self.device) for shard in self.shards)

    def train(self, checkpoint_seconds: float, keep: bool = False) -> None:
        """Train, keep the histories, and hand in what came out.

        With `keep` the trained networks are saved beside the results.
        """
        training = {
            "began": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seeds": seed_lists.text(self.seeds), "engine": self.engine, "device": self.device,
            "hardware": devices.hardware(self.device), "commit": origin.commit(),
            "versions": origin.versions(), "machine": origin.machine(),
        }
        alone = len(self.shards) == 1
        training |= {} if alone else {"together": self.names}
        for other in self.shards[0].other_checkpoints(self.checkpoint):
            print(f"{other} was left by another training or by other code, and is not continued", flush=True)
        machine = self._machine()
        with Progress(self.shards[0].condition.id if alone else f"{len(self.shards)} conditions") as bar:
            trained = run(machine, self.checkpoint, checkpoint_seconds,
                          progress=_first(lambda: [shard.note(training) for shard in self.shards], bar))
        for folder, shard, fit in zip(self.folders, self.shards, trained, strict=True):
            _keep(shard, self.seeds, fit.history, training)
            if keep:
                _save(shard, fit.models)
            folder.hand_in()
        self.checkpoint.unlink(missing_ok=True)

    def _machine(self) -> Engine:
        case = self.shards[0].condition
        if isinstance(case, SequenceCondition):
            from nalu.sequential.training import fit

            return fit.engine(self.engine, case, self.seeds, self.device)
        return arithmetic_engine(self.engine, *self.plans())


def train_condition(
    experiment: str,
    condition: str,
    seeds: str | Iterable[int] = "",
    engine: str = "auto",
    device: str = "cpu",
    repeat: bool = False,
    keep: bool = False,
    *,
    wait: bool = False,
    checkpoint_seconds: float = 60.0,
) -> pd.DataFrame:
    """Train the seeds of a condition that have no results yet; return all their results.

    A training that was interrupted, by whatever, is taken up at its last checkpoint.
    Recorded results are never replaced, also not by those of a repeated training.

    Parameters
    ----------
    experiment, condition : str
        Names in `nalu.experiments`, of either task.
    seeds : str or list of int
        Such as ``"0-9,70,85"``; by default all of the condition.
    engine, device : str
        See `nalu.training`.
    repeat : bool
        Train, too, what has results but was trained elsewhere; see `nalu.campaign.repeat`.
    keep : bool
        Save the trained networks of sequential MNIST beside the results, half a megabyte each, as
        ``<condition>-<seed>.npz``.
    wait : bool
        For a process that trains the same seeds, instead of giving up.
    checkpoint_seconds : float
        Time between two checkpoints.

    Returns
    -------
    pandas.DataFrame
        The outcomes of these seeds as they are recorded; to `repeat`, those that the trainings
        of this checkout give.

    Raises
    ------
    ValueError
        If an argument is wrong, another process trains these seeds, or a file of theirs
        is not what it should be.
    OSError
        If a file cannot be written. The same call then continues.
    """
    wanted = examine(experiment, condition, seeds, engine, device, keep)
    entry = experiments.get(experiment)
    folder = WorkFolder(entry, entry.condition(condition))
    shard = folder.shard(wanted)
    folder.hand_in()  # a process may have died between its last update and its results
    if lacking({folder: wanted}, repeat)[folder]:
        with shard.lock(wait=wait):
            shard.failed(None)
            files.sweep(shard.path)
            if missing := lacking({folder: wanted}, repeat)[folder]:  # none if one waited for the lock
                for table in tables.of(folder.condition).details if not repeat else ():
                    runs.details(experiment, table)  # what is damaged is said before the training, not after
                Group((shard,), missing, engine, device).train(checkpoint_seconds, keep)
    rows = _frame(folder) if repeat else runs.by_condition(experiment)[condition]
    return rows[rows["seed"].isin(wanted)].reset_index(drop=True)


def examine(experiment: str, condition: str, seeds, engine: str, device: str, keep: bool = False) -> tuple[int, ...]:
    """Check all arguments of `train_condition` before anything is written; return the seeds.

    Raises
    ------
    ValueError
        Naming the value and what is allowed.
    """
    case = experiments.get(experiment).condition(condition)
    wanted = seed_lists.choose(seeds, case.seeds, f"condition {condition!r}")
    if isinstance(case, SequenceCondition):
        from nalu.sequential.training import fit

        fit.examine(case, engine, device)
        return wanted
    if keep:
        raise Refusal(f"keep saves networks of sequential MNIST; {experiment} is not on that task")
    check.one_of(engine, ENGINES, "engine")
    devices.examine(device)
    plan(case, wanted, device)
    return wanted


def plan(case: Case, seeds: tuple[int, ...], device: str) -> Plan:
    """What the training of a condition on the arithmetic task is told."""
    return Plan(seeds=seeds, device=device, **case.plan_arguments())


def prepare(engine: str, device: str) -> None:
    """Compile what an engine needs before its first training on this machine, and say so."""
    if engine in ("auto", "fused") and device == "cpu":
        from nalu.training.fused.warm import warm

        warm()


def sentence(rows: pd.DataFrame) -> str:
    """What came out, in one sentence."""
    if "solved" not in rows:
        longest = rows[rows["test_length"] == rows["test_length"].max()]
        return (f"{rows['condition'].iloc[0]}: {longest['seed'].nunique()} seeds; with {longest['test_length'].iloc[0]} "
                f"pictures the test error is {longest['test_mse'].median():.3g} (median).")
    solved, steps = rows["solved"].sum(), rows.loc[rows["solved"], "solved_at"]
    text = f"{rows['model'].iloc[0]} solved the task with {solved} of {len(rows)} seeds"
    return text + (f", half of them by update {steps.median():,.0f}." if solved else ".")


def _first(note: Callable[[], object], bar: Progress) -> Callable[[int, int], None]:
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


def _keep(shard: Shard, seeds: tuple[int, ...], history: pd.DataFrame, training: dict) -> None:
    """Store what a training has found, and that it has ended."""
    seconds, stopped = history.attrs["seconds"], history.attrs["stopped_at"]
    origins = {"engine": history.attrs["engine"], "device": training["hardware"],
               "commit": training["commit"], "seconds": round(seconds / len(seeds), 3)}
    shard.keep(history, {seed: origins | {"stopped_at": stopped.get(seed)} for seed in seeds})
    shard.note(training | {"engine": origins["engine"], "seconds": round(seconds, 3)})


def _save(shard: Shard, networks: dict) -> None:
    from nalu.sequential.training import saved

    for seed, network in networks.items():
        saved.save(network, paths.RUNS / shard.experiment.name / f"{shard.condition.id}-{seed}.npz")


def _frame(folder: WorkFolder) -> pd.DataFrame:
    return csv_file.frame(folder.rows(), tables.of(folder.condition).outcomes.columns)
