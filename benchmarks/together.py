"""What training conditions together saves: prints a table and writes ``benchmarks/together.csv``.

    python benchmarks/together.py    about two minutes, on a quiet machine

`README.md` explains what is measured and how.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from engines import machine, show, write
from timing import Row, measured, one_core

from nalu.experiments import get
from nalu.training import Plan
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm
from nalu.training.history import RUNNING

CSV = Path(__file__).with_name("together.csv")


def plans(experiment: str, step: int = 1) -> list[Plan]:
    """Every so many of the conditions, with the seed 0."""
    return [Plan(seeds=(0,), **condition.plan_arguments())
            for condition in get(experiment).conditions[::step]]


def against_alone(experiment: str, chosen: list[Plan], repetitions: int, updates: int) -> Iterator[Row]:
    """Time of a run of full length on one core, one condition after the other and together.

    The two take turns. A condition whose seed becomes NaN at once takes no time in either
    way, and is left out.
    """
    with one_core():
        machines = [Fused(plan) for plan in chosen]
        for one in machines:
            one.advance(updates)
        machines = [one for one in machines if one.history.stopped_at[0] == RUNNING]
        company = Fused(*(one.plan for one in machines))
        company.advance(updates)
        found = np.array([[sum(_seconds(one, updates) for one in machines), _seconds(company, updates)]
                          for _ in range(repetitions)])
    alone, together = (found * machines[0].plan.end / updates / len(machines)).T
    about = {"model": experiment, "stream": machines[0].plan.stream, "seeds": 1}
    yield Row("together", "conditions", len(machines), "conditions", **about)
    yield measured("together", "a run alone", alone, "core-seconds", **about)
    yield measured("together", "a run together", together, "core-seconds", **about)
    yield measured("together", "alone / together", alone / together, "×", **about)


def _seconds(one: Fused, updates: int) -> float:
    """Time of the processor that some updates take."""
    start = time.process_time()
    one.advance(one.iteration + updates)
    return time.process_time() - start


def main() -> None:
    """The command line."""
    warm()
    rows = [machine(), *against_alone("operations", plans("operations"), 25, 1000)]
    show(rows)
    write(rows, CSV)


if __name__ == "__main__":
    main()
