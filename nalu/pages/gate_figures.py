"""Figures of the gates: their histogram beside the paper's, and the gate of each seed."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from nalu.analysis.summary import rows_of
from nalu.pages import seed_bars
from nalu.pages.figures import GREY, above
from nalu.paper.gates import ADDS, BINS, on_both
from nalu.registry import MODELS
from nalu.support.notation import NOT_RUN
from nalu.tasks import OPERATIONS

GREYED = {"color": GREY, "alpha": 0.6, "linewidth": 0}
OUTLINE = {"facecolor": "none", "edgecolor": "black", "alpha": 0.45, "linewidth": 1}


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
            _bars(ax, mine, 1, GREYED, {"color": MODELS[model].colour, "alpha": 1.0, "linewidth": 0})
            _bars(ax, theirs, 1.6, OUTLINE, OUTLINE)
            n, m = int(mine["count"].sum()), int(theirs["count"].sum())
            above(ax, f"${OPERATIONS[operation].symbol}$   {MODELS[model].plain}", up=4)
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
        lanes.append(seed_bars.Lane(
            model, f"{MODELS[model].plain}\nn = {n}",
            f"{same.sum()} of {len(same)}\nsame side" if n else NOT_RUN,
            *(_right(rows_of(rows, operation, model), operation) for operation in ("mul", "add"))))
    return seed_bars.draw(lanes, 0.7, 0.6)


def _right(runs: pd.DataFrame, operation: str) -> seed_bars.Bars:
    """Return which runs have a gate on the side that an operation needs."""
    return seed_bars.Bars(runs["seed"], np.sign(runs["gate"] - 0.5) == np.sign(ADDS[operation] - 0.5))


def _bars(ax: Axes, cell: pd.DataFrame, width: float, failed: dict, solved: dict) -> None:
    """Draw the bars of one side, so many bins wide, in the looks of runs that are not solved and of those that are."""
    for good, part in cell.groupby("solved"):
        share = part["count"] / cell["count"].sum()
        ax.bar(part["bin_centre"], share if good else -share, width / (BINS - 1), **(solved if good else failed))


def _key(figure: Figure) -> None:
    """Explain the bars above the panels."""
    handles = [Patch(**GREYED, label="here (in colour: solved)"),
               Patch(**OUTLINE, label="in the paper"),
               Patch(color=GREY, alpha=0.1, label="side that is needed")]
    figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize="small")
