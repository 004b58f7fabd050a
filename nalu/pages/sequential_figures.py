"""Figures of sequential MNIST: curves against the length, errors, digits, and the pictures.

A condition has the colour of its unit. One without R_z, of a unit that has it in the paper, is
dashed; one that departs from the authors' code is dotted. Bands and bars are 95 %
intervals.
"""

from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from nalu.experiments.sequential_conditions import SequenceCondition, SequenceExperiment
from nalu.experiments.sequential_models import RECURRENT
from nalu.pages.figures import GREY, above, grid
from nalu.pages.sweep_panels import METRICS
from nalu.support.notation import NOT_RUN


def label(case: SequenceCondition) -> str:
    """What figures and tables call a condition: ``NMU, $R_z$``."""
    extra = {"cell": ["$R_z$"], "image": ["$R_z$ of the pictures"]}[case.z_over] if case.lambda_z else []
    extra += [f"{case.state_size} states"] if case.state_size > 1 else []
    extra += [f"h₀ = {case.initial_state:g}"] if case.initial_state != _usual(case).initial_state else []
    return ", ".join([RECURRENT[case.model].plain, *extra])


def compare(columns: Mapping[str, pd.DataFrame], entry: SequenceExperiment, metrics: Iterable[str],
            wide: int = 2) -> Figure:
    """Draw metrics of `nalu.pages.sweep_panels.METRICS` against the test length, a panel for each column and metric.

    ``columns`` has curves as `nalu.sequential.outcomes` makes them, of the conditions that ``entry`` declares, by the
    title of their panel; empty ones give a panel that says so. ``wide`` panels stand beside each other.
    """
    wanted = [(title, metric) for metric in metrics for title in columns]
    figure, axes = grid(len(wanted), wide, 0.9, 2.1, sharex=True)
    for ax, (title, metric) in zip(axes.flat, wanted, strict=True):
        _curves(ax, columns[title], entry, metric)
        above(ax, title)
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(METRICS[metric])
    figure.supxlabel("length of the test sequences", fontsize="medium")
    shown = {c for table in columns.values() for c in table["condition"]}
    _legend(figure, [case for case in entry.conditions if case.id in shown])
    return figure


def errors(judged: pd.DataFrame, entry: SequenceExperiment) -> Figure:
    """Draw the test error of every run against the length, over the threshold: below 1 it is solved."""
    figure, ax = plt.subplots(figsize=(6.4, 4.2))
    shown = [case for case in entry.conditions if case.id in set(judged["condition"])]
    for case in shown:
        for _, run in judged[judged["condition"] == case.id].groupby("seed"):
            ax.plot(run["test_length"], run["test_mse"] / run["threshold"], linewidth=1, **_style(case))
    ax.axhline(1, color=GREY, linewidth=5, alpha=0.35, zorder=0, label="threshold")
    ax.set(yscale="log", xlabel="length of the test sequences", ylabel="test error over threshold")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not shown:
        _absent(ax)
    _legend(figure, shown)
    return figure


def digits(outputs: pd.DataFrame, entry: SequenceExperiment) -> Figure:
    """Draw what the convolutional network gives for each digit: mean and standard deviation, a line per seed."""
    shown = [case for case in entry.conditions if case.id in set(outputs["condition"])] or [entry.reference]
    figure, axes = grid(len(shown), min(3, len(shown)), 0.6, 1.8, sharex=True)
    for ax, case in zip(axes.flat, shown, strict=False):
        runs = outputs[outputs["condition"] == case.id]
        ax.axline((0, 0), slope=1, color=GREY, linewidth=4, alpha=0.3, zorder=0)
        for k, (_, run) in enumerate(runs.groupby("seed")):
            ax.errorbar(run["digit"] + 0.12 * k, run["mean"], run["sd"], linewidth=1, capsize=0,
                        color=RECURRENT[case.model].colour, alpha=0.7)
        above(ax, label(case))
        ax.set_xticks(range(0, 10, 3))
        ax.yaxis.set_major_formatter(_plain)
        if runs.empty:
            _absent(ax)
    figure.supxlabel("digit in the picture", fontsize="medium")
    figure.supylabel("number from the picture", fontsize="medium")
    return figure


def sequences(images: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> Figure:
    """Draw sequences of pictures `[n, L, 28, 28]`, above each the target so far `[n, L]`."""
    n, length = labels.shape
    figure, axes = plt.subplots(n, length, squeeze=False, figsize=(min(6.4, 0.9 * length), 1.05 * n))
    for ax, image, target in zip(axes.flat, images.reshape(-1, 28, 28), targets.flat, strict=True):
        ax.imshow(image, cmap="gray_r", interpolation="nearest")
        ax.set_axis_off()
        ax.set_title(f"{target:g}", fontsize="small", pad=2)
    return figure


def _curves(ax: Axes, table: pd.DataFrame, entry: SequenceExperiment, metric: str) -> None:
    mine = table[(table["metric"] == metric) & table["estimate"].notna()]
    for case in entry.conditions:
        line = mine[mine["condition"] == case.id].sort_values("test_length")
        if len(line):
            style = _style(case)
            ax.plot(line["test_length"], line["estimate"], linewidth=1.2, **style)
            ax.fill_between(line["test_length"], line["lower"].fillna(line["estimate"]),
                            line["upper"].fillna(line["estimate"]), color=style["color"], alpha=0.12, linewidth=0)
    if metric == "success_rate":
        ax.set_ylim(-0.04, 1.04)
        ax.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:.0f} %")
    elif metric == "solved_at_mean":
        ax.yaxis.set_major_formatter(EngFormatter())
    else:
        ax.set_ylim(-0.01, 0.52)
    if mine.empty:
        _absent(ax, NOT_RUN if table.empty else "none solved")


def _style(case: SequenceCondition) -> dict:
    row = RECURRENT[case.model]
    usual = _usual(case)
    without = row.neutral is not None and not case.lambda_z
    departs = ((case.initial_state, case.state_size) != (usual.initial_state, usual.state_size)
               or bool(case.lambda_z) and case.z_over != usual.z_over)
    line = ":" if departs else "--" if without else "-"
    return {"color": row.colour, "linestyle": line, "marker": row.marker, "markersize": 3}


def _usual(case: SequenceCondition) -> SequenceCondition:
    """The same model as the authors' code has it."""
    return SequenceCondition(case.model, case.task)


def _plain(value: float, _: int | None = None) -> str:
    """A number on an axis, short without a factor at the axis' end: ``0.25``, ``4 k``."""
    return EngFormatter()(value) if abs(value) >= 1000 else f"{value:g}".replace("-", "−")


def _absent(ax: Axes, text: str = NOT_RUN) -> None:
    ax.annotate(text, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=GREY)
    ax.grid(False)


def _legend(figure: Figure, shown: Iterable[SequenceCondition]) -> None:
    for case in shown:
        figure.axes[0].plot([], [], label=label(case), **_style(case))
    if figure.axes[0].get_legend_handles_labels()[0]:
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
