"""Train as much as fits into some seconds on a GPU, the most important first.

For a GPU that is lent for minutes. Seeds of many conditions are trained together, see
`nalu.training.cuda`; a *bundle* is what one run of the engine trains. It is begun only if
it will be finished in time, as its first seconds show, and its results are merged into
``results.csv`` while the next one trains. What has results is not trained again, so that the
same command goes on where the last one ended.
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nalu import experiments
from nalu.campaign import order
from nalu.experiments.conditions import Condition, Experiment
from nalu.results import merging, origin, recorded, runs, tables
from nalu.support import paths
from nalu.support.check import Refusal
from nalu.training import Plan, devices
from nalu.training.cuda import gpu

TRIAL = 3.0  # seconds after which it is known whether a bundle will be finished
SLACK = 1.05
LAST = 10.0  # seconds kept for the results of the last bundle


@dataclass(frozen=True, eq=False)
class Lane:
    """A seed of a condition that has no results."""

    experiment: Experiment
    condition: Condition
    seed: int

    @property
    def alike(self) -> tuple:
        """What lanes of one bundle share."""
        return self.condition.iterations, self.condition.stream


def queue(names: Iterable[str] = ()) -> list[Lane]:
    """All that has no results, in the order of the campaign."""
    chosen = [experiments.get(name) for name in names] or experiments.EXPERIMENTS.values()
    missing = {entry.name: runs.missing(entry.name) for entry in chosen}
    left = order.once((entry, case, missing[entry.name][case.id]) for entry in chosen for case in entry.conditions)
    lanes = [Lane(entry, case, seed) for entry, case, seeds in left for seed in seeds]
    return order.breadth_first(lanes, lambda lane: (lane.experiment, lane.condition, lane.seed))


def bundle(waiting: list[Lane], size: int) -> list[Lane]:
    """The first `size` lanes that can be trained with the very first."""
    return [lane for lane in waiting if lane.alike == waiting[0].alike][:size]


def train(lanes: list[Lane], device: str, deadline: float, say: Callable[[str], None],
          check: Callable[[], None] = lambda: None) -> tuple[dict | None, float]:
    """Train a bundle; its histories by condition, None if the time will not do, and updates a second.

    Each history is a table as `nalu.training.train` returns it, with the origins of its rows
    as ``attrs["origins"]``. ``check`` is called between launches, and may raise to end the training.
    """
    from nalu.training.cuda.engine import Cuda

    groups: dict[tuple[str, str], list[Lane]] = {}
    for lane in lanes:
        groups.setdefault((lane.experiment.name, lane.condition.id), []).append(lane)
    plans = [Plan(seeds=sorted(lane.seed for lane in group), device=device,
                  **group[0].condition.plan_arguments()) for group in groups.values()]
    machine, end = Cuda(*plans), plans[0].end
    machine.advance(min(64, end // 2))  # the first launch compiles
    begun, first, tried, told = time.monotonic(), machine.iteration, False, 0.0
    while machine.iteration < end:
        machine.advance(min(machine.iteration + machine.chunk, end))
        check()
        spent = time.monotonic() - begun
        pace = (machine.iteration - first) / max(spent, 1e-6)
        left = (end - machine.iteration) / pace
        trial = not tried and (spent > TRIAL or left < TRIAL)
        if trial:
            tried = True
            say(f"{len(lanes)} seeds of {len(plans)} conditions: {pace * len(lanes):,.0f} updates/s, "
                f"{left:,.0f} s to go")
        # what is begun shall not be given up later because it slowed down a little
        if tried and time.monotonic() + left * (SLACK if trial else 1.0) > deadline:
            return None, pace * len(lanes)
        if spent - told > 60:
            told = spent
            say(f"  {machine.iteration:,} of {end:,} iterations")
    seconds = max(time.monotonic() - begun, 1e-6)
    common = {"engine": machine.name, "device": devices.hardware(device), "commit": origin.commit(),
              "seconds": round(seconds / len(lanes), 3)}
    found = {}
    for key, plan, history in zip(groups, plans, machine.histories, strict=True):
        table = history.frame(end)
        stopped = table.attrs["stopped_at"]
        table.attrs["origins"] = {s: common | {"stopped_at": stopped.get(s)} for s in plan.seeds}
        found[key] = table
    return found, (end - first) * len(lanes) / seconds


def record(found: dict, pack: Path | None) -> int:
    """Merge the results of a bundle; return how many rows are new."""
    added = 0
    for (experiment, condition), history in found.items():
        entry = experiments.get(experiment)
        added += merging.merge(experiment, recorded.rows(entry, entry.condition(condition), history))
    if pack is not None:
        write_pack(pack)
    return added


def write_pack(file: Path) -> None:
    """All results of all experiments in one archive, which is the old one or the new one."""
    part = file.with_name(f"{file.name}.part")
    with tarfile.open(part, "w:gz") as archive:
        for path in sorted(path for path in paths.RUNS.glob("*/*") if path.name in tables.FILES):
            archive.add(path, path.relative_to(paths.RUNS))
    part.replace(file)


def run(seconds: float, names: Iterable[str] = (), device: str = "cuda", size: int = 3300,
        pace: float = 3e7, pack: Path | None = None, say: Callable[[str], None] = print) -> int:
    """Train until the time is over or nothing is left; return how many rows are new.

    Parameters
    ----------
    seconds : float
        Time for everything, from this call.
    names : sequence of str
        Experiments; by default all on the arithmetic task.
    device : str
    size : int
        Seeds in a bundle, at most.
    pace : float
        Updates per second of all seeds together, until it has been measured.
    pack : path, optional
        An archive of all results, renewed after every bundle.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    ValueError
        If an experiment is unknown, or there is no GPU.
    """
    deadline, added = time.monotonic() + seconds - LAST, 0
    if problem := gpu.missing():
        raise Refusal(f"engine 'cuda' cannot run this: {problem}")
    waiting = queue(names)
    if pack is not None:
        write_pack(pack)  # that it cannot be written shall not be found after the training
    with ThreadPoolExecutor(1) as recorder:
        jobs = []

        def recorded_so_far() -> None:
            """Raise what kept a bundle from being recorded: what follows would be lost, too."""
            for job in jobs:
                if job.done():
                    job.result()

        while waiting:
            recorded_so_far()
            fitting = int(pace * (deadline - time.monotonic()) / (waiting[0].condition.iterations + 1))
            lanes = bundle(waiting, min(size, fitting))
            if not lanes:
                break
            found, pace = train(lanes, device, deadline, say, recorded_so_far)
            if found is None:
                size = max(1, min(size, len(lanes)) // 2) if len(lanes) > 1 else 0
                say(f"too many for the time that is left: {size} at once")
                if size == 0:
                    break
                continue
            trained = set(lanes)
            waiting = [lane for lane in waiting if lane not in trained]
            jobs.append(recorder.submit(record, found, pack))
        added = sum(job.result() for job in jobs)
    say(f"{added} rows added, {len(waiting)} runs are left")
    return added
