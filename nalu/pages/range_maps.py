"""The single-module benchmark as heat maps: a panel for each operation, ranges down, units across.

``cells`` are those of `nalu.paper.single_module.cells`.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nalu.pages import figures
from nalu.paper.claims import Claim
from nalu.registry import MODELS
from nalu.support.notation import MISSING, NOT_RUN, of
from nalu.tasks import OPERATIONS

DARK = 0.6  # success rate from which on the text of a cell is white
LANE = 0.36  # inches of height per range


def success(cells: pd.DataFrame) -> Figure:
    """Draw the success rate of every cell as a shade of blue; in it, the solved runs and the mean step at which they are solved."""
    operations, ranges = [[*dict.fromkeys(cells[name])] for name in ("operation", "train_range")]
    figure, axes = figures.grid(len(operations), 2, 0.4, 0.6 + LANE * len(ranges), sharey=True)
    for ax, operation in zip(axes.flat, operations, strict=False):
        _panel(ax, cells[cells["operation"] == operation], ranges)
        figures.above(ax, f"${OPERATIONS[operation].symbol}$", left=2, size="large")
    for ax in axes[:, 0]:
        ax.set_ylabel("training range")
    return figure


def _panel(ax: Axes, cells: pd.DataFrame, ranges: list[str]) -> None:
    models = [*dict.fromkeys(cells["model"])]
    by = cells.set_index(["train_range", "model"])
    rates = np.array([[by.at[(r, m), "k"] / (by.at[(r, m), "n"] or np.nan) for m in models] for r in ranges])
    ax.pcolormesh(np.arange(len(models) + 1) - 0.5, np.arange(len(ranges) + 1) - 0.5, rates, vmin=0, vmax=1, cmap="Blues",
                  edgecolors="white", linewidth=1)
    for y, where in enumerate(ranges):
        for x, model in enumerate(models):
            ax.annotate(_said(by.loc[(where, model)]), (x, y), ha="center", va="center", fontsize="x-small",
                        color="white" if rates[y, x] > DARK else "black")
    ax.set_xticks(range(len(models)), [MODELS[m].plain for m in models])
    ax.set_yticks(range(len(ranges)), ranges)
    ax.set_ylim(len(ranges) - 0.5, -0.5)
    ax.tick_params(length=0, labelleft=True)
    ax.grid(False)


def _said(cell: pd.Series) -> str:
    if not cell["n"]:
        return NOT_RUN
    return f"{cell['k']} of {cell['n']}" + (f"\n{cell['solved_at']:,.0f}" if cell["k"] else "")


def beside(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that are published as text, ours beside theirs, with the seeds that are not solved here."""
    lines = [(rf"\({OPERATIONS[c.operation].symbol}\)", MODELS[c.model].plain, c.train_range, of(c.k, c.n),
              of(int(c.k_paper), int(c.n_paper)), f"{c.solved_at:,.0f}" if c.k else MISSING,
              MISSING if np.isnan(c.solved_at_paper) else f"{c.solved_at_paper:,.0f}",
              _listed(c.failed) if c.n else "")
             for c in cells[cells["n_paper"].notna()].itertuples()]
    return pd.DataFrame(lines, columns=["", "unit", "training range", "solved here", "published", "solved at here", "published, digitised",
                                        "seeds not solved"])


def claims(found: Iterable[Claim]) -> pd.DataFrame:
    """Return the claims of the benchmark's papers as text: published and here, with the verdict."""
    lines = [(rf"\({OPERATIONS[c.printed.operation].symbol}\)", c.printed.model, c.printed.at, of(c.printed.cell.k, c.printed.cell.n),
              of(c.ours.k, c.ours.n), c.verdict) for c in found]
    return pd.DataFrame(lines, columns=["", "unit", "training range", "published", "solved here", "verdict"])


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, seeds)) or "none"
