"""Figures of the same seeds in our runs and the authors': outcomes seed by seed, and one solved-at against the other."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from nalu.analysis.summary import rows_of
from nalu.pages import seed_bars
from nalu.pages.figures import FAINT, GREY
from nalu.paper.agreement import of, pairs
from nalu.registry import MODELS
from nalu.support.notation import NOT_RUN
from nalu.tasks import OPERATIONS

LANE = 0.42  # inches of height per pair of lanes
KEY = 0.22  # inches of height per entry of a key
SYMBOLS = dict(zip(OPERATIONS, "oDs^vP", strict=True))


def strip(rows: pd.DataFrame, authors: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> Axes:
    """Draw each seed twice: our run as a bar above the line of its cell, the authors' faintly below.

    A bar in colour is solved, a short grey one not; a seed without a bar above has not been
    run here. At the right, how many seeds have the same outcome on both sides.
    """
    joined, lanes = pairs(rows, authors), []
    for operation, model in cells:
        mine, theirs = (rows_of(runs, operation, model) for runs in (rows, authors))
        a = of(rows_of(joined, operation, model))
        lanes.append(seed_bars.Lane(
            model, f"${OPERATIONS[operation].symbol}$   {MODELS[model].plain}\nn = {len(mine)}",
            a.share + ("\nthe same" if a.n else ""),
            seed_bars.Bars(mine["seed"], mine["solved"].astype(bool)),
            seed_bars.Bars(theirs["seed"], theirs["solved"].astype(bool), FAINT)))
    ax = seed_bars.draw(lanes, 0.6, LANE)
    ax.set_xlim(-1, authors["seed"].max() + 1)
    return ax


def steps(pairs: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> Axes:
    """Draw our solved-at against the authors', a symbol per pair; on the line both are equal.

    Colours are those of the models; the symbols tell the operations apart. Cells without
    such pairs are left out.
    """
    sound = pairs.dropna(subset=["solved_at", "solved_at_authors"])
    shown = {cell: found for cell in cells if len(found := rows_of(sound, *cell))}
    ax = plt.subplots(figsize=(5.2, max(3.6, 0.6 + KEY * len(shown))))[1]
    for (operation, model), found in shown.items():
        ax.plot(found["solved_at_authors"], found["solved_at"], SYMBOLS[operation], markersize=5, alpha=0.7,
                color=MODELS[model].colour, markeredgewidth=0, zorder=3,
                label=f"${OPERATIONS[operation].symbol}$   {MODELS[model].plain}, n = {len(found)}")
    both = sound[["solved_at", "solved_at_authors"]].to_numpy()
    low, high = (both.min() / 1.5, both.max() * 1.5) if len(sound) else (1e3, 5e6)
    ax.plot([low, high], [low, high], color=GREY, linewidth=0.8)
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high),
           xlabel="solved at, authors (updates)", ylabel="solved at, here (updates)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(EngFormatter())
    if len(sound):
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    else:
        ax.annotate(NOT_RUN, (0.5, 0.6), xycoords="axes fraction", ha="center")
    return ax
