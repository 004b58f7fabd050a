"""The jobs of a campaign: the shards of all conditions that lack results.

The ``Snakefile`` makes one job for each shard, or for all shards that learn from the same batches, in the
order of `nalu.campaign.order`. If several experiments declare a run, only one of them gets the job,
see `nalu.results.runs`.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nalu import experiments, registry
from nalu.campaign import order
from nalu.experiments import Entry, SequenceExperiment
from nalu.paper import numbers
from nalu.results import csv_file, merging, runs, store
from nalu.results.estimate import Pace
from nalu.results.shard import Shard, reason, together
from nalu.results.status import left_of, of, total
from nalu.results.workfolder import WorkFolder
from nalu.support import check, files, seed_lists
from nalu.support.check import Refusal
from nalu.support.listing import columns
from nalu.tasks import idx

TOGETHER = 5
"""Seeds in a job of several conditions, at most: rows come in early, and 200 MB of histories of what the papers print."""
SETTINGS = ("experiment", "seeds", "together", "shard", "threads", "engine", "device")
"""Those of a campaign."""


@dataclass(frozen=True)
class Job:
    """Some seeds of a condition, or of several of any experiments together, to be trained by one process."""

    folders: tuple[WorkFolder, ...]
    seeds: tuple[int, ...]

    @property
    def experiments(self) -> dict[str, Entry]:
        """The experiments by their names."""
        return {folder.experiment.name: folder.experiment for folder in self.folders}

    @property
    def names(self) -> list[str]:
        """What it trains as ``nalu train`` is told: an experiment and its conditions, the next and its conditions."""
        return [name for experiment in self.experiments
                for name in (experiment, *(f.condition.id for f in self.folders if f.experiment.name == experiment))]

    @property
    def title(self) -> str:
        """What it trains, in a few words."""
        first, *others = self.folders
        which = f"{', '.join(self.experiments)} {len(self.folders)} conditions together" if others else first.title
        return f"{which}, seeds {seed_lists.text(self.seeds)}"

    @property
    def shards(self) -> list[Shard]:
        """The folders of its trainings."""
        return [folder.shard(self.seeds) for folder in self.folders]

    @property
    def rows(self) -> Path:
        """The file that holds its results once they are complete."""
        return together(self.shards) / "rows.csv"

    def results(self) -> list[csv_file.Row]:
        """Its rows in ``results.csv``; `ValueError` if one is missing."""
        return [row for folder in self.folders
                for row in runs.rows(folder.experiment.name, folder.condition.id, self.seeds)]


def declared(names: Iterable[str] = (), seeds: str = "", size: int | str | None = None,
             together: bool = False) -> list[Job]:
    """Return all jobs of some experiments in the order of the campaign, whether they are finished or not.

    Parameters
    ----------
    names
        Experiments; by default all whose data are at hand.
    seeds
        Such as ``"0-9"``: of each condition those that it declares; all by default.
    size
        Seeds in one job, as a number or as it was typed; 0: all that a condition has. By default those of one band of the order, and if
        they are trained together at most `TOGETHER`.
    together
        Make one job of all conditions that learn from the same batches.

    Raises
    ------
    ValueError
        If a name is unknown, an experiment that is named lacks its data, the seeds are no seeds
        or declared by no condition, or the size is negative.
    """
    if size is not None:
        size = check.typed(size, "shard", at_least=0)
    chosen = [experiments.get(name) for name in names]
    for entry in chosen:
        if problem := lacks(entry):
            raise Refusal(problem)
    chosen = chosen or [entry for entry in experiments.every() if not lacks(entry)]
    asked = None if seeds == "" else {*seed_lists.parse(seeds)}
    wanted = ((entry, case, {*case.seeds} if asked is None else asked.intersection(case.seeds))
              for entry in chosen for case in entry.conditions)
    found = []
    for entry, case, own in order.once(wanted):
        step = size or len(own)
        shards = order.shards(own, TOGETHER if together else 0) if size is None else \
            [own[k:k + step] for k in range(0, len(own), step)]
        found += [Job((WorkFolder(entry, case),), shard) for shard in shards]
    if not found:
        raise Refusal(f"no condition declares the seeds {seeds}")
    found = joined(found) if together else found
    return order.breadth_first(found, lambda job: (job.folders[0].experiment, job.folders[0].condition, job.seeds[0]))


def lacks(entry: Entry) -> str:
    """Return what an experiment needs and is not there, in one line; nothing if it can be trained."""
    if not isinstance(entry, SequenceExperiment) or entry.reference.data != "mnist" or idx.folder() is not None:
        return ""
    return f"{entry.name} needs the environment variable {idx.VARIABLE}, the folder with the files of MNIST"


def joined(jobs: Iterable[Job]) -> list[Job]:
    """Make one job of all that have the same seeds and learn from the same batches, be they of several experiments.

    Of all that are declared, not of those to do: a training that was killed is taken up in
    its old company. What no paper prints does not keep what they print from being finished.
    """
    groups: dict[tuple, list[WorkFolder]] = defaultdict(list)
    for job in jobs:
        [folder] = job.folders
        printed = numbers.printed(folder.experiment, folder.condition)
        groups[job.seeds, folder.condition.batches(), printed].append(folder)
    return [Job(tuple(folders), seeds) for (seeds, *_), folders in groups.items()]


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
    missing = {name: runs.missing(name) for name in _experiments(jobs)}
    return [job for job in jobs if any(
        not {*missing[folder.experiment.name][folder.condition.id]}.isdisjoint(job.seeds) for folder in job.folders)]


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
            files.write(job.rows, csv_file.dump(job.results(), store.kind(job.folders[0].experiment).outcomes.columns))


def alone(jobs: Iterable[Job]) -> ExitStack:
    """Lock the experiments of a campaign, until what is returned is closed or deleted.

    Raises
    ------
    ValueError
        If another campaign with one of them is running.
    """
    stack = ExitStack()
    for entry in _experiments(jobs).values():
        lock = merging.lock(entry).with_name("campaign")
        stack.enter_context(files.locked(lock, f"a campaign with {entry.name} is running"))
    return stack


def plan(jobs: Iterable[Job]) -> str:
    """Return what would be trained and how long this would take: a line for each experiment, then one for all."""
    jobs, pace = list(jobs), Pace()
    parts = [(folder.experiment.name, len(job.seeds), len(job.seeds) * pace.seconds(folder.condition))
             for job in jobs for folder in job.folders]
    rows = [("experiment", "jobs", "runs", "one job after the other")]
    for name in dict.fromkeys(name for name, *_ in parts):
        runs_of, seconds = zip(*(part[1:] for part in parts if part[0] == name), strict=True)
        rows.append((name, str(sum(name in job.experiments for job in jobs)), f"{sum(runs_of):,}", left_of(seconds)))
    total_of = f"{len(jobs)} jobs with {sum(runs_of for _, runs_of, _ in parts):,} runs"
    return "\n".join([*columns(rows), f"{total_of}; one job after the other: {left_of(seconds for *_, seconds in parts)}"])


def collect(jobs: Iterable[Job]) -> str:
    """Merge what was trained into the results; return what is still missing and why."""
    jobs = list(jobs)
    for job in todo(jobs):
        for folder in job.folders:
            folder.hand_in()
    lines = [total(name, of(entry)) for name, entry in _experiments(jobs).items()]
    for job in todo(jobs):
        failed = next((shard for shard in job.shards if shard.failure()), None)
        lines.append(f"{job.title}: {_reason(failed) if failed else 'not finished'}")
    return "\n".join(lines)


def _experiments(jobs: Iterable[Job]) -> dict[str, Entry]:
    return {name: entry for job in jobs for name, entry in job.experiments.items()}


def _reason(failed: Shard) -> str:
    return reason(failed.failure()) + (f"; log: {failed.log}" if failed.log.exists() else "")
