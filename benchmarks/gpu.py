"""Benchmarks of the CUDA engine on a GPU: checks it, prints a table and writes ``benchmarks/gpu.csv``.

    python benchmarks/gpu.py             about four minutes, on a GPU that does nothing else
    python benchmarks/gpu.py --quick     about two; prints only

All conditions of all experiments are trained for some updates by the CUDA engine and by the fused engine, whose bytes
must be the same. Then the parts of an iteration are timed, one after the other, on blocks that fill the GPU.

What can be expected of an H100 (132 multiprocessors, 1.98 GHz, each 128 multiply-adds a cycle): an update of a lane of the default
task is 51,200 of them, so that 650 million updates a second are the bound by these alone.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from engines import show, write
from speed import FOREVER, UPDATES
from timing import Row, measured, rates

from nalu.campaign.bundle import first_of
from nalu.campaign.gpu_lease import queue
from nalu.experiments import EXPERIMENTS
from nalu.experiments.conditions import Condition
from nalu.results import origin
from nalu.support.paths import ROOT
from nalu.training import Plan
from nalu.training.cuda import gpu
from nalu.training.cuda.engine import ALIKE, Cuda
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm
from nalu.training.history import RUNNING

CSV = ROOT / "benchmarks/gpu.csv"
CLOCK = time.perf_counter
DIVERGE = ("NAC_mul", "NALU", "NALU_separate", "Gated_NAU_NMU")
PARTS = {1: "draw", 2: "first layers forward", 3: "draw, first layers forward", 7: "and second layers, their steps",
         15: "and first layers back, their steps: an update"}


def declared() -> list[tuple[str, Condition]]:
    """Every condition that is declared, once, with the experiment that declares it first."""
    seen: dict[tuple, tuple[str, Condition]] = {}
    for experiment in EXPERIMENTS.values():
        for case in experiment.conditions:
            seen.setdefault(tuple(case.plan_arguments().items()), (experiment.name, case))
    return [*seen.values()]


def same_nan(array: np.ndarray) -> bytes:
    """The bytes of an array, with one NaN for all: processors differ in its sign."""
    return (array if array.dtype.kind != "f" else np.where(np.isnan(array), np.array(np.nan, array.dtype), array)).tobytes()


def check(iterations: int, seeds: int = 2, make: Callable[..., Cuda] = Cuda, device: str = "cuda",
          cases: list | None = None) -> Iterator[list[Row]]:
    """Conditions whose parameters, moments, words or rows are not, byte for byte, those of the fused engine."""
    bundles: dict[tuple, list] = {}
    for name, case in cases or declared():
        plan = Plan(seeds=range(seeds), device=device, **case.plan_arguments() | {"iterations": iterations})
        bundles.setdefault(tuple(getattr(plan, one) for one in ALIKE), []).append((name, case, plan))
    for found in bundles.values():
        plans, wrong = [plan for *_, plan in found], []
        machine = make(*plans)
        machine.advance(iterations + 1)
        state = machine.state()
        for j, (name, case, plan) in enumerate(found):
            truth = Fused(replace(plan, device="cpu"))
            truth.advance(iterations + 1)
            running = truth.history.stopped_at == RUNNING
            for key, array in truth.state().items():
                ours = state[f"{j}/{key}" if len(plans) > 1 else key]
                if key in ("words", "position"):
                    ours, array = ours[running], array[running]
                if same_nan(ours) != same_nan(array):
                    wrong.append(f"{name} {case.id} {key}")
        for line in wrong:
            print(f"NOT THE SAME: {line}", flush=True)
        yield [Row("gpu_check", f"conditions of {iterations} updates that differ, of {len(plans)}",
                   len({line.rpartition(" ")[0] for line in wrong}), "conditions", seeds=seeds, stream=plans[0].stream, target="< 1")]


class Launches:
    """A job that advances an engine for about so many seconds at a time."""

    def __init__(self, machine: Cuda, seconds: float, every: int = 1000) -> None:
        self.machine, self.lanes = machine, sum(len(plan.seeds) for plan in machine.plans)
        machine.advance(max(1, every // 10))  # compiles
        start = CLOCK()
        machine.advance(machine.iteration + max(1, every // 5))
        spent = (CLOCK() - start) / max(1, every // 5)
        self.count = every * max(1, round(seconds / spent / every))

    def __call__(self) -> int:
        self.machine.advance(self.machine.iteration + self.count)
        return self.count * self.lanes


def of_operations(seeds: int, device: str = "cuda", models: int = 6, **settings) -> list[Plan]:
    """The conditions of the default task that do not diverge, or those of so many of their models."""
    cases = [case for case in EXPERIMENTS["operations"].conditions if case.model not in DIVERGE]
    names = [*dict.fromkeys(case.model for case in cases)][:models]
    return [Plan(seeds=range(seeds), device=device, **case.plan_arguments() | settings) for case in cases if case.model in names]


def of_parts(seeds: int, repetitions: int, seconds: float, make: Callable[..., Cuda] = Cuda, every: int = 1000,
             **settings) -> Iterator[list[Row]]:
    """What the parts of an iteration cost, in microseconds."""
    for parts, what in PARTS.items():
        machine = make(*of_operations(seeds, **settings | {"log_every": FOREVER}))
        for launch in machine._launches:
            variant, *rest = launch[0]
            launch[0] = replace(variant, parts=parts), *rest
        job = Launches(machine, seconds, every)
        found = 1e6 * job.lanes / rates({"cuda": job}, repetitions, CLOCK)["cuda"]
        blocks = sum(count for *_, count in machine._launches)
        yield [measured("gpu_parts", f"{what}, {blocks} blocks of {job.lanes / blocks:.0f} lanes", found, "µs/iteration", stream="authors", seeds=seeds)]


def of_bundles(seeds: int, lanes: int, repetitions: int, seconds: float, make: Callable[..., Cuda] = Cuda, every: int = 1000,
               device: str = "cuda") -> Iterator[list[Row]]:
    """Updates per second: of the conditions that do not diverge, and of what a lease begins with."""
    kinds = {"60 conditions of the default task": of_operations(seeds, device)}
    groups: dict[tuple, list] = {}
    for lane in first_of(queue(), lanes):
        groups.setdefault((lane.experiment.name, lane.condition.id), []).append(lane)
    kinds["what a lease begins with"] = [
        Plan(seeds=sorted(lane.seed for lane in group), device=device, **group[0].condition.plan_arguments()) for group in groups.values()]
    for what, plans in kinds.items():
        if plans:
            job = Launches(make(*plans), seconds, every)
            found = rates({"cuda": job}, repetitions, CLOCK)["cuda"]
            yield [measured("gpu_together", f"{what}, {job.lanes} lanes, evaluations included", found, UPDATES, stream=plans[0].stream,
                            seeds=len(plans[0].seeds), target=">= 1.7e8")]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--quick", action="store_true", help="about two minutes; prints only")
    short = parser.parse_args().quick
    if problem := gpu.missing():
        parser.exit(2, f"{parser.prog}: {problem}\n")
    versions = ", ".join(f"{name} {number}" for name, number in origin.versions().items())
    rows = [Row("machine", f"{gpu.name('cuda')}; {versions}; commit {origin.commit()}",
                gpu.Gpu("cuda").multiprocessors, "multiprocessors")]
    show(rows)
    warm()
    begun = CLOCK()
    seeds = 2 * rows[0].value // 4 * 2  # two blocks of thirty lanes a seed: the GPU once, and twice
    parts = [check(60 if short else 300), of_parts(66, 2, 0.5), of_bundles(int(seeds), 4500, 2, 1.0 if short else 4.0)]
    for part in parts:
        for found in part:
            show(found)
            rows += found
            if not short:
                write(rows, CSV)  # as far as it got: the GPU may be taken away
    print(f"{CLOCK() - begun:.0f} s, {np.sum([row.met is False for row in rows])} targets missed")


if __name__ == "__main__":
    main()
