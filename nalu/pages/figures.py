"""Data frames -> figures: every model in its own colour, the seeds behind every mean, n on all of them.

A function draws into ``ax``, or into a new figure, and returns the axes. Ours is drawn in
full colour with a filled symbol, the paper's value faintly with an open one. Titles are left
to captions. Put the one look of all figures into force with ``plt.style.use(STYLE)``.

``rows`` are results, one row per run; ``ours`` is a summary of them and ``paper`` the
published one, both as `nalu.analysis.summary` makes them. A figure of models shows one operation.
"""

from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, SymmetricalLogLocator

from nalu.analysis.summary import Cell, cell, rows_of
from nalu.registry import MODELS
from nalu.support import notation

STYLE = Path(__file__).with_name("style.mplstyle")
FAINT = 0.6  # opacity of the paper's values: second to ours, but to be seen
LANE = 0.55  # inches of height per model
LINEAR_TO = 1000  # updates: the axis of steps is logarithmic from the first logged one, and has a 0
GREY = "#666666"
NAMED = 4  # curves that can be told apart by a name at their end


def success_panel(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str],
                  ax: Axes | None = None, operation: str = "mul", source: str = "the paper") -> Axes:
    """Draw each model's success rate with its 95 % interval, and beside it the rate of `paper`, which the figure calls `source`."""
    models = [*models]
    ax = _lanes(models, ours, ax, operation)
    for y, model in enumerate(models):
        mine = _pair(ax, y, model, [cell(s, model, "success_rate", operation) for s in (ours, paper)], apart=0.15)
        note(ax, y, notation.of(mine.k, mine.n))
    ax.set(xlabel="success rate", xlim=(-0.02, 1.02))
    ax.xaxis.set_major_formatter(lambda rate, _: f"{100 * rate:.0f} %")
    _key(ax, paper=f"in {source}")
    return ax


def solved_at_strip(rows: pd.DataFrame, ours: pd.DataFrame, paper: pd.DataFrame,
                    models: Iterable[str], ax: Axes | None = None, operation: str = "mul") -> Axes:
    """Draw the step at which each seed was solved, a dot per seed, and the means with intervals.

    Runs that were not solved have no step: they are counted at the right.
    """
    models = [*models]
    ax = _lanes(models, ours, ax, operation)
    for y, model in enumerate(models):
        runs = rows_of(rows, operation, model)
        steps = runs.loc[runs["solved"].astype(bool), "solved_at"].to_numpy(float)
        ax.plot(steps, y + _spread(len(steps)), "o", color=MODELS[model].colour, markersize=3,
                alpha=0.5, markeredgewidth=0)
        mine = _pair(ax, y, model, [cell(s, model, "solved_at_mean", operation) for s in (ours, paper)], apart=0.3)
        note(ax, y, _unsolved(mine))
    ax.set_xscale("symlog", linthresh=LINEAR_TO)
    ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=LINEAR_TO, subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(EngFormatter())
    ax.set(xlabel="solved at (updates)")
    _key(ax, ours="mean here", paper="mean in the paper")
    return ax


def seeds_strip(rows: pd.DataFrame, ours: pd.DataFrame, models: Iterable[str], ax: Axes | None = None) -> Axes:
    """Draw a bar for every run at its seed: tall and in colour where it is solved, a short grey one where not."""
    models = [*models]
    ax = _lanes(models, ours, ax, "mul")
    for y, model in enumerate(models):
        bars(ax, y, rows[rows["model"] == model], MODELS[model].colour, (18, 6), 2)
        note(ax, y, _unsolved(cell(ours, model, "success_rate")))
    ax.set(xlabel="seed")
    ax.grid(False)
    return ax


def solved_by(rows: pd.DataFrame, models: Iterable[str], ax: Axes | None = None) -> Axes:
    """Draw the share of *all* runs of a model that were solved by a step: it ends at the success rate."""
    ax = plt.subplots()[1] if ax is None else ax
    for model in models:
        runs = rows[rows["model"] == model]
        if runs.empty:
            continue
        steps = np.sort(runs.loc[runs["solved"].astype(bool), "solved_at"].to_numpy(float))
        end = float(runs["iterations"].max())
        share = np.arange(len(steps) + 1) / len(runs)
        ax.step([0, *steps, end], [*share, share[-1]], where="post", color=MODELS[model].colour,
                label=f"{MODELS[model].plain}, n = {len(runs)}")
    ax.set(xlabel="update", ylabel="share of runs solved", ylim=(-0.02, 1.02))
    ax.xaxis.set_major_formatter(EngFormatter())
    ax.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:.0f} %")
    if ax.lines:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def learning_curves(history: pd.DataFrame, model: str, threshold: float,
                    measure: str = "test_mse", ax: Axes | None = None) -> Axes:
    """Draw a measure of a training history against the step, one line per seed, and the threshold.

    A run that became NaN ends in a cross; a few runs have their seeds written at the end.
    """
    ax = plt.subplots()[1] if ax is None else ax
    stopped = history.attrs.get("stopped_at", {})
    seeds = history["seed"].unique()
    for seed in seeds:
        run = history[history["seed"] == seed]
        ax.plot(run["step"], run[measure], color=MODELS[model].colour,
                alpha=max(0.15, len(seeds) ** -0.5), marker="x" if seed in stopped else None,
                markevery=[-1])
        if len(seeds) <= NAMED:
            ax.annotate(f"seed {seed}", (run["step"].iloc[-1], run[measure].iloc[-1]),
                        xytext=(-2, 4), textcoords="offset points", ha="right", fontsize="small")
    ax.axhline(threshold, color=GREY, linestyle="--", linewidth=1)
    ax.annotate("threshold", (1, threshold), xycoords=ax.get_yaxis_transform(), color=GREY,
                xytext=(-2, 3), textcoords="offset points", ha="right", fontsize="small")
    ax.set(xlabel="update", ylabel=measure.replace("_", " "), yscale="log")
    ax.xaxis.set_major_formatter(EngFormatter())
    ax.annotate(f"{MODELS[model].plain}, n = {len(seeds)}", (1, 1), xycoords="axes fraction",
                xytext=(0, 4), textcoords="offset points", ha="right")
    return ax


def note(ax: Axes, y: float, text: str) -> None:
    """Write at the right end of the lane at a height."""
    ax.annotate(text, (1, y), xycoords=ax.get_yaxis_transform(), xytext=(6, 0),
                textcoords="offset points", va="center", fontsize="small", annotation_clip=False)


def above(ax: Axes, text: str, left: float = 0, up: float = 3, size: str | None = "small") -> None:
    """Write above the top left corner of a panel, some points from it."""
    ax.annotate(text, (0, 1), xycoords="axes fraction", xytext=(left, up), textcoords="offset points", fontsize=size)


def bars(ax: Axes, y: float, runs: pd.DataFrame, colour: str, sizes: tuple[float, float], width: float) -> None:
    """Draw a bar for every run at its seed, of the first size and in colour where it is solved, else grey."""
    solved = runs["solved"].astype(bool)
    for chosen, size, shade in ((solved, sizes[0], colour), (~solved, sizes[1], GREY)):
        seeds = runs.loc[chosen, "seed"]
        ax.plot(seeds, np.full(len(seeds), y), "|", color=shade, markersize=size, markeredgewidth=width)


def grid(panels: int, columns: int, margin: float, height: float, **shared) -> tuple[Figure, np.ndarray]:
    """Return a figure with rows of panels, and their axes ``[rows, columns]``; heights are in inches."""
    rows = -(-panels // columns)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(6.4, margin + rows * height), **shared)
    for ax in axes.flat[panels:]:
        ax.set_axis_off()
    return figure, axes


def save(figure: Figure, path: Path, background: str = "none") -> None:
    """Write an SVG whose bytes depend on the figure alone: no date, no random identifiers."""
    with plt.style.context(STYLE):
        figure.savefig(path, format="svg", facecolor=background, metadata={"Date": None, "Creator": None})


def _lanes(models: list[str], ours: pd.DataFrame, ax: Axes | None, operation: str) -> Axes:
    """Return axes with a lane for each model, the first on top, named with its number of runs."""
    if ax is None:
        width = plt.rcParams["figure.figsize"][0]
        ax = plt.subplots(figsize=(width, 0.9 + LANE * len(models)))[1]
    runs = [cell(ours, m, "success_rate", operation).n for m in models]
    names = [f"{MODELS[m].plain}\nn = {n}" for m, n in zip(models, runs, strict=True)]
    ax.set_yticks(range(len(models)), names)
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.grid(False, axis="y")
    return ax


def _pair(ax: Axes, y: float, model: str, values: Iterable[Cell], apart: float) -> Cell:
    """Draw our value and its interval a little above a height and the paper's below; return ours."""
    mine, theirs = values
    row = MODELS[model]
    for value, at, alpha, face in ((mine, y - apart, 1.0, row.colour), (theirs, y + apart, FAINT, "white")):
        style = {"color": row.colour, "alpha": alpha, "zorder": 3}
        ax.plot([value.lower, value.upper], [at, at], "-", **style)
        ax.plot([value.estimate], [at], row.marker, markerfacecolor=face, **style)
    return mine


def _unsolved(runs: Cell) -> str:
    return f"{runs.n - runs.k} of {runs.n}\nnot solved" if runs.n else notation.NOT_RUN


def _spread(n: int) -> np.ndarray:
    """Return heights in [-0.15, 0.15] that keep neighbours apart, the same at every call."""
    return 0.3 * ((np.arange(n) * 0.618034) % 1 - 0.5)


def _key(ax: Axes, ours: str = "here", paper: str = "in the paper") -> None:
    """Explain full and faint, above the axes."""
    for label, alpha, face in ((ours, 1.0, GREY), (paper, FAINT, "white")):
        ax.plot([], [], "o-", color=GREY, alpha=alpha, markerfacecolor=face, label=f"{label}, 95 % interval")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
