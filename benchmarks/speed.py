"""The fused engine against other ways to do the same work, on the same core."""

import shutil
from functools import partial

import numpy as np
import torch
from numba import njit
from original import Loop
from timing import Chunks, Row, measured, one_core, rates

from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.fused import batches, mersenne
from nalu.training.fused.engine import Fused
from nalu.training.fused.memory import zeros
from nalu.training.reference import Reference

STREAMS = ("philox", "authors")
TARGETS = {
    **{(name, "philox"): 100 for name in ("NMU", "NAU", "NAC_add", "NAC_mul", "Linear")},
    **{(name, "authors"): 40 for name in ("NMU", "NAU", "NAC_add", "NAC_mul", "Linear")},
    **{(name, stream): 25 for name in ("NALU", "Gated_NAU_NMU") for stream in STREAMS},
}
"""What issue 3 asks of the ratio to the plain loop, by model and stream."""

TASK = Arithmetic()
TASK_INPUTS = TASK.input_size
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


COLUMNS, STRIDE, GAP = 128, 112, 144
"""The engine's layout of a batch of 128 samples with 100 inputs, as `nalu.training.fused.loop.run_lane` allocates it."""


@njit(nogil=True, error_model="numpy")
def _philox(count, low, width, subsets):
    I = TASK_INPUTS
    x, xt, flat = zeros(STRIDE * GAP, np.float32), zeros(COLUMNS * STRIDE, np.float32), zeros(I * COLUMNS, np.float32)
    sums = zeros(2 * COLUMNS, np.float64)
    for t in range(count):
        batches.draw_philox(0, t, low, width, subsets, x, GAP, COLUMNS, sums, flat)
        batches.turn(x, 0, GAP, STRIDE, COLUMNS, xt, 0, STRIDE)
    return xt[0]


@njit(nogil=True, error_model="numpy")
def _authors(count, words, low, width, subsets):
    I, position = TASK_INPUTS, mersenne.N
    raw, sums = zeros(mersenne.room(2 * batches.ROWS * I), np.int32), zeros(2 * COLUMNS, np.float64)
    out = zeros(raw.size, np.int32)
    x, xt = zeros(STRIDE * GAP, np.float32), zeros(COLUMNS * STRIDE, np.float32)
    rows, tile = zeros(STRIDE * batches.ROWS, np.float64), zeros((STRIDE + 8) * batches.ROWS, np.float64)
    mersenne.begin(words, raw, out)
    for _ in range(count):
        position = batches.draw_authors(raw, out, position, low, width, subsets, xt, STRIDE, x, GAP, COLUMNS, I, sums, rows, tile)
    return x[0]


def drawing(stream: str, count: int) -> int:
    """A job: batches with their subset sums, in both layouts that the two products read."""
    low, width, subsets = np.ones(1), np.ones(1), np.array(TASK.subsets(0), np.int64)
    if stream == "philox":
        _philox(count, low, width, subsets)
    else:
        words = np.random.RandomState(TASK.training_seed(0)).get_state()[1].copy().view(np.int32)
        _authors(count, words, low, width, subsets)
    return count


def against_random_numbers(models: tuple[str, ...], repetitions: int, seconds: float) -> list[Row]:
    """What share of an update is the drawing of its batch, which no engine can leave out."""
    rows = []
    with one_core():
        for model in models:
            for stream in STREAMS:
                job = fused(model, stream, seconds)
                drawing(stream, 1)
                found = rates({"numbers": partial(drawing, stream, 5_000), "all": job}, repetitions)
                about = {"model": model, "stream": stream}
                rows += [measured("numbers", "batches drawn", found["numbers"], "batches/s", **about),
                         measured("numbers", "drawing / whole update",
                                  100 * found["all"] / found["numbers"], "%", **about)]
    return rows
