"""How the fused engine scales: threads, seeds, sizes, logging, and every condition."""

import time

import numba
from speed import FOREVER, UPDATES, fused
from timing import Row, cores, measured, one_core, rates

from nalu.experiments import EXPERIMENTS

HIDDEN_SIZES = tuple(range(2, 11))
INPUT_SIZES = (4, 10, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300)


def with_threads(repetitions: int, seconds: float) -> list[Row]:
    """All seeds together by wall time, with one thread and more, in turns."""
    rows, before = [], numba.get_num_threads()
    counts = sorted({1, 2, cores()} & set(range(1, min(cores(), numba.config.NUMBA_NUM_THREADS) + 1)))
    seeds = 8 * max(counts)
    jobs = {}
    for count in counts:
        numba.set_num_threads(count)
        jobs[count] = _threaded(count, fused("NMU", "philox", seconds, seeds=range(seeds)))
    found = rates(jobs, repetitions, time.perf_counter)
    numba.set_num_threads(before)
    for count in counts:
        about = {"model": "NMU", "stream": "philox", "seeds": seeds, "threads": count}
        rows += [measured("threads", "all seeds", found[count], UPDATES, **about),
                 measured("threads", "rate / rate of one thread", found[count] / found[1], "×", **about)]
    return rows


def _threaded(count: int, job):
    def run() -> int:
        numba.set_num_threads(count)
        return job()
    return run


def with_seeds(repetitions: int, seconds: float) -> list[Row]:
    """Updates per second of all seeds together, on one core."""
    counts = (1, 10, 100)
    with one_core():
        jobs = {n: fused("NMU", "philox", seconds, seeds=range(n)) for n in counts}
        found = rates(jobs, repetitions)
    return [measured("seeds", "all seeds", found[n], UPDATES, model="NMU", stream="philox", seeds=n)
            for n in counts]


def with_sizes(sizes: dict, repetitions: int, seconds: float) -> list[Row]:
    """Updates per second by hidden size and by input size, on one core."""
    rows = []
    with one_core():
        for stream in ("philox", "authors"):
            jobs = {("hidden_size", h): fused("NMU", stream, seconds, hidden_size=h)
                    for h in sizes["hidden_size"]}
            jobs |= {("input_size", n): fused("NMU", stream, seconds, n)
                     for n in sizes["input_size"]}
            found = rates(jobs, repetitions)
            rows += [measured(what, "fused", found[what, n], UPDATES, model="NMU", stream=stream,
                              **{what: n}) for what, n in jobs]
    return rows


def of_logging(models: tuple[str, ...], repetitions: int, seconds: float) -> list[Row]:
    """What the evaluation on 20,000 inputs at every 1000th iteration costs."""
    rows = []
    with one_core():
        for model in models:
            jobs = {"logged": fused(model, "philox", seconds),
                    "silent": fused(model, "philox", seconds, log_every=FOREVER)}
            found = rates(jobs, repetitions)
            share = 100 * (1 - found["logged"] / found["silent"])
            rows.append(measured("logging", "evaluation and logging / whole", share, "%",
                                 model=model, stream="philox", target="< 10"))
    return rows


def of_conditions(repetitions: int, seconds: float) -> list[Row]:
    """Updates per second of every kind of condition in the table of experiments."""
    kinds = sorted({(c.model, c.task.input_size, c.hidden_size, c.stream)
                    for e in EXPERIMENTS.values() for c in e.conditions})
    rows = []
    with one_core():
        for model, n, hidden_size, stream in kinds:
            job = fused(model, stream, seconds, n, hidden_size=hidden_size)
            found = rates({"fused": job}, repetitions)
            rows.append(measured("conditions", "fused", found["fused"], UPDATES, model=model,
                                 stream=stream, input_size=n, hidden_size=hidden_size))
    return rows
