"""Figures of the audit; every function returns the axes, or the figure where there are several.

The look is that of `nalu.pages.figures`: published values are open and faint, correct values are filled.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, NullFormatter

from nalu.pages.figures import FAINT, GREY, above
from nalu.paper.audit.cells import Audited
from nalu.paper.audit.solved_at_fit import log_likelihood, mean_at_variance, profile, start
from nalu.registry import MODELS
from nalu.tasks import OPERATIONS

CASES = {"default": "operation", "input.size": "input size", "subset.ratio": "subset ratio",
         "overlap.ratio": "overlap ratio", "extrapolation.range": "test range"}
"""What varies in the table of thresholds -> label."""


def thresholds(cases: pd.DataFrame) -> Figure:
    """Draw the published over the intended threshold, a panel for each thing that varies.

    ``cases`` has the columns ``case, operation, x``, the exact ``ratio``, and the simulated
    ``threshold_as_published_code`` with ``mc_stderr`` over ``intended``.
    """
    groups = {name: cases[cases["case"] == name] for name in CASES}
    widths = [9, *(len(g) + 1 for g in [*groups.values()][1:])]
    figure, axes = plt.subplots(1, len(groups), sharey=True, figsize=(7.2, 3.2), width_ratios=widths)
    for ax, (name, group) in zip(axes, groups.items(), strict=True):
        at = np.arange(len(group))
        simulated = group["threshold_as_published_code"] / group["intended"]
        ax.axhline(1, color=GREY, linewidth=0.8)
        ax.errorbar(at, simulated, 1.96 * group["mc_stderr"] / group["intended"], fmt="o", color=GREY, alpha=FAINT,
                    markerfacecolor="white", label="the authors' script, simulated, 95 % interval")
        ax.plot(at, group["ratio"], "_", color="C1", markersize=9, markeredgewidth=2,
                label="computed, subsets with one input too many")
        names = [f"${OPERATIONS[o].symbol}$" for o in group["x"]] if name == "default" else group["x"]
        ax.set_xticks(at, names, rotation=0 if name == "default" else 90, fontsize="small")
        ax.set(xlabel=CASES[name], xlim=(-0.8, len(group) - 0.2))
        ax.grid(False, axis="x")
    axes[0].set(ylabel="published over intended", yscale="log", ylim=(0.12, 2.6))
    _ticks(axes[0].yaxis, [0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure


def halved(cells: Sequence[Audited]) -> Figure:
    """Draw the published against the correct mean of the sparsity errors, a symbol per cell; at the right the large ones."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.6))
    for ax, scale, low, high in ((axes[0], "log", 1e-7, 0.9), (axes[1], "linear", 0.27, 0.52)):
        line, named = np.array([low, high]), set()
        for slope, dash, text in ((1, "-", "equal"), (0.5, "--", "one half")):
            ax.plot(line, slope * line, color=GREY, linewidth=0.8, linestyle=dash, label=text)
        for c in cells:
            style = {"color": c.row.colour, "zorder": 3}
            ax.plot([c.correct.lower, c.correct.upper], [c.printed.estimate] * 2, **style)
            ax.plot([c.correct.estimate] * 2, [c.printed.lower, c.printed.upper], **style)
            ax.plot(c.correct.estimate, c.printed.estimate, c.row.marker, markersize=6,
                    label=None if c.model in named else c.row.plain, **style)
            named.add(c.model)
        ax.set(xscale=scale, yscale=scale, xlim=(low, high), ylim=(low if scale == "log" else 0.1, high))
    axes[0].set_ylabel("published mean")
    figure.supxlabel("mean sparsity error of the same runs, beta fit on [0, ½]", fontsize="medium")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def off_the_mean(cells: Sequence[Audited]) -> Axes:
    """Draw each published mean of the steps over the mean of the same runs, and where the fit must go if v is held."""
    ax = plt.subplots(figsize=(6.4, 0.9 + 0.26 * len(cells)))[1]
    ax.axvline(1, color=GREY, linewidth=0.8)
    for y, c in enumerate(cells):
        mean, variance = start(c.values)
        ax.plot(np.array([c.correct.lower, c.correct.upper]) / mean, [y, y], color=c.row.colour)
        ax.plot(1, y, c.row.marker, color=c.row.colour)
        ax.plot(c.printed.estimate / mean, y, c.row.marker, color=c.row.colour, markerfacecolor="white", markersize=7)
        if variance:
            ax.plot(mean_at_variance(c.values, variance).estimate / mean, y, "|", color="black", markersize=11)
    for marker, face, text in (("o", GREY, "mean of the runs, 95 % interval"), ("o", "white", "published"),
                               ("|", GREY, "largest likelihood, v held")):
        ax.plot([], [], marker, color="black" if marker == "|" else GREY, markerfacecolor=face, label=text)
    ax.set_yticks(range(len(cells)), [f"{c.name}, n = {len(c.values)}" for c in cells])
    ax.set(xscale="log", xlabel="over the sample mean", ylim=(len(cells) - 0.5, -0.5), xlim=(0.4, 3.3))
    _ticks(ax.xaxis, [0.5, 0.7, 1, 1.5, 2, 3])
    ax.grid(False, axis="y")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, columnspacing=1)
    return ax


def likelihoods(c: Audited) -> Axes:
    """Draw the log-likelihood of a cell against the mean: the variance free, and held at the sample's."""
    ax = plt.subplots(figsize=(6.4, 3.4))[1]
    mean, variance = start(c.values)
    means = np.geomspace(mean / 2, 3.2 * mean, 120)
    top = profile(c.values, mean)
    free = [profile(c.values, m) - top for m in means]
    held = [log_likelihood(c.values, m, variance) - top for m in means]
    ax.plot(means, free, color="C0", label="best variance for each mean")
    ax.plot(means, held, color="C1", linestyle="--", label="sample variance held")
    for at, text, align in ((mean, "sample mean ", "right"), (c.printed.estimate, " published", "left")):
        ax.axvline(at, color=GREY, linewidth=0.8)
        ax.annotate(text, (at, 0.98), xycoords=("data", "axes fraction"), ha=align, va="top", fontsize="small")
    ax.set(xscale="log", xlabel="mean (updates)", ylabel="log-likelihood, from its maximum",
           ylim=(1.15 * min(held[0], held[-1], free[-1]), 25))
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    ax.xaxis.set_major_formatter(EngFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="lower center")
    return ax


def orders(orders: Sequence[Sequence[np.ndarray]], names: Sequence[str], runs: Sequence[Sequence[str]]) -> Figure:
    """Draw tables after their merge: the logged point of each row, run by run, a panel per table; moved runs in colour."""
    figure, axes = plt.subplots(1, len(orders), sharey=True, figsize=(6.8, 2.6), squeeze=False)
    for ax, order, name, labels in zip(axes[0], orders, names, runs, strict=True):
        place = 0
        for k, rows in enumerate(order):
            ax.axvspan(place - 0.5, place + len(rows) - 0.5, color=GREY, alpha=0.08 * (k % 2), linewidth=0)
            moved = (np.diff(rows) != 1).any()
            ax.plot(place + np.arange(len(rows)), rows, "o-" if moved else "-", color="C1" if moved else GREY,
                    markersize=3, linewidth=1)
            ax.annotate(labels[k], (place + (len(rows) - 1) / 2, 1), xycoords=("data", "axes fraction"), ha="center",
                        va="bottom", fontsize="small")
            place += len(rows)
        ax.set(xlabel=f"row after the merge, {name}")
        ax.grid(False)
    axes[0, 0].set_ylabel("logged point")
    return figure


def replays(pairs: pd.DataFrame) -> Figure:
    """Draw the authors' and our step of each seed, a panel per operation; permuted rows in full contrast.

    Columns ``operation, model, seed, solved_at_authors, solved_at, rows_permuted``.
    """
    operations = [*pairs["operation"].unique()]
    figure, axes = plt.subplots(1, len(operations), sharey=True, figsize=(6.8, 3.4), squeeze=False)
    for ax, operation in zip(axes[0], operations, strict=True):
        cell = pairs[pairs["operation"] == operation]
        colour = MODELS[cell["model"].iloc[0]].colour
        bad = cell[cell["rows_permuted"]]
        ax.vlines(bad["seed"], bad["solved_at"], bad["solved_at_authors"], color="black", linewidth=0.8)
        ax.plot(bad["seed"], bad["solved_at_authors"], "s", color="black", markersize=5, markerfacecolor="white",
                label="the authors', rows permuted")
        clean = cell[~cell["rows_permuted"]]
        ax.plot(clean["seed"], clean["solved_at_authors"], "o", color=GREY, markerfacecolor="none", markersize=6,
                alpha=0.6, label="the authors'")
        ax.plot(cell["seed"], cell["solved_at"], ".", color=colour, markersize=4, label="replayed here")
        ax.set(xlabel="seed", yscale="log")
        above(ax, f"${OPERATIONS[operation].symbol}$   n = {cell['solved_at'].notna().sum()}", size=None)
    axes[0, 0].set_ylabel("solved at (updates)")
    axes[0, 0].yaxis.set_major_formatter(EngFormatter())
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def _ticks(axis: Axis, at: Sequence[float]) -> None:
    """Label these places of a logarithmic axis, whose powers of ten are too far apart, and no others."""
    axis.set_major_locator(FixedLocator(at))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
