"""A bundle: seeds of many conditions that one run of the CUDA engine trains. It can be saved and resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nalu.campaign import parcel
from nalu.experiments.conditions import Condition, Experiment
from nalu.results import curves, origin
from nalu.training import Plan, devices
from nalu.training.cuda.engine import ALIKE, Cuda

TELL = 30.0  # seconds between two lines that say how far it is
KEEP = 120.0  # seconds between two copies of an unfinished bundle


@dataclass(frozen=True, eq=False)
class Lane:
    """A seed of a condition that has no results; `alike` is what lanes of one bundle share."""

    experiment: Experiment
    condition: Condition
    seed: int
    alike: tuple


def alike(case: Condition) -> tuple:
    """What conditions of one bundle share."""
    plan = Plan(seeds=(0,), **case.plan_arguments())
    return tuple(getattr(plan, name) for name in ALIKE if name != "device")


def first_of(waiting: list[Lane], size: int) -> list[Lane]:
    """The first `size` lanes that can be trained with the very first."""
    return [lane for lane in waiting if lane.alike == waiting[0].alike][:size]


class Work:
    """A bundle in training.

    ``groups`` are its lanes by experiment and condition, each of which is a plan of ``machine``.
    """

    def __init__(self, lanes: list[Lane], device: str, engine: Callable[..., Cuda] = Cuda) -> None:
        self.lanes, self.device, self.groups, self.seconds = lanes, device, {}, 0.0
        for lane in lanes:
            self.groups.setdefault((lane.experiment.name, lane.condition.id), []).append(lane)
        for group in self.groups.values():
            group.sort(key=lambda lane: lane.seed)
        self.machine = engine(*(Plan(seeds=[lane.seed for lane in group], device=device, **group[0].condition.plan_arguments())
                                for group in self.groups.values()))
        self.end = self.machine.plans[0].end

    def train(self, deadline: float, say: Callable[[str], None], check: Callable[[], None] = lambda: None,
              keep: Callable[[], None] = lambda: None) -> bool:
        """Train until it is finished or the time is over; say which. `check` may raise to end it, `keep` keeps a copy now and then."""
        machine, count = self.machine, len(self.lanes)
        machine.advance(min(machine.iteration + 64, self.end))  # the first launch may compile
        begun, first, told, kept = time.monotonic(), machine.iteration, min(TELL, 3.0) - TELL, 0.0
        before = self.seconds
        while machine.iteration < self.end:
            if time.monotonic() > deadline:
                return False
            machine.advance(min(machine.iteration + machine.chunk, self.end))
            check()
            spent = max(time.monotonic() - begun, 1e-6)
            self.seconds = before + spent
            if spent - told > TELL:
                told, pace = spent, (machine.iteration - first) / spent
                left = (self.end - machine.iteration) / pace
                late = begun + spent + left - deadline
                say(f"{machine.iteration:,} of {self.end:,} iterations of {count:,} seeds of {len(self.groups)} conditions, "
                    f"{pace * count:,.0f} updates/s; {left:,.0f} s to go"
                    + (f", {late:,.0f} s more than there are: the rest is put aside" if late > 0 else ""))
            if spent - kept > KEEP:
                kept = spent
                keep()
        return True

    def found(self) -> dict[tuple[str, str], object]:
        """The histories by experiment and condition, as `nalu.training.train` returns them, with ``attrs["origins"]``."""
        common = {"engine": self.machine.name, "device": devices.hardware(self.device), "commit": origin.commit(),
                  "seconds": round(self.seconds / len(self.lanes), 3)}
        found = {}
        for key, plan, history in zip(self.groups, self.machine.plans, self.machine.histories, strict=True):
            table = history.frame(self.end)
            stopped = table.attrs["stopped_at"]
            table.attrs["origins"] = {s: common | {"stopped_at": stopped.get(s)} for s in plan.seeds}
            found[key] = table
        return found

    def identity(self) -> list:
        """What two bundles must share to be the same."""
        return [[*key, plan.identity() | {"device": "cuda"}] for key, plan in zip(self.groups, self.machine.plans, strict=True)]

    def put_aside(self, folder: Path) -> int:
        """Write all that the rest of the training depends on; return its size in bytes."""
        machine, groups = self.machine, [group[0] for group in self.groups.values()]
        steps = machine.plans[0].log_steps
        of = [(lane.experiment.window, lane.condition.task.threshold(),
               np.flatnonzero(np.isin(steps, curves.steps_of(steps, lane.experiment.curves)))
               if lane.experiment.curves else np.empty(0, int)) for lane in groups]

        def wanted(name: str, k: int, rows: np.ndarray) -> np.ndarray:
            window, threshold, curve = of[int(name.partition("/")[0]) if "/" in name else 0]
            return parcel.needed(rows, len(steps), window, threshold, curve)

        state = machine.state()
        rows = next(array.shape[1] for name, array in state.items() if name.endswith("history"))
        lanes = [[lane.experiment.name, lane.condition.id, lane.seed] for lane in self.lanes]
        meta = {"lanes": lanes, "identity": self.identity(), "iteration": machine.iteration, "seconds": self.seconds, "rows": rows}
        return parcel.save(folder, meta, state, wanted)


def resume(folder: Path, waiting: list[Lane], device: str, say: Callable[[str], None],
           engine: Callable[..., Cuda] = Cuda) -> Work | None:
    """The bundle that was put aside, ready to go on; None if there is none, or its lanes are no longer what they were."""
    if (kept := parcel.load(folder)) is None:
        return None
    meta, state = kept
    known = {(lane.experiment.name, lane.condition.id, lane.seed): lane for lane in waiting}
    lanes = [known.get((experiment, condition, seed)) for experiment, condition, seed in meta["lanes"]]
    if None in lanes:
        say(f"the bundle in {folder} is not taken up: some of its runs have results, or are not asked for")
        return None
    work = Work(lanes, device, engine)
    if json.loads(json.dumps(work.identity())) != meta["identity"]:  # which has been through JSON, too
        say(f"the bundle in {folder} is not taken up: its runs have other settings now")
        return None
    work.machine.restore(state, meta["iteration"])
    work.seconds = meta["seconds"]
    say(f"taken up at iteration {meta['iteration']:,}: {len(lanes):,} seeds of {len(work.groups)} conditions")
    return work
