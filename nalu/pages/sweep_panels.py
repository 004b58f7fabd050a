r"""Points of an experiment that varies one setting -> the papers' three panels for every model, and the seeds behind them.

A row of panels belongs to one model: ours in full with a filled symbol, the paper's faintly
with an open one, a little to the right, both with 95 % intervals. The values of the
setting are evenly spaced, whatever lies between them, so that intervals stand side by side;
values that have no order, such as ranges, are not joined. A cross stands for a point that
was not run yet.
"""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, MultipleLocator, NullFormatter

from nalu.analysis.summary import NOTHING
from nalu.pages.figures import FAINT, GREY, above, bars, grid
from nalu.paper.sweeps import Point, by, by_model, of_declared, pooled
from nalu.support.notation import NOT_RUN

METRICS = {"success_rate": "success rate", "solved_at_mean": "solved at (updates)",
           "sparsity_error_mean": "sparsity error"}
"""Metric -> what is written at the axis of its panel."""

SMALLEST = 1e-7  # the axis of sparsity errors is logarithmic from here, and has a 0
APART = 0.16  # between the middle of a value's band and ours, the paper's
MISSING = -0.08  # height of the crosses in the panel of rates
PANEL = 1.05  # inches of height of a panel
MANY = 100  # a larger ratio of updates has a tick per decade only
WIDE = 14  # characters of all ticks that fit beside each other
LANE = 0.17  # inches of height per point of the figure of seeds


def compare(points: Sequence[Point], label: str, split: Callable[[Point], str] | None = None) -> Figure:
    """Draw success rate, solved at and sparsity error against what varies, a row of panels per model.

    The points are of one operation; ``label`` is what varies, in words, and ``split`` divides the points of a model
    further, by a name that stands beside the model's. The name of a row says how many of the declared runs a point has, as a range where
    that varies; the legend says how many points have none yet.
    """
    lines = {title: part for line in by_model(points).values() for title, part in by(
        line, lambda p: f"{p.model.plain}, {split(p)}" if split else p.model.plain).items()}
    ticks = [*by(points, lambda p: p.x)]
    figure, axes = plt.subplots(len(lines), len(METRICS), sharex=True, sharey="col", squeeze=False,
                                figsize=(6.4, 1.2 + PANEL * len(lines)))
    for (title, line), beside in zip(lines.items(), axes, strict=True):
        at = np.array([ticks.index(p.x) for p in line])
        for metric, ax in zip(METRICS, beside, strict=True):
            _bands(ax, len(ticks))
            _line(ax, at - APART, line, metric, "ours")
            _line(ax, at + APART, line, metric, "paper")
        absent = at[[p.runs.empty for p in line]]
        beside[0].plot(absent, np.full(len(absent), MISSING), "x", markersize=3, color=line[0].model.colour)
        n = f"n = {of_declared(line)}" if any(len(p.runs) for p in line) else NOT_RUN
        beside[0].set_title(f"{title}, {n}", loc="left", fontsize="small", pad=3)  # unlike a note, it takes no room in width
    turned = len("".join(ticks)) > WIDE
    for (metric, name), column in zip(METRICS.items(), axes.T, strict=True):
        column[0].annotate(name, (0.5, 1), xycoords="axes fraction", xytext=(0, 17), textcoords="offset points", ha="center")
        column[-1].set_xticks(range(len(ticks)), ticks, fontsize="small", rotation=90 if turned else 0)
        _scale(column, metric)
    figure.supxlabel(label, fontsize="medium")
    _legend(figure, points)
    return figure


def seeds(points: Sequence[Point], label: str) -> Figure:
    """Draw a bar for every run at its seed, a lane per point: tall where solved, short and grey where not.

    A panel per model says how many of its runs are solved; where nothing is drawn, nothing was run.
    """
    lines, ticks = by_model(points), [*by(points, lambda p: p.x)]
    figure, axes = grid(len(lines), min(len(lines), 2), 0.6, 0.35 + LANE * len(ticks), sharex=True, sharey=True)
    for ax, line in zip(axes.flat, lines.values(), strict=False):
        for p in line:
            bars(ax, ticks.index(p.x), p.runs, p.model.colour, (9, 4), 1.5)
        found = pooled(line)
        above(ax, f"{line[0].model.plain}: {found if found == NOT_RUN else f'{found} solved'}")
        ax.grid(False)
    last = max(max(p.condition.seeds) for p in points)
    axes[0, 0].set(xlim=(-1, last + 1), ylim=(len(ticks) - 0.4, -0.6))
    axes[0, 0].set_yticks(range(len(ticks)), ticks)
    figure.supxlabel("seed", fontsize="medium")
    figure.supylabel(label, fontsize="medium")
    return figure


def _line(ax: Axes, at: np.ndarray, line: list[Point], metric: str, side: str) -> None:
    """Draw the values of one model and side with their intervals, joined by a thin line."""
    cells = [getattr(p, side).get(metric, NOTHING) for p in line]
    values, lower, upper = np.array([c.interval for c in cells], float).T
    if np.isnan(values).all():
        return
    row, faint = line[0].model, side == "paper"
    style = {"color": row.colour, "alpha": FAINT if faint else 1.0, "zorder": 3}
    if not line[0].x.startswith("["):
        ax.plot(at, values, "-", linewidth=0.8, **style)
    ax.vlines(at, lower, upper, linewidth=1.6, **style)
    ax.plot(at, values, row.marker, markersize=4, markerfacecolor="white" if faint else row.colour, **style)


def _bands(ax: Axes, ticks: int) -> None:
    """Tint every second value of what varies: what stands in one band belongs to one value."""
    for at in range(1, ticks, 2):
        ax.axvspan(at - 0.5, at + 0.5, color=GREY, alpha=0.08, linewidth=0, zorder=0)
    ax.set_xlim(-0.5, ticks - 0.5)
    ax.grid(False, axis="x")


def _scale(axes: Sequence[Axes], metric: str) -> None:
    """Scale the vertical axis that a column of panels shares."""
    ax = axes[0]
    if metric == "success_rate":
        ax.set_ylim(MISSING - 0.05, 1.04)
        ax.yaxis.set_major_locator(MultipleLocator(0.5))
        ax.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:.0f} %")
    elif metric == "solved_at_mean":
        drawn = [line.get_ydata() for other in axes for line in other.lines] or [[1e5, 1e6]]
        ax.set(yscale="log", ylim=(np.nanmin(np.concatenate(drawn)) / 1.6,
                                   np.nanmax(np.concatenate(drawn)) * 1.6))
        low, high = ax.get_ylim()
        ax.yaxis.set_major_locator(LogLocator(subs=(1,) if high / low > MANY else (1, 3)))
        ax.yaxis.set_major_formatter(EngFormatter())
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_yscale("symlog", linthresh=SMALLEST)
        ax.yaxis.set_major_locator(FixedLocator((0, 1e-6, 1e-4, 1e-2, 1)))
        ax.set_ylim(-SMALLEST / 2, 1)


def _legend(figure: Figure, points: Sequence[Point]) -> None:
    """Explain full and faint and the crosses, above the panels."""
    ax, left = figure.axes[0], sum(p.runs.empty for p in points)
    ax.plot([], [], "o-", color=GREY, label="here, 95 % interval")
    if any(p.paper for p in points):
        runs = {p.rate("paper").n for p in points if p.paper}
        ax.plot([], [], "o-", color=GREY, alpha=FAINT, markerfacecolor="white",
                label=f"in the paper, n = {'–'.join(map(str, sorted({min(runs), max(runs)})))}")
    if left:
        ax.plot([], [], "x", color=GREY, markersize=3,
                label=f"{left} of {len(points)} points {NOT_RUN}")
    figure.legend(loc="outside upper left", ncols=3)
