"""The single-module benchmark as heat maps: a panel for each operation, units down, ranges across.

``cells`` are those of `nalu.paper.single_module.cells`.
"""

from collections.abc import Iterable

import matplotlib.pyplot as plt
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
LANE = 0.36  # inches of height per unit


def success(cells: pd.DataFrame) -> Figure:
    """Draw the success rate of every cell as a shade of blue; in it, the solved runs and the mean step at which they are solved."""
    panels = [*cells.groupby("operation", sort=False)]
    heights = [part["model"].nunique() for _, part in panels]
    figure, axes = plt.subplots(len(panels), squeeze=False, sharex=True, height_ratios=heights,
                                figsize=(7.2, 0.5 + 0.3 * len(panels) + LANE * sum(heights)))
    for ax, (operation, part) in zip(axes.flat, panels, strict=True):
        _panel(ax, part)
        figures.above(ax, f"${OPERATIONS[operation].symbol}$", left=2, size="large")
    axes[-1, 0].set_xlabel("training range")
    return figure


def _panel(ax: Axes, cells: pd.DataFrame) -> None:
    models, ranges = [[*dict.fromkeys(cells[name])] for name in ("model", "train_range")]
    by = cells.set_index(["model", "train_range"])
    rates = np.array([[by.at[(m, r), "k"] / (by.at[(m, r), "n"] or np.nan) for r in ranges] for m in models])
    ax.pcolormesh(np.arange(len(ranges) + 1) - 0.5, np.arange(len(models) + 1) - 0.5, rates, vmin=0, vmax=1, cmap="Blues",
                  edgecolors="white", linewidth=1)
    for y, model in enumerate(models):
        for x, where in enumerate(ranges):
            ax.annotate(_said(by.loc[(model, where)]), (x, y), ha="center", va="center", fontsize="x-small",
                        color="white" if rates[y, x] > DARK else "black")
    ax.set_yticks(range(len(models)), [MODELS[m].plain for m in models])
    ax.set_xticks(range(len(ranges)), [where.replace(",", ",\n").replace("-", "\N{MINUS SIGN}") for where in ranges])
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.tick_params(length=0)
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
