r"""The arithmetic task: an operation on sums of two hidden, overlapping subsets.

A vector $x \in \mathbb{R}^n$ is drawn uniformly. The target is an operation on
$a = \sum_{i \in A} x_i$ and $b = \sum_{i \in B} x_i$, where $A$ and $B$ are runs of
$S = \lfloor s n \rfloor$ neighbouring indices that share $O = \lfloor o S \rfloor$ of them
($s$ subset ratio, $o$ overlap ratio). Which indices they are is fixed by the run's seed.

Source: Neural Arithmetic Units, section 4.1 and algorithm 1; Measuring Arithmetic
Extrapolation Performance, section 2.

Departs from the paper (algorithm-1): the offset of the subsets is drawn once per run, from
all offsets that fit, as in the authors' code; algorithm 1 as printed draws it for every
sample, from a range that is empty at the default ratios.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nalu.support import check
from nalu.support.check import Refusal
from nalu.tasks import threshold
from nalu.tasks.operations import OPERATIONS, Range

VALIDATION_SEED = 43953907
TEST_SEED = 8689336
EVALUATION_SIZE = 10_000


@dataclass(frozen=True)
class Arithmetic:
    """One arithmetic task; the defaults are the papers'.

    Parameters
    ----------
    operation : str
        A name of `OPERATIONS`.
    input_size : int
        n, the length of x.
    subset_ratio, overlap_ratio : float
        s and o, both in [0, 1].
    train_range, test_range : tuple of (low, high)
        Where inputs are drawn for training and validation, and for extrapolation: one
        interval, or two of equal width, each with probability one half.
    simple : bool
        The ten-parameter task of Table 1: four inputs, subsets {1..4} and {1, 2}.
    number_of_subsets : int
        k; the operations add and mul take them all.

    Raises
    ------
    ValueError
        If a value is unknown, out of range, or the subsets do not fit into x.
    """

    operation: str = "mul"
    input_size: int = 100
    subset_ratio: float = 0.25
    overlap_ratio: float = 0.5
    train_range: Range = ((1, 2),)
    test_range: Range = ((2, 6),)
    simple: bool = False
    number_of_subsets: int = 2

    def __post_init__(self) -> None:
        check.one_of(self.operation, OPERATIONS, "operation")
        for name in ("input_size", "number_of_subsets"):
            object.__setattr__(self, name, check.integer(getattr(self, name), name, at_least=1))
        for name in ("subset_ratio", "overlap_ratio"):
            object.__setattr__(self, name, check.real(getattr(self, name), name, 0, 1))
        for name in ("train_range", "test_range"):
            object.__setattr__(self, name, _checked_range(getattr(self, name), name))
        if not isinstance(self.simple, bool):
            raise Refusal(f"simple must be True or False, got {self.simple!r}")
        if self.simple:
            object.__setattr__(self, "input_size", 4)
        needed = OPERATIONS[self.operation].sums
        if self.number_of_subsets < needed:
            raise Refusal(f"operation {self.operation!r} needs {needed} subsets, not {self.number_of_subsets}")
        if self._subset_size < 1:
            raise Refusal(f"subset_ratio {self.subset_ratio} of {self.input_size} inputs is less than one input; "
                          "allowed: subset_ratio * input_size >= 1")
        if self._span > self.input_size:
            raise Refusal(f"{self.number_of_subsets} subsets of {self._subset_size} inputs that share "
                          f"{self._overlap_size} span {self._span} inputs; "
                          f"allowed: at most input_size = {self.input_size}")

    @property
    def _subset_size(self) -> int:
        return math.floor(self.subset_ratio * self.input_size)

    @property
    def _overlap_size(self) -> int:
        return math.floor(self.overlap_ratio * self._subset_size)

    @cached_property
    def layout(self) -> tuple[tuple[int, int], ...]:
        """The subsets as (start, stop), at offset 0."""
        if self.simple:
            return ((0, 4), (0, 2))
        step = self._subset_size - self._overlap_size
        return tuple((i * step, i * step + self._subset_size) for i in range(self.number_of_subsets))

    @property
    def _span(self) -> int:
        return max(stop for _, stop in self.layout)

    def subsets(self, seed: int) -> tuple[tuple[int, int], ...]:
        """The subsets of the run `seed` as half-open index ranges (start, stop)."""
        return self._draw(seed)[0]

    def training_seed(self, seed: int) -> int:
        """Seed of the Mersenne Twister that draws the training data of the run `seed`."""
        return self._draw(seed)[1]

    def _draw(self, seed: int) -> tuple[tuple[tuple[int, int], ...], int]:
        """Offset of the subsets, then the seed of the training stream, in this order."""
        rng = np.random.RandomState(*check.seeds([seed]))
        offset = 0 if self.simple else int(rng.randint(0, self.input_size - self._span + 1))
        subsets = tuple((start + offset, stop + offset) for start, stop in self.layout)
        return subsets, int(rng.randint(0, 2**32 - 1))

    def sums(self, x: np.ndarray, seed: int) -> list[np.ndarray]:
        """Subset sums of the run `seed`: `[..., n]` -> k arrays `[..., 1]`, in float64."""
        x = np.asarray(x, np.float64)
        if x.shape[-1:] != (self.input_size,):
            raise Refusal(f"x must have {self.input_size} inputs in its last dimension, its shape is {x.shape}")
        return [x[..., a:b].sum(-1, keepdims=True) for a, b in self.subsets(seed)]

    def target(self, x: np.ndarray, seed: int) -> np.ndarray:
        """Target of the run `seed` for inputs `[..., n]`: `[..., 1]`, in float64."""
        return OPERATIONS[self.operation].apply(self.sums(x, seed))

    def sample(self, rng: np.random.RandomState, shape: tuple[int, ...], where: Range):
        """Inputs drawn from the range `where` in the authors' order of draws, float64."""
        parts = [rng.uniform(low, high, shape) for low, high in where]
        if len(parts) == 1:
            return parts[0]
        return np.where(rng.randint(2, size=shape) == 1, parts[0], parts[1])

    def batches(self, seed: int, batch_size: int = 128) -> Iterator[np.ndarray]:
        """The authors' endless training inputs of the run `seed`, float64 `[B, n]`."""
        rng = np.random.RandomState(self.training_seed(seed))
        while True:
            yield self.sample(rng, (batch_size, self.input_size), self.train_range)

    def validation_inputs(self) -> np.ndarray:
        """The 10,000 interpolation inputs that every run is validated on, float64."""
        return self._fixed(VALIDATION_SEED, self.train_range)

    def test_inputs(self) -> np.ndarray:
        """The 10,000 extrapolation inputs that every run is tested on, float64."""
        return self._fixed(TEST_SEED, self.test_range)

    def _fixed(self, seed: int, where: Range) -> np.ndarray:
        return self.sample(np.random.RandomState(seed), (EVALUATION_SIZE, self.input_size), where)

    def threshold(self) -> float:
        """Test error below which a run counts as solved; see `nalu.tasks.threshold`."""
        return threshold.intended(self)

    def threshold_as_published(self) -> float:
        """The threshold with the authors' subsets, which are one element too long."""
        return threshold.as_published(self)


def _checked_range(where, name: str) -> Range:
    """`where` as a tuple of (low, high) pairs of floats."""
    try:
        pairs = tuple((float(low), float(high)) for low, high in where)
    except (TypeError, ValueError):
        raise Refusal(f"{name} {where!r} is not a list of (low, high), such as ((1, 2),)") from None
    if len(pairs) not in (1, 2):
        raise Refusal(f"{name} has {len(pairs)} intervals; allowed: 1 or 2")
    for low, high in pairs:
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise Refusal(f"{name} ({low:g}, {high:g}) is empty; allowed: low < high")
    widths = {round(high - low, 12) for low, high in pairs}
    if len(widths) > 1:
        raise Refusal(f"{name}: the two intervals must have equal width, not {widths}")
    return pairs
