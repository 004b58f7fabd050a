"""Trainings to watch: their weights and test errors, update by update.

In the book ``book/_static/film.js`` puts a slider below the pictures, a line at the chosen update into them, and the
weights of that update as coloured cells beside them; without it, and in print, the pictures stay.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import EngFormatter

from nalu.pages.figures import GREY

SIZE = 3.1, 3.0  # inches
PANELS = ((0.21, 0.6, 0.76, 0.37), (0.21, 0.17, 0.76, 0.37))
"""Left, bottom, width and height of both panels, as shares of the picture: the script draws its line there."""


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


class Film:
    """Some runs side by side, which share their steps.

    Parameters
    ----------
    runs : sequence of Run
    threshold : float
        Test error below which a run counts as solved.
    colour : str
        Of the network.
    alt : str
        What is to be seen, for readers who cannot see it.

    Raises
    ------
    ValueError
        If there is no `alt`, or the runs have other steps.
    """

    def __init__(self, runs: Sequence[Run], threshold: float, colour: str, alt: str) -> None:
        if not alt.strip():
            raise ValueError("alt is empty; a film needs a text that says what is to be seen")
        if any(not np.array_equal(run.steps, runs[0].steps) for run in runs):
            raise ValueError("the runs of a film must have the same steps")
        self.runs, self.threshold, self.colour, self.alt = runs, threshold, colour, alt

    def _repr_html_(self) -> str:
        pictures, places = zip(*map(self._picture, self.runs), strict=True)
        data = {"steps": [int(step) for step in self.runs[0].steps], "places": _short(places[0]), "panels": PANELS,
                "threshold": self.threshold, "runs": [{"errors": _short(run.errors), "weights": [_short(w) for w in run.weights]} for run in self.runs]}
        figures = "".join(f'<figure><figcaption>{escape(run.title)}</figcaption><div class="film-picture">'
                          f'<img alt="" src="data:image/svg+xml;base64,{picture}"></div></figure>'
                          for run, picture in zip(self.runs, pictures, strict=True))
        return (f'<div class="film" role="group" aria-label="{escape(self.alt)}">{figures}'
                f'<script type="application/json">{json.dumps(data, separators=(",", ":"))}</script></div>')

    def __repr__(self) -> str:
        return self.alt

    def _picture(self, run: Run) -> tuple[str, np.ndarray]:
        """The picture of a run, and where along its axes the steps lie, from 0 to 1."""
        figure = plt.figure(figsize=SIZE, layout="none")
        top, bottom = map(figure.add_axes, PANELS)
        for layer, style in zip(run.weights, ("-", "--"), strict=True):
            top.plot(run.steps, layer.reshape(len(run.steps), -1), style, color=self.colour, linewidth=0.9, alpha=0.8)
        top.plot([], [], "-", color=self.colour, label="first layer")
        top.plot([], [], "--", color=self.colour, label="second layer")
        top.set(ylabel="weight", ylim=(-1.08, 1.08), yticks=[-1, 0, 1])
        top.legend(loc="lower left", fontsize="small", frameon=False)
        bottom.plot(run.steps, run.errors, color=self.colour)
        bottom.axhline(self.threshold, color=GREY, linestyle="--", linewidth=0.8)
        bottom.set(yscale="log", ylim=self._range(), xlabel="update", ylabel="test error")
        for ax in (top, bottom):
            ax.set_xscale("symlog", linthresh=run.steps[1], linscale=0.3)
            ax.set_xlim(0, run.steps[-1])
            ax.minorticks_off()
            ax.xaxis.set_major_formatter(EngFormatter())
        top.tick_params(labelbottom=False)
        file = BytesIO()
        figure.savefig(file, format="svg", bbox_inches=None, transparent=True, metadata={"Date": None})
        both = np.stack([run.steps, np.full(len(run.steps), self.threshold)], axis=1)
        places = bottom.transAxes.inverted().transform(bottom.transData.transform(both))[:, 0]
        plt.close(figure)
        return base64.b64encode(file.getvalue()).decode("ascii"), places

    def _range(self) -> tuple[float, float]:
        errors = np.concatenate([[self.threshold], *(run.errors for run in self.runs)])
        return errors.min() / 2, errors.max() * 2


def steps(last: int, count: int) -> list[int]:
    """About so many updates from 0 to `last`, evenly spaced in the logarithm from 100 on."""
    return [0, *np.unique(np.geomspace(100, last, count).round().astype(int)).tolist()]


def _short(values: Iterable) -> list:
    """Numbers as text shows them: four digits."""
    return [_short(v) if np.ndim(v) else float(f"{v:.4g}") for v in values]
