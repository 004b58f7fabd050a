r"""Which operation the gate of a network has chosen, and whether it is the one that is needed.

The gate of a run is the mean of its last unit's gate at the best step: 0 multiplies, 1 adds.
As in the papers it is sorted into 25 bins around 0, 1/24, ..., 1. *Bars* are such counts, one
row per operation, model, outcome and bin that is not empty: the columns of
`nalu.paper.published.gate_histogram`. A gate has chosen *right* if its bin lies on the side of the
needed operation; the middle bin, around 1/2, is neither side.

If a gate did not depend on the operation, it would be right as often as a fair coin. An exact
binomial test compares the count with this.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from nalu.analysis.statistics import wilson
from nalu.registry import MODELS
from nalu.support import notation
from nalu.tasks import OPERATIONS

BINS = 25
COLUMNS = ["operation", "model", "solved", "bin_centre", "count"]
ADDS = {"mul": 0, "add": 1}
"""Operation -> the gate that it needs."""


class Choices(NamedTuple):
    """What n gates have chosen: how many are right, of all runs and of the solved ones."""

    n: int
    right: int
    solved: int
    solved_right: int

    @property
    def p_value(self) -> float:
        """Exact binomial test, two sided, of right against one half; NaN without runs."""
        return binomtest(self.right, self.n).pvalue if self.n else np.nan

    @property
    def p_value_solved(self) -> float:
        """The same among the solved runs alone."""
        return binomtest(self.solved_right, self.solved).pvalue if self.solved else np.nan


def bars(rows: pd.DataFrame) -> pd.DataFrame:
    """Return results, one row per run, as bars; runs without a gate, stopped before any, are left out."""
    found = rows.dropna(subset="gate")
    centre = (found["gate"] * (BINS - 1)).round() / (BINS - 1)
    return (found.assign(bin_centre=centre, count=1)
            .groupby(COLUMNS[:-1], sort=False, as_index=False)["count"].sum())


def choices(bars: pd.DataFrame, model: str | None = None, operation: str | None = None) -> Choices:
    """Count what the gates of a model and operation have chosen; all of them if not given."""
    for column, wanted in (("model", model), ("operation", operation)):
        bars = bars if wanted is None else bars[bars[column] == wanted]
    side = np.sign(bars["bin_centre"].to_numpy(float) - 0.5)
    right = side == np.sign(bars["operation"].map(ADDS).to_numpy(float) - 0.5)
    solved, count = bars["solved"].to_numpy(bool), bars["count"].to_numpy(int)
    return Choices(*(int(count[chosen].sum()) for chosen in
                     (np.full(len(bars), True), right, solved, solved & right)))


def table(bars: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return a line of text per (operation, model): the right gates and their test, all and solved runs."""
    lines = []
    for operation, model in cells:
        c = choices(bars, model, operation)
        lines.append({
            "operation": rf"\({OPERATIONS[operation].symbol}\)",
            "model": MODELS[model].plain,
            "right gate": notation.of(c.right, c.n),
            "95 % interval": notation.prose_range(*wilson(c.right, c.n)[1:]),
            "p against a coin": _p(c.p_value),
            "right gate, solved runs": notation.of(c.solved_right, c.solved) if c.n else notation.MISSING,
            "p, solved runs": _p(c.p_value_solved),
        })
    return pd.DataFrame(lines)


def on_both(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the seeds of each model with a gate for both operations, and whether it is on one side."""
    gates = rows.pivot(index=["model", "seed"], columns="operation", values="gate")
    adds = gates.reindex(columns=list(ADDS)).dropna() > 0.5
    return (adds["mul"] == adds["add"]).rename("same").reset_index()


def _p(value: float) -> str:
    return notation.MISSING if np.isnan(value) else f"{value:.2g}"
