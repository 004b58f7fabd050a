"""Benchmarks of the CUDA engine on a GPU: prints a table and writes ``benchmarks/gpu.csv``.

    python benchmarks/gpu.py             less than eight minutes, on a GPU that does nothing else
    python benchmarks/gpu.py --quick     less than two; prints only

What can be expected: a batch of 100 x 128 inputs takes 3,200 calls of Philox, each of which is 20
multiplications to 64 bits and 20 logical operations, and 4 conversions. Were these all, and
64 multiplications a cycle what a multiprocessor does, a batch would take 1,000 cycles: an H200 (132
multiprocessors, 1.98 GHz) would draw 261 million a second. An update of the NMU adds 25,600 fused
multiply-adds each way, with three loads from shared memory for four of them, about 1,500 cycles. So
about 100 million updates a second are the bound for a seed of its own stream, and more where
several conditions share a stream.
"""

import argparse
import time
from collections.abc import Iterator

from engines import show, write
from speed import FOREVER, UPDATES, task_of
from timing import Row, measured, rates

from nalu.experiments import EXPERIMENTS
from nalu.results import origin
from nalu.support.paths import ROOT
from nalu.training import Plan
from nalu.training.cuda import gpu
from nalu.training.cuda.engine import Cuda
from nalu.training.history import RUNNING

CSV = ROOT / "benchmarks/gpu.csv"
MODELS = ("NMU", "NAU", "Linear", "NAC_add", "NAC_mul", "NALU", "NALU_separate", "Gated_NAU_NMU")
STREAMS = ("philox", "authors")
SEEDS = 528  # four blocks for each multiprocessor of an H200
CLOCK = time.perf_counter


class Launches:
    """A job that advances an engine for about so many seconds at a time."""

    def __init__(self, machine, seconds: float, every: int = 1000) -> None:
        self.machine = machine
        self.lanes = sum(len(plan.seeds) for plan in getattr(machine, "plans", [machine.plan]))
        machine.advance(max(1, every // 10))  # compiles
        start = CLOCK()
        machine.advance(machine.iteration + max(1, every // 5))
        spent = (CLOCK() - start) / max(1, every // 5)
        self.count = every * max(1, round(seconds / spent / every))

    def __call__(self) -> int:
        self.machine.advance(self.machine.iteration + self.count)
        for history in getattr(self.machine, "histories", [self.machine.history]):
            if history.stopped_at.max() != RUNNING:
                raise RuntimeError("a seed became NaN and stopped")
        return self.count * self.lanes


def plan(model: str, stream: str, seeds: int, device: str = "cuda", **settings) -> Plan:
    """The default task, with inputs that keep the model's numbers finite."""
    return Plan(model, task_of(model), range(seeds), 5_000_000, stream=stream, device=device, **settings)


def of_models(models, seeds: int, repetitions: int, seconds: float, every: int = 1000,
              **settings) -> Iterator[list[Row]]:
    """Updates per second of one condition, and what a block takes of the chip."""
    for model in models:
        for stream in STREAMS:
            machine = Cuda(plan(model, stream, seeds, **settings))
            about = {"model": model, "stream": stream, "seeds": seeds}
            found = rates({"cuda": Launches(machine, seconds, every)}, repetitions, CLOCK)["cuda"]
            target = ">= 3e7" if (model, stream) == ("NMU", "philox") else ""
            yield [measured("gpu", "cuda", found, UPDATES, target=target, **about),
                   Row("gpu", "shared memory of a block", machine.blocks[0].size / 1e3, "kB", **about)]


def of_batches(seeds: int, repetitions: int, seconds: float, every: int = 1000,
               **settings) -> Iterator[list[Row]]:
    """Batches per second of blocks that draw and do nothing else: what no engine can leave out."""
    for stream in STREAMS:
        machine = Cuda(plan("NMU", stream, seeds, log_every=FOREVER, **settings))
        for *_, which, blocks in machine.launches:
            rows = machine.tables.blocks[which].copy()
            rows["lanes"] = 0
            blocks.copy_to_device(rows)
        found = rates({"draw": Launches(machine, seconds, every)}, repetitions, CLOCK)["draw"]
        yield [measured("gpu_numbers", "batches drawn", found, "batches/s", model="NMU", stream=stream,
                        seeds=seeds)]


def of_conditions(conditions: int, seeds: int, repetitions: int, seconds: float, every: int = 1000,
                  device: str = "cuda", sizes=(None, 8, 16, 32)) -> Iterator[list[Row]]:
    """Updates per second of conditions that share their batches, by the seeds in a block."""
    cases = [c for c in EXPERIMENTS["operations"].conditions if "Gated" not in c.model][:conditions]
    plans = [Plan(seeds=range(seeds), device=device, **case.plan_arguments()) for case in cases]
    for size in sizes:
        machine = Cuda(*plans, lanes_per_block=size)
        lanes = max(len(block.lanes) for block in machine.blocks)
        what = f"{conditions} conditions, {lanes} seeds in a block{' (chosen)' if size is None else ''}"
        found = rates({"cuda": Launches(machine, seconds, every)}, repetitions, CLOCK)["cuda"]
        yield [measured("gpu_together", what, found, UPDATES, stream="authors", seeds=seeds * conditions)]


def against_others(seeds: int, repetitions: int) -> Iterator[list[Row]]:
    """Stacked PyTorch on the same GPU, and the fused engine on the processor beside it."""
    import torch

    from nalu.training.fused.engine import Fused
    from nalu.training.fused.warm import warm
    from nalu.training.reference import Reference

    about = {"model": "NMU", "stream": "philox", "seeds": seeds}
    machines = {}
    for name, mode in (("stacked PyTorch", None), ("stacked PyTorch, compiled", "default"),
                       ("stacked PyTorch, compiled, CUDA graphs", "reduce-overhead")):
        machines[name] = Reference(plan("NMU", "philox", seeds, log_every=FOREVER))
        if mode:
            machines[name].gradient = torch.compile(machines[name].gradient, mode=mode)
    for name, machine in machines.items():
        try:
            machine.advance(3)
        except Exception as error:  # a compiler that is missing is no reason to lose the rest
            print(f"{name}: {type(error).__name__}", flush=True)
            continue
        found = rates({name: lambda m=machine: m.advance(m.iteration + 5) or 5 * seeds}, repetitions, CLOCK)
        yield [measured("gpu_others", name, found[name], UPDATES, **about)]
    warm()
    fused = Launches(Fused(plan("NMU", "philox", seeds, "cpu")), 3.0)
    yield [measured("gpu_others", "fused, all cores of this machine",
                    rates({"fused": fused}, repetitions, CLOCK)["fused"], UPDATES, **about)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--quick", action="store_true", help="less than two minutes; prints only")
    short = parser.parse_args().quick
    if problem := gpu.missing():
        parser.exit(2, f"{parser.prog}: {problem}\n")
    versions = ", ".join(f"{name} {number}" for name, number in origin.versions().items())
    rows = [Row("machine", f"{gpu.name('cuda')}; {versions}; commit {origin.commit()}",
                gpu.multiprocessors(), "multiprocessors")]
    show(rows)
    parts = [of_models(("NMU",), SEEDS, 3, 1.0), of_batches(SEEDS, 3, 0.5), of_conditions(60, 20, 2, 1.0)] \
        if short else [of_models(MODELS, SEEDS, 3, 1.0), of_batches(SEEDS, 3, 0.5),
                       of_conditions(60, 100, 2, 2.0), against_others(100, 3)]
    for part in parts:
        for found in part:
            show(found)
            rows += found
            if not short:
                write(rows, CSV)  # as far as it got: the GPU may be taken away


if __name__ == "__main__":
    main()
