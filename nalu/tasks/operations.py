"""The operations of the arithmetic task, on the sums of the subsets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

Range = tuple[tuple[float, float], ...]
"""Where inputs are drawn: one interval or two, each as its ends."""


@dataclass(frozen=True)
class Operation:
    """`apply` maps the list of subset sums to the target; `symbol` is for tables."""

    symbol: str
    sums: int  # how many of the subset sums it uses; 0 stands for all of them
    apply: Callable[[list[np.ndarray]], np.ndarray]


OPERATIONS: Mapping[str, Operation] = MappingProxyType({
    "add": Operation(r"+", 0, sum),
    "sub": Operation(r"-", 2, lambda s: s[0] - s[1]),
    "mul": Operation(r"\times", 0, math.prod),
    "div": Operation(r"/", 2, lambda s: s[0] / s[1]),
    "squared": Operation(r"z^2", 1, lambda s: s[0] * s[0]),
    "root": Operation(r"\sqrt{z}", 1, lambda s: np.sqrt(s[0])),
})
"""Name -> `Operation`, in the order of the papers' tables."""
