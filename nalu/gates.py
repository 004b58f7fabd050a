r"""Which operation the gate of a network has chosen, and whether it is the one that is needed.

The gate of a run is the mean of its last unit's gate at the best step: 0 multiplies, 1 adds.
As in the papers it is sorted into 25 bins around 0, 1/24, ..., 1. *Bars* are such counts, one
row per operation, model, outcome and bin that is not empty: the columns of
`nalu.published.gate_histogram`. A gate has chosen *right* if its bin lies on the side of the
needed operation; the middle bin, around 1/2, is neither side.

A gate that knew nothing of the operation would be right as a fair coin falls: an exact
binomial test compares the count with that.
"""

from collections.abc import Iterable
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.stats import binomtest

from nalu import mirror, notation
from nalu.figures import GREY
from nalu.registry import MODELS
from nalu.statistics import success_rate
from nalu.summary import rows_of
from nalu.tables import NOT_RUN
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
            "right gate": _of(c.right, c.n),
            "95 % interval": _range(c.right, c.n),
            "p against a coin": _p(c.p_value),
            "right gate, solved runs": _of(c.solved_right, c.solved) if c.n else notation.MISSING,
            "p, solved runs": _p(c.p_value_solved),
        })
    return pd.DataFrame(lines)


def histogram(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str],
              operations: Iterable[str]) -> Figure:
    """Draw the bars of each model and operation as shares of its runs: solved above the line, others below.

    Ours are filled, in the model's colour where solved; the paper's are outlines. Each
    panel says how many runs both have; the side of the gate that is needed is tinted.
    """
    models, operations = [*models], [*operations]
    figure, axes = plt.subplots(len(models), len(operations), sharex=True, sharey=True, squeeze=False,
                                figsize=(6.4, 0.8 + 1.75 * len(models)))
    for row, model in zip(axes, models, strict=True):
        for ax, operation in zip(row, operations, strict=True):
            mine, theirs = (rows_of(b, operation, model) for b in (ours, paper))
            ax.axvspan(0.5, 1.04 if ADDS[operation] else -0.04, color=GREY, alpha=0.1, linewidth=0)
            _bars(ax, mine, model)
            _outline(ax, theirs)
            n, m = int(mine["count"].sum()), int(theirs["count"].sum())
            ax.annotate(f"${OPERATIONS[operation].symbol}$   {MODELS[model].plain}", (0, 1),
                        xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", fontsize="small")
            ax.annotate(f"{f'n = {n}' if n else NOT_RUN}; paper n = {m}", (0.5, 0.97),
                        xycoords="axes fraction", ha="center", va="top", fontsize="small")
            ax.axhline(0, color=GREY, linewidth=0.8)
            ax.grid(False, axis="x")
    axes[0, 0].set(xlim=(-0.04, 1.04), ylim=(-0.8, 0.95))
    axes[0, 0].set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes[0, 0].yaxis.set_major_formatter(lambda share, _: f"{100 * abs(share):.0f} %")
    figure.supxlabel("mean gate at the best step: 0 multiplies, 1 adds", fontsize="medium")
    figure.supylabel("share of runs: not solved below, solved above", fontsize="medium")
    _key(figure)
    return figure


def sides(rows: pd.DataFrame, models: Iterable[str]) -> Axes:
    """Draw the gate of each run at its seed: for a product above the line of its network, for a sum below.

    Long and in colour where the gate is right, short and grey where not. At the right, how
    many seeds that have a gate for both operations have it on the same side.
    """
    both, rows, lanes = on_both(rows), rows.dropna(subset="gate"), []
    for model in models:
        same = both.loc[both["model"] == model, "same"]
        n = int((rows["model"] == model).sum())
        lanes.append(mirror.Lane(
            model, f"{MODELS[model].plain}\nn = {n}",
            f"{same.sum()} of {len(same)}\nsame side" if n else NOT_RUN,
            *(_right(rows_of(rows, operation, model), operation) for operation in ("mul", "add"))))
    return mirror.draw(lanes, 0.7, 0.6)


def on_both(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the seeds of each model with a gate for both operations, and whether it is on one side."""
    gates = rows.pivot(index=["model", "seed"], columns="operation", values="gate")
    adds = gates.reindex(columns=list(ADDS)).dropna() > 0.5
    return (adds["mul"] == adds["add"]).rename("same").reset_index()


def _right(runs: pd.DataFrame, operation: str) -> mirror.Bars:
    """Return which runs have a gate on the side that an operation needs."""
    return mirror.Bars(runs["seed"], np.sign(runs["gate"] - 0.5) == np.sign(ADDS[operation] - 0.5))


def _bars(ax: Axes, cell: pd.DataFrame, model: str) -> None:
    """Draw our bars."""
    for solved, part in cell.groupby("solved"):
        ax.bar(part["bin_centre"], _heights(cell, part, solved), 1 / (BINS - 1),
               color=MODELS[model].colour if solved else GREY, alpha=1.0 if solved else 0.6, linewidth=0)


def _outline(ax: Axes, cell: pd.DataFrame) -> None:
    """Draw the paper's bars as outlines."""
    for solved, part in cell.groupby("solved"):
        ax.bar(part["bin_centre"], _heights(cell, part, solved), 1.6 / (BINS - 1), facecolor="none",
               edgecolor="black", alpha=0.45, linewidth=1)


def _heights(cell: pd.DataFrame, part: pd.DataFrame, solved: bool) -> pd.Series:
    share = part["count"] / cell["count"].sum()
    return share if solved else -share


def _key(figure: Figure) -> None:
    """Explain the bars above the panels."""
    handles = [Patch(color=GREY, alpha=0.6, linewidth=0, label="here (in colour: solved)"),
               Patch(facecolor="none", edgecolor="black", alpha=0.45, label="in the paper"),
               Patch(color=GREY, alpha=0.1, label="side that is needed")]
    figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize="small")


def _of(k: int, n: int) -> str:
    return f"{k} of {n}" if n else NOT_RUN


def _range(k: int, n: int) -> str:
    rate = success_rate([1] * k + [0] * (n - k))
    return notation.prose_range(rate.lower, rate.upper)


def _p(value: float) -> str:
    return notation.MISSING if np.isnan(value) else f"{value:.2g}"
