"""The fused engine against other ways to do the same work, on the same core."""

import shutil

import numpy as np
import torch
from numba import njit
from original import Loop
from timing import Chunks, Row, measured, one_core, rates

from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.fused import batches, mersenne, philox
from nalu.training.fused.engine import Fused
from nalu.training.reference import Reference

STREAMS = ("philox", "authors")
TARGETS = {
    **{(name, "philox"): 100 for name in ("NMU", "NAU", "NAC_add", "NAC_mul", "Linear")},
    **{(name, "authors"): 40 for name in ("NMU", "NAU", "NAC_add", "NAC_mul", "Linear")},
    **{(name, stream): 25 for name in ("NALU", "Gated_NAU_NMU") for stream in STREAMS},
}
"""What issue 3 asks of the ratio to the plain loop, by model and stream."""

TASK = Arithmetic()
TAME = {"train_range": ((0.95, 1.05),), "test_range": ((0.95, 1.05),)}
"""Inputs for the gated NAU/NMU, whose product of 100 inputs above 1 overflows at the start, so
that most of its seeds end at once. Nothing else about the speed depends on the inputs."""

FOREVER = 10**9
UPDATES = "updates/s"


def task_of(model: str, input_size: int = 100) -> Arithmetic:
    """The default task, for inputs that the model can be measured with."""
    return Arithmetic(input_size=input_size, **(TAME if "Gated" in model else {}))


def fused(model: str, stream: str, seconds: float, input_size: int = 100, seeds=(0,), **settings) -> Chunks:
    """A job: the fused engine on that task."""
    task = task_of(model, input_size)
    return Chunks(Fused(Plan(model, task, seeds, 5_000_000, stream=stream, **settings)), seconds)


def against_plain_loop(models: tuple[str, ...], repetitions: int, seconds: float) -> list[Row]:
    """Updates per second of the original's loop and of ours, in turns on one core."""
    rows = []
    for model in models:
        plain = Loop(model, task_of(model), 0)
        plain.advance(200)
        with one_core():
            jobs = {stream: fused(model, stream, seconds) for stream in STREAMS}
            found = rates({"plain": lambda loop=plain: loop.advance(1000), **jobs}, repetitions)
        rows.append(measured("plain", "plain loop", found["plain"], UPDATES, model=model,
                             stream="authors"))
        for stream in STREAMS:
            target = TARGETS.get((model, stream))
            about = {"model": model, "stream": stream}
            rows += [measured("plain", "fused", found[stream], UPDATES, **about),
                     measured("plain", "fused / plain loop", found[stream] / found["plain"], "×",
                              target=f">= {target}" if target else "", **about)]
    return rows


def against_stacked(seeds: int, steps: int, repetitions: int) -> list[Row]:
    """Against PyTorch with many seeds stacked, as it is and compiled, one core each."""
    about = {"model": "NMU", "stream": "authors", "seeds": seeds}
    plan = Plan("NMU", TASK, range(seeds), 5_000_000, stream="authors", log_every=FOREVER)
    with one_core():
        machines = {"stacked PyTorch": Reference(plan)}
        if shutil.which("c++") or shutil.which("g++"):
            machines["stacked PyTorch, compiled"] = compiled = Reference(plan)
            compiled.gradient = torch.compile(compiled.gradient)
        for machine in machines.values():
            machine.advance(3)
        jobs = {name: _steps(machine, steps) for name, machine in machines.items()}
        found = rates({**jobs, "fused": fused("NMU", "authors", 0.3)}, repetitions)
    rows = [measured("stacked", name, found[name], UPDATES, **about) for name in jobs]
    return rows + [measured("stacked", f"fused / {name}", found["fused"] / found[name], "×", **about)
                   for name in jobs]


def _steps(machine: Reference, steps: int):
    def job() -> int:
        machine.advance(machine.iteration + steps)
        return steps * len(machine.plan.seeds)
    return job


@njit(nogil=True, error_model="numpy")
def _philox(count, x, low, width):
    for t in range(count):
        philox.inputs(x, 0, t, low, width)


@njit(nogil=True, error_model="numpy")
def _authors(count, words, raw, out, low, width, subsets, xt, stride, x, gap, B, I, sums, rows, tile):
    position = mersenne.N
    mersenne.begin(words, raw, out)
    for _ in range(count):
        position = batches.draw_authors(
            raw, out, position, low, width, subsets, xt, stride, x, gap, B, I, sums, rows, tile)


def against_random_numbers(models: tuple[str, ...], repetitions: int, seconds: float) -> list[Row]:
    """What share of an update is the drawing of its batch, which no engine can leave out."""
    rows = []
    with one_core():
        for model in models:
            for stream in STREAMS:
                job = fused(model, stream, seconds)
                found = rates({"numbers": _batches(job.machine), "all": job}, repetitions)
                about = {"model": model, "stream": stream}
                rows += [measured("numbers", "batches drawn", found["numbers"], "batches/s", **about),
                         measured("numbers", "drawing / whole update",
                                  100 * found["all"] / found["numbers"], "%", **about)]
    return rows


def _batches(machine: Fused, count: int = 10_000):
    """A job: only the random numbers of the engine's batches."""
    lanes, B, I = machine.lanes, machine.plan.batch_size, TASK.input_size
    if machine.plan.stream == "philox":
        arguments = _philox, np.empty(I * B, np.float32), lanes.low, lanes.width
    else:
        raw, out = np.empty((2, 2 * I * B + 3 * mersenne.N + 1024), np.int32)
        arguments = (_authors, lanes.words[0].copy().view(np.int32), raw, out, lanes.low, lanes.width, lanes.subsets[0],
                     np.empty(128 * B, np.float32), 112, np.empty(112 * B, np.float32), B, B, I, np.empty(2 * B), np.empty(112 * batches.ROWS),
                     np.empty(120 * batches.ROWS))

    def job() -> int:
        arguments[0](count, *arguments[1:])
        return count

    job()
    return job
