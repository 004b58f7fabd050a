r"""The authors' simulation of the success threshold, for subsets that one can choose.

``export/function_task_static_mse_expectation.r`` of stable-nalu draws inputs $x$ from the test
range and takes the mean of $(f(W^\epsilon x) - f(W^0 x))^2$, where a row of $W^\epsilon$ is $1 - \epsilon$ on a subset
and $\epsilon$ elsewhere, $\epsilon = 10^{-5}$. A subset is written ``a.start:a.end`` with ``a.end = a.start + S``;
in R such a range has its end in it, hence $S + 1$ inputs instead of $S$.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu.tasks import OPERATIONS, Arithmetic
from nalu.tasks.threshold import EPSILON

PUBLISHED: Mapping[str, float] = MappingProxyType({
    "mul": 0.160010658743333, "div": 4.93805490041429e-12, "add": 1.47861742158438e-5,
    "sub": 1.38437045113029e-8, "root": 8.95525993233274e-9, "squared": 0.159473806098301,
})
"""Operation -> threshold that the authors' runs were judged by: column ``threshold`` of ``paper/results/sft-last.csv``."""

CHUNK = 10_000  # samples at a time


class Simulated(NamedTuple):
    """A mean squared error and its standard error."""

    mean: float
    error: float


def simulate(task: Arithmetic, subsets: tuple[tuple[int, int], ...], samples: int, seed: int = 0) -> Simulated:
    """Return the threshold of a task from random inputs $x$; its operation, input size and test range matter.

    The subsets are half-open ranges (start, stop), such as ``task.layout`` or `nalu.tasks.threshold.with_ends`.
    The authors take 10⁶ samples, and their script sets no seed.
    """
    rng, f = np.random.RandomState(seed), OPERATIONS[task.operation].apply
    inside = np.array([[start <= i < stop for start, stop in subsets] for i in range(task.input_size)], float)
    squares = []
    for size in [CHUNK] * (samples // CHUNK) + [samples % CHUNK] * (samples % CHUNK > 0):
        x = task.sample(rng, (size, task.input_size), task.test_range)
        exact = x @ inside  # [B, subsets]
        wrong = x @ (inside * (1 - EPSILON) + (1 - inside) * EPSILON)
        squares.append((f([*wrong.T]) - f([*exact.T])) ** 2)
    errors = np.concatenate(squares)
    return Simulated(float(errors.mean()), float(errors.std(ddof=1) / math.sqrt(samples)))


def tasks() -> pd.DataFrame:
    """Return the cases of `nalu.paper.published.thresholds`, each with its ``task`` and the text of what varies, ``x``."""
    from nalu.paper import published

    cases = published.thresholds()
    cases["task"] = [_task(case) for case in cases.itertuples()]
    cases["x"] = [_varied(case) for case in cases.itertuples()]
    return cases


def _task(case) -> Arithmetic:
    where = ((case.range_low, case.range_high),)
    if case.mirrored:
        where = ((-case.range_high, -case.range_low), *where)
    ratios = {} if case.simple else {"subset_ratio": case.subset_ratio, "overlap_ratio": case.overlap_ratio}
    return Arithmetic(case.operation, case.input_size, test_range=where, simple=case.simple, **ratios)


def _varied(case) -> str:
    if case.case == "extrapolation.range":
        return f"{'±' if case.mirrored else ''}[{case.range_low:g},{case.range_high:g}]"
    column = {"input.size": "input_size", "subset.ratio": "subset_ratio", "overlap.ratio": "overlap_ratio"}
    value = getattr(case, column.get(case.case, "operation"))
    return value if isinstance(value, str) else f"{value:g}"
