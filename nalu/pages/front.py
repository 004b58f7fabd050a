"""Small pictures of the front page: the headline figure with remarks on what to see, and findings of the audit."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FixedLocator, NullFormatter

from nalu.analysis.summary import cell
from nalu.pages import figures
from nalu.paper.audit.cells import Audited
from nalu.registry import MODELS

SMALL = 3.3, 2.0  # inches


def headline(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str], labels: dict[str, str]) -> Axes:
    """Draw the success rates of `nalu.pages.figures.success_panel`, with a label at some of the models."""
    models = [*models]
    narrow = plt.subplots(figsize=(5.0, 0.9 + figures.LANE * len(models)))[1]  # to be read on a phone
    ax = figures.success_panel(ours, paper, models, narrow)
    for model, text in labels.items():
        mine = cell(ours, model, "success_rate")
        if not mine.n:
            continue
        left = mine.estimate > 0.5  # where there is room
        ax.annotate(text, (mine.lower if left else mine.upper, models.index(model) - 0.15), xytext=(-14 if left else 14, 0), textcoords="offset points",
                    ha="right" if left else "left", va="center", fontsize="medium", color="#222222",
                    arrowprops={"arrowstyle": "-", "color": MODELS[model].colour, "linewidth": 0.8})
    return ax


def means_off(cells: Sequence[Audited]) -> Axes:
    """Draw each printed mean over the mean of the same runs, which is where the fit has its maximum: a symbol per cell, sorted."""
    ax = plt.subplots(figsize=SMALL)[1]
    for x, c in enumerate(sorted(cells, key=lambda c: c.printed.estimate / c.values.mean())):
        ax.plot(x, c.printed.estimate / c.values.mean(), c.row.marker, color=c.row.colour, markerfacecolor="white")
    ax.axhline(1, color=figures.GREY, linewidth=0.8)
    ax.annotate("where the fit has its maximum", (0.98, 1), xycoords=("axes fraction", "data"), xytext=(0, -4), textcoords="offset points",
                ha="right", va="top", fontsize="small", color=figures.GREY)
    ax.set(xlabel=f"{len(cells)} printed means", ylabel="printed over\nsample mean", yscale="log", xticks=[])
    ax.yaxis.set_major_locator(FixedLocator([0.5, 0.7, 1, 1.5, 2, 3]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(False, axis="x")
    return ax


def steps_moved(authors: pd.DataFrame, ours: pd.DataFrame) -> Axes:
    """Draw the published step of each seed of a cell, with squares for runs whose rows were permuted, and our steps as dots."""
    ax = plt.subplots(figsize=SMALL)[1]
    bad = authors["rows_permuted"].to_numpy(bool)
    ax.plot(authors["seed"][~bad], authors["solved_at"][~bad], "o", color=figures.GREY, markerfacecolor="none", alpha=0.6, label="published")
    ax.plot(authors["seed"][bad], authors["solved_at"][bad], "s", color="black", markerfacecolor="white", label="published, rows permuted")
    ax.plot(ours["seed"], ours["solved_at"], ".", color=MODELS[authors["model"].iloc[0]].colour, markersize=3, label="here")
    ax.set(xlabel="seed", ylabel="solved at (updates)", yscale="log")
    ax.yaxis.set_major_formatter(EngFormatter())
    ax.legend(loc="lower left", bbox_to_anchor=(-0.2, 1), ncols=3, fontsize="x-small", columnspacing=0.8, handletextpad=0.2)
    return ax


def threshold_ratios(cases: pd.DataFrame) -> Axes:
    """Draw how many times too large the success threshold of each case is, sorted; below 1 it is too strict."""
    ax = plt.subplots(figsize=SMALL)[1]
    ratio = np.sort(cases["ratio"].to_numpy(float))
    ax.plot(range(len(ratio)), ratio, "_", color="C1", markersize=7, markeredgewidth=2)
    ax.axhline(1, color=figures.GREY, linewidth=0.8)
    ax.set(xlabel=f"{len(ratio)} tasks", ylabel="published over\nintended threshold", yscale="log", xticks=[])
    ax.yaxis.set_major_locator(FixedLocator([0.15, 0.3, 0.5, 1, 2]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(False, axis="x")
    return ax


def sparsity_halved(cells: Sequence[Audited]) -> Axes:
    """Draw each printed mean sparsity error over the mean of the same runs, sorted."""
    ax = plt.subplots(figsize=SMALL)[1]
    for x, c in enumerate(sorted(cells, key=lambda c: c.ratio)):
        ax.plot(x, c.ratio, c.row.marker, color=c.row.colour, markerfacecolor="white")
    ax.axhline(1, color=figures.GREY, linewidth=0.8)
    ax.axhline(0.5, color=figures.GREY, linewidth=0.8, linestyle="--")
    ax.set(xlabel=f"{len(cells)} printed means", ylabel="printed over correct", ylim=(0, 1.5), xticks=[])
    ax.grid(False, axis="x")
    return ax
