"""The single-module benchmark: every unit by itself on two inputs, on nine ranges. Data only.

The protocol is that of *A Primer for Neural Arithmetic Logic Modules* (JMLR 2022): the streams of the papers, 50,000
iterations, and a regulariser that sets in between the iterations 20,000 and 35,000. What is trained on what is here, the task itself
in `nalu.tasks.single_module`. The second experiment is not the benchmark's: NAC and NALU, which come near a solution slowly, get
twice as long.
"""

from __future__ import annotations

from itertools import chain

from nalu.experiments.conditions import Condition, Experiment
from nalu.experiments.grid import grid
from nalu.tasks import SingleModule
from nalu.tasks.single_module import RANGES

_OLD = {"mul": ["NAC_mul", "NALU"], "add": ["NAC_add", "NALU"], "sub": ["NAC_add", "NALU"], "div": ["NAC_mul", "NALU"]}
_NEW = {"mul": ["NMU"], "add": ["NAU"], "sub": ["NAU"], "div": []}


def _cells(models: dict[str, list[str]], iterations: int) -> tuple[Condition, ...]:
    return tuple(chain.from_iterable(
        grid(names, {"operation": [operation], ("train_range", "test_range"): RANGES.items()}, SingleModule(), hidden_size=None,
             iterations=iterations, lambda_start=20_000, lambda_end=35_000, seeds=range(25))
        for operation, names in models.items()))


TABLE = (
    Experiment(
        "single_module", "One unit, two inputs, nine ranges",
        "the single-module benchmark of A Primer for Neural Arithmetic Logic Modules (JMLR 2022)",
        _cells({operation: new + _OLD[operation] for operation, new in _NEW.items()}, 50_000),
        varies="train_range"),
    Experiment(
        "single_module_longer", "NAC and NALU on the single-module benchmark, twice as long",
        "nothing: the single-module benchmark ends when these units are still on their way",
        _cells(_OLD, 100_000),
        varies="train_range"),
)
