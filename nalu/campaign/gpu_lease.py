"""Train as much as possible in a given time on a GPU, the most important runs first.

This is for a GPU that is available for minutes only. Seeds of many conditions are trained together, see
`nalu.training.cuda`. A *bundle* is what one run of the engine trains. Its results are merged into
``results.csv`` while the next bundle trains. If a bundle is not finished in time, it is saved, see
`nalu.campaign.parcel`, and the next lease resumes it. Runs with results are not trained again, so the
same command continues where the last one ended.
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from nalu import experiments
from nalu.campaign import order, parcel
from nalu.campaign.bundle import Lane, Work, alike, first_of, resume
from nalu.results import merging, recorded, runs, tables
from nalu.results.csv_file import Row
from nalu.support import paths
from nalu.support.check import Refusal
from nalu.training.cuda import gpu
from nalu.training.cuda.engine import Cuda

LAST = 15.0  # seconds kept for the results and the state of the last bundle


def queue(names: Iterable[str] = ()) -> list[Lane]:
    """All that has no results, in the order of the campaign."""
    chosen = [experiments.get(name) for name in names] or experiments.EXPERIMENTS.values()
    missing = {entry.name: runs.missing(entry.name) for entry in chosen}
    left = order.once((entry, case, missing[entry.name][case.id]) for entry in chosen for case in entry.conditions)
    lanes = [Lane(entry, case, seed, shared) for entry, case, seeds in left for shared in [alike(case)] for seed in seeds]
    return order.breadth_first(lanes, lambda lane: (lane.experiment, lane.condition, lane.seed))


def record(found: dict, pack: Path | None) -> int:
    """Merge the results of a bundle; return how many rows are new."""
    tables_of: dict[str, dict[str, list[Row]]] = {}
    for (experiment, condition), history in found.items():
        entry = experiments.get(experiment)
        for name, rows in recorded.rows(entry, entry.condition(condition), history).items():
            tables_of.setdefault(experiment, {}).setdefault(name, []).extend(rows)
    added = sum(merging.merge(experiment, rows) for experiment, rows in tables_of.items())
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


def run(seconds: float, names: Iterable[str] = (), device: str = "cuda", size: int = 4500, pack: Path | None = None,
        aside: Path | None = None, say: Callable[[str], None] = print, engine: Callable[..., Cuda] | None = None) -> int:
    """Train until the time is over or nothing is left; return how many rows are new.

    Parameters
    ----------
    seconds : float
        Time for everything, from this call.
    names : sequence of str
        Experiments; by default all.
    device : str
    size : int
        Seeds in a bundle, at most.
    pack : path, optional
        An archive of all results, renewed after every bundle.
    aside : path, optional
        Where a bundle that is not finished is put, and looked for; by default a folder beside the results.
    say : callable
        Told what happens, a line at a time.
    engine : callable, optional
        What trains plans, in place of the GPU's.

    Raises
    ------
    ValueError
        If an experiment is unknown, or there is no GPU.
    """
    deadline, aside = time.monotonic() + seconds - LAST, aside or paths.RUNS / ".lease"
    if engine is None and (problem := gpu.missing()):
        raise Refusal(f"engine 'cuda' cannot run this: {problem}")
    engine = engine or Cuda
    waiting = queue(names)
    if pack is not None:
        write_pack(pack)  # that it cannot be written shall not be found after the training
    # a thread each: what two records wrote at once would be lost
    with ThreadPoolExecutor(1) as preparer, ThreadPoolExecutor(1) as recorder:
        jobs: list[Future] = []

        def prepared(lanes: list[Lane]) -> Future:
            """The next bundle, which is made ready while another one trains."""
            return preparer.submit(Work, first_of(lanes, size), device, engine)

        def recorded_so_far() -> None:
            """Raise what kept a bundle from being recorded: what follows would be lost, too."""
            for job in jobs:
                if job.done():
                    job.result()

        work = resume(aside, waiting, device, say, engine)
        following = None if work else prepared(waiting) if waiting else None
        while waiting and time.monotonic() < deadline:
            recorded_so_far()
            work = work or following.result()
            trained = {id(lane) for lane in work.lanes}
            rest = [lane for lane in waiting if id(lane) not in trained]
            following = prepared(rest) if rest else None
            if not work.train(deadline, say, recorded_so_far, lambda work=work: work.put_aside(aside)):
                written = work.put_aside(aside)
                say(f"put aside at iteration {work.machine.iteration:,} of {work.end:,}: {written / 1e6:.1f} MB in {aside}")
                break
            waiting, found, work = rest, work.found(), None
            jobs.append(recorder.submit(record, found, pack))
        added = sum(job.result() for job in jobs)
        if work is None:
            parcel.clear(aside)
    say(f"{added} rows added, {len(waiting)} runs are left")
    return added
