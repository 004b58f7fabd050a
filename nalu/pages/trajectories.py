"""Recorded trainings to watch: their weights and test errors, update by update.

In the book ``book/playground/trajectories.js`` shows them with the drawing of the playground and a slider below it. Without
scripts, and in print, there is a picture with the same curves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from nalu.pages import figures
from nalu.pages.playground import Place


@dataclass(frozen=True)
class Run:
    """A training as the page shows it.

    Parameters
    ----------
    title : str
    steps : numpy.ndarray
        Updates made, ascending, the first of them 0; `[T]`.
    weights : sequence of numpy.ndarray
        Effective weights of the first and the second layer, `[T, H, I]` and `[T, 1, H]`.
    errors : numpy.ndarray
        Test error at these steps, `[T]`.
    """

    title: str
    steps: np.ndarray
    weights: Sequence[np.ndarray]
    errors: np.ndarray


def place(runs: Sequence[Run], threshold: float, colour: str, alt: str) -> Place:
    """Return where some runs of one network stand side by side; they must have the same steps.

    ``threshold`` is the test error below which a run counts as solved, and ``alt`` says what is to be seen, for readers who
    cannot see it.
    """
    if any(not np.array_equal(run.steps, runs[0].steps) for run in runs):
        raise ValueError("runs that are shown side by side must have the same steps")
    shown = [{"title": run.title, "errors": _short(run.errors), "weights": [_short(W.reshape(len(W), -1)) for W in run.weights]} for run in runs]
    data = {"steps": [int(step) for step in runs[0].steps], "threshold": threshold, "colour": colour, "runs": shown}
    return Place("trajectories", _picture(runs, threshold, colour), alt, data)


def steps(last: int, count: int) -> list[int]:
    """About so many updates from 0 to `last`, evenly spaced in the logarithm from 100 on."""
    return [0, *np.unique(np.geomspace(100, last, count).round().astype(int)).tolist()]


def _picture(runs: Sequence[Run], threshold: float, colour: str) -> Figure:
    figure, axes = plt.subplots(2, len(runs), figsize=(7.2, 3.6), sharex=True, sharey="row", squeeze=False)
    for run, (top, bottom) in zip(runs, axes.T, strict=True):
        for layer, style, name in zip(run.weights, ("-", "--"), ("first layer", "second layer"), strict=True):
            lines = top.plot(run.steps, layer.reshape(len(run.steps), -1), style, color=colour, linewidth=0.9, alpha=0.8)
            lines[0].set_label(name)
        bottom.plot(run.steps, run.errors, color=colour)
        bottom.axhline(threshold, color=figures.GREY, linestyle="--", linewidth=0.8)
        figures.above(top, run.title)
        bottom.set(xlabel="update", yscale="log")
        bottom.set_xscale("symlog", linthresh=run.steps[1], linscale=0.3)
        bottom.xaxis.set_major_formatter(EngFormatter())
        bottom.minorticks_off()
    axes[0, 0].set(ylabel="weight", yticks=[-1, 0, 1])
    axes[0, 0].legend(loc="lower left", fontsize="small")
    axes[1, 0].set_ylabel("test error")
    return figure


def _short(values: Iterable) -> list:
    """Numbers as text shows them: four digits."""
    return [_short(v) if np.ndim(v) else float(f"{v:.4g}") for v in values]
