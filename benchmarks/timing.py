"""One core, turns, medians: how everything here is measured."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numba
import numpy as np
import torch

from nalu.training.history import RUNNING


@dataclass(frozen=True)
class Row:
    """One measured quantity; `README.md` explains the columns."""

    part: str
    what: str
    value: float
    unit: str
    lowest: float | None = None
    highest: float | None = None
    model: str = ""
    stream: str = ""
    input_size: int | None = None
    hidden_size: int | None = None
    seeds: int | None = None
    threads: int | None = None
    target: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value keeps its target, such as ``>= 100``; None without one."""
        if not self.target:
            return None
        sign, limit = self.target.split()
        return self.value >= float(limit) if sign == ">=" else self.value < float(limit)


def measured(part: str, what: str, values: np.ndarray, unit: str, **more) -> Row:
    """The median of repeated measurements, with the smallest and the largest."""
    return Row(part, what, float(np.median(values)), unit, float(np.min(values)),
               float(np.max(values)), **more)


@contextmanager
def one_core() -> Iterator[None]:
    """This thread stays on one core, and nothing starts another one."""
    pinned = hasattr(os, "sched_setaffinity")
    cores = os.sched_getaffinity(0) if pinned else set()
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    if pinned:
        os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        if pinned:
            os.sched_setaffinity(0, cores)
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])


def cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rates(jobs: Mapping[str, Callable[[], int]], repetitions: int,
          clock: Callable[[], float] = time.process_time) -> dict[str, np.ndarray]:
    """How much each job does per second, `[repetition]`; the jobs take turns.

    A job does a piece of its work and returns how much that was. The clock is by default
    that of the processor: what other programs do meanwhile does not count.
    """
    found = {name: np.empty(repetitions) for name in jobs}
    for r in range(repetitions):
        for name, job in jobs.items():
            start = clock()
            done = job()
            found[name][r] = done / (clock() - start)
    return found


class Chunks:
    """A job that advances a fused engine by whole multiples of its logging interval.

    Parameters
    ----------
    machine : nalu.training.fused.engine.Fused
    seconds : float
        About how long a call shall take.
    """

    def __init__(self, machine, seconds: float) -> None:
        self.machine, self.seeds = machine, len(machine.plan.seeds)
        every = 1000
        machine.advance(every)
        start = time.process_time()
        machine.advance(2 * every)
        spent = (time.process_time() - start) / numba.get_num_threads()
        self.count = every * max(1, round(seconds / spent))

    def __call__(self) -> int:
        self.machine.advance(self.machine.iteration + self.count)
        if self.machine.history.stopped_at.max() != RUNNING:
            raise RuntimeError(f"a seed of {self.machine.plan.model_name} became NaN and stopped")
        return self.count * self.seeds
