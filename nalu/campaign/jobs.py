"""What a campaign has to run: the shards of all conditions that lack results.

The ``Snakefile`` makes one job of each, or of all that learn from the same batches. A run
that several experiments declare is the job of one of them only, see `nalu.results.runs`.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nalu import experiments, registry
from nalu.experiments import Case, Entry, SequenceExperiment
from nalu.results import csv_file, merging, runs, store
from nalu.results.estimate import Pace
from nalu.results.shard import Shard, reason, together
from nalu.results.status import left_of, of, total
from nalu.results.workfolder import WorkFolder
from nalu.support import check, files, seed_lists
from nalu.support.check import Refusal
from nalu.tasks import idx

TOGETHER = 12
"""Seeds in a job of several conditions: all four threads busy to the end, and 190 MB of histories."""
SETTINGS = ("experiment", "seeds", "together", "shard", "threads", "engine", "device")
"""Those of a campaign."""


@dataclass(frozen=True)
class Job:
    """Some seeds of a condition, or of several together, to be trained by one process."""

    experiment: Entry
    conditions: tuple[Case, ...]
    seeds: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """The conditions."""
        return [condition.id for condition in self.conditions]

    @property
    def title(self) -> str:
        """What it trains, in a few words."""
        which = f"{len(self.names)} conditions together" if len(self.names) > 1 else self.names[0]
        return f"{self.experiment.name} {which}, seeds {seed_lists.text(self.seeds)}"

    @property
    def shards(self) -> list[Shard]:
        """The folders of its trainings."""
        return [WorkFolder(self.experiment, condition).shard(self.seeds) for condition in self.conditions]

    @property
    def rows(self) -> Path:
        """The file that holds its results once they are complete."""
        return together(self.shards) / "rows.csv"

    def results(self) -> list[csv_file.Row]:
        """Its rows in ``results.csv``; `ValueError` if one is missing."""
        return [row for name in self.names for row in runs.rows(self.experiment.name, name, self.seeds)]


def declared(names: Iterable[str] = (), seeds: str = "", size: int | str = 0) -> list[Job]:
    """Return all jobs of some experiments, whether they are finished or not.

    Parameters
    ----------
    names
        Experiments; by default all whose data are at hand.
    seeds
        Such as ``"0-9"``: of each condition those that it declares; all by default.
    size
        Seeds in one job, as a number or as it was typed; by default all that a condition has.

    Raises
    ------
    ValueError
        If a name is unknown, an experiment that is named lacks its data, the seeds are no seeds
        or declared by no condition, or the size is negative.
    """
    size = check.typed(size, "shard", at_least=0)
    chosen = [experiments.get(name) for name in names]
    for entry in chosen:
        if problem := lacks(entry):
            raise Refusal(problem)
    chosen = chosen or [entry for entry in experiments.every() if not lacks(entry)]
    asked = None if seeds == "" else {*seed_lists.parse(seeds)}
    claimed: dict[tuple, set[int]] = defaultdict(set)
    found = []
    for entry in sorted(chosen, key=lambda entry: not entry.curves):  # these take no rows
        for case in entry.conditions:
            others = claimed[runs.settings(case), entry.window]
            own = [seed for seed in sorted(case.seeds) if (asked is None or seed in asked)
                   and (entry.curves or seed not in others)]
            others.update(own)
            step = size or len(own) or 1
            found += [Job(entry, (case,), tuple(own[k:k + step])) for k in range(0, len(own), step)]
    if not found:
        raise Refusal(f"no condition declares the seeds {seeds}")
    return found


def lacks(entry: Entry) -> str:
    """Return what an experiment needs and is not there, in one line; nothing if it can be trained."""
    if not isinstance(entry, SequenceExperiment) or entry.reference.data != "mnist" or idx.folder() is not None:
        return ""
    return f"{entry.name} needs the environment variable {idx.VARIABLE}, the folder with the files of MNIST"


def joined(jobs: Iterable[Job]) -> list[Job]:
    """Make one job of all that have the same seeds and learn from the same batches.

    Of all that are declared, not of those to do: a training that was killed is taken up in
    its old company.
    """
    groups: dict[tuple, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.experiment.name, job.seeds, job.conditions[0].batches()].append(job)
    return [Job(group[0].experiment, sum((job.conditions for job in group), ()), group[0].seeds)
            for group in groups.values()]


def examine(settings: Iterable[str], engine: str, device: str, together: bool) -> None:
    """Raise a `ValueError` of one line if a setting is unknown, or jobs of several conditions cannot run there."""
    for name in settings:
        check.one_of(name, SETTINGS, "setting")
    if together and device != "cpu":
        raise Refusal(f"together=1 is for CPUs, got device={device}; on a GPU: python -m nalu lease")
    check.one_of(engine, registry.TOGETHER if together else registry.ENGINES, "engine")


def todo(jobs: Iterable[Job]) -> list[Job]:
    """Return those of the jobs that have seeds without results."""
    jobs = list(jobs)
    missing = {name: runs.missing(name) for name in {job.experiment.name for job in jobs}}
    return [job for job in jobs if any(
        not {*missing[job.experiment.name][name]}.isdisjoint(job.seeds) for name in job.names)]


def forget(jobs: Iterable[Job], before: float) -> None:
    """Delete the files of rows that are older than a time, in seconds since 1970.

    For jobs of which results are missing although all had been there: deleted since.
    """
    for job in jobs:
        if job.rows.exists() and job.rows.stat().st_mtime < before:
            job.rows.unlink()


def complete(jobs: Iterable[Job]) -> None:
    """Write the files of rows of finished jobs that were begun here and lack them.

    Their process was killed after it had handed in its results, before it wrote the file.
    """
    for job in jobs:
        if job.rows.parent.is_dir() and not job.rows.exists():
            files.write(job.rows, csv_file.dump(job.results(), store.kind(job.experiment).outcomes.columns))


def alone(jobs: Iterable[Job]) -> ExitStack:
    """Lock the experiments of a campaign, until what is returned is closed or deleted.

    Raises
    ------
    ValueError
        If another campaign with one of them is running.
    """
    stack = ExitStack()
    for entry in {job.experiment.name: job.experiment for job in jobs}.values():
        lock = merging.lock(entry).with_name("campaign")
        stack.enter_context(files.locked(lock, f"a campaign with {entry.name} is running"))
    return stack


def plan(jobs: Iterable[Job]) -> str:
    """Return one line: what is to be trained, and how long that takes."""
    jobs, pace = list(jobs), Pace()
    count = sum(len(job.seeds) * len(job.conditions) for job in jobs)
    seconds = [len(job.seeds) * pace.seconds(condition) for job in jobs for condition in job.conditions]
    return f"{len(jobs)} jobs with {count:,} runs; one job after the other: {left_of(seconds)}"


def collect(jobs: Iterable[Job]) -> str:
    """Merge what was trained into the results; return what is still missing and why."""
    jobs = list(jobs)
    for job in todo(jobs):
        for condition in job.conditions:
            WorkFolder(job.experiment, condition).hand_in()
    entries = {job.experiment.name: job.experiment for job in jobs}.values()
    lines = [total(entry.name, of(entry)) for entry in entries]
    for job in todo(jobs):
        failed = next((shard for shard in job.shards if shard.failure()), None)
        lines.append(f"{job.title}: {_reason(failed) if failed else 'not finished'}")
    return "\n".join(lines)


def _reason(failed: Shard) -> str:
    return reason(failed.failure()) + (f"; log: {failed.log}" if failed.log.exists() else "")
