"""What it saves to train conditions together: writes ``benchmarks/together.csv``.

    python benchmarks/together.py            about ten minutes, on a quiet machine
    python benchmarks/together.py --quick    less than one; prints only

All conditions of the table of operations, one seed on one core: one condition after the
other, each drawing its batches, and all together. `README.md` explains how it is measured.
"""

import argparse
from pathlib import Path

import numpy as np
from engines import machine, show, write
from timing import Chunks, Row, measured, one_core, rates

from nalu.experiments import get
from nalu.training import Plan
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm

CSV = Path(__file__).with_name("together.csv")
EXPERIMENT = "operations"
SECONDS = 3600


def plans(count: int | None = None) -> list[Plan]:
    """The conditions of the experiment with the first seed, or so many of them, evenly."""
    found = get(EXPERIMENT).conditions
    step = max(1, len(found) // count) if count else 1
    return [Plan(seeds=(0,), **condition.plan_arguments()) for condition in found[::step]]


def of_the_table(repetitions: int, seconds: float, count: int | None = None) -> list[Row]:
    """Core-seconds of a run of full length, alone and together, and their ratio, in turns.

    The turn of a condition alone lasts `seconds`, that of all together as long as theirs.
    """
    chosen = plans(count)
    about = {"model": f"{len(chosen)} conditions", "stream": chosen[0].stream}
    with one_core():
        jobs = {k: Chunks(Fused(plan), seconds, lasting=False) for k, plan in enumerate(chosen)}
        jobs["together"] = Chunks(Fused(*chosen), len(chosen) * seconds / 5, lasting=False)
        found = rates(jobs, repetitions)
    alone = np.mean([chosen[k].end / found[k] for k in range(len(chosen))], axis=0)
    together = chosen[0].end / found["together"] / len(chosen)
    return [measured("together", "a run alone", alone, "core-seconds", **about),
            measured("together", "a run together", together, "core-seconds", **about),
            measured("together", "alone / together", alone / together, "×", **about)]
