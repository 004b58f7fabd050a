"""The single-module benchmark: every unit by itself on two inputs, on nine ranges. Data only.

The protocol is that of *A Primer for Neural Arithmetic Logic Modules* (JMLR 2022): the streams of the papers, 50,000
iterations, and a regulariser that sets in between the iterations 20,000 and 35,000. What is trained on what is here, the task itself
in `nalu.tasks.single_module`. The second experiment is not the benchmark's: NAC and NALU, which come near a solution slowly, get
twice as long. The later units, each with the operations it is made for, have the learning rates of their papers; the rest of their
recipes is in `nalu.registry`. The last experiment is that of *Learning Division with Neural Arithmetic Logic Modules* (2021) with
ten inputs, two of which are divided.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from nalu.experiments.conditions import Condition, Experiment
from nalu.experiments.grid import grid
from nalu.tasks import SingleModule
from nalu.tasks.single_module import RANGES

_OLD = {"mul": ["NAC_mul", "NALU"], "add": ["NAC_add", "NALU"], "sub": ["NAC_add", "NALU"], "div": ["NAC_mul", "NALU"]}
_NEW = {"mul": ["NMU"], "add": ["NAU"], "sub": ["NAU"], "div": []}

_LATER = {"iNALU": ["add", "sub", "mul", "div"], "G_NALU": ["add", "sub", "mul", "div"], "NPU": ["mul", "div"], "RealNPU": ["mul", "div"],
          "RealNPU_modified": ["div"], "NRU": ["div"], "NMRU": ["div"], "sNMU": ["mul"], "sNMU_batch": ["mul"], "MC_FC": ["add"],
          "Mul_MC_FC": ["mul"], "Mul_MC_FC_sign": ["mul"], "Mul_MC_FC_sign_RealNPU": ["mul"], "DMU_add": ["add", "mul"], "DMU_sub": ["sub", "div"],
          "DMU_add_single": ["add", "mul"], "DMU_sub_single": ["sub", "div"]}
_RATES = {"NPU": 5e-3, "RealNPU": 5e-3, "RealNPU_modified": 5e-3, "NRU": 1.0, "NMRU": 1e-2}
_LONG_RAMP = {"lambda_start": 50_000, "lambda_end": 75_000}
_TEN = {"RealNPU": {}, "RealNPU_modified": _LONG_RAMP, "NRU": {"learning_rate": 1e-3} | _LONG_RAMP, "NMRU": _LONG_RAMP}


def _later(models: Mapping[str, list[str]], task: SingleModule, iterations: int, **settings: dict) -> tuple[Condition, ...]:
    return tuple(chain.from_iterable(
        grid([name], {"operation": operations, ("train_range", "test_range"): RANGES.items()}, task, hidden_size=None,
             iterations=iterations, seeds=range(25), **{"learning_rate": _RATES.get(name, 1e-3)} | settings.get(name, {}))
        for name, operations in models.items()))


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
    Experiment(
        "single_module_later", "Later units on the single-module benchmark",
        "the single-module benchmark of A Primer for Neural Arithmetic Logic Modules (JMLR 2022) and of three papers that use it",
        _later(_LATER, SingleModule(), 50_000),
        varies="train_range"),
    Experiment(
        "single_module_ten_inputs", "Division of two of ten inputs",
        "the mean success rates with input redundancy of Learning Division with Neural Arithmetic Logic Modules (2021)",
        _later({name: ["div"] for name in _TEN}, SingleModule("div", input_size=10, subset_ratio=0.1), 100_000, **_TEN),
        varies="train_range"),
)
