"""Two runs of every seed -> a lane of bars that face each other across a line.

A tall bar in the colour of the model says yes, a short grey one no; no bar, no run.
"""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nalu.pages.figures import GREY, note
from nalu.registry import MODELS

TALL, SHORT = 0.38, 0.1


class Bars(NamedTuple):
    """The runs on one side of a line: their seeds, and for each of them whether it is a yes."""

    seeds: pd.Series
    yes: pd.Series
    alpha: float = 1.0


class Lane(NamedTuple):
    """The labels to the left and right of a line, and the bars above and below it."""

    model: str
    name: str
    note: str
    above: Bars
    below: Bars


def draw(lanes: Sequence[Lane], margin: float, lane: float) -> Axes:
    """Draw lanes, the first on top, in a new figure; ``margin`` and ``lane`` are heights in inches."""
    ax = plt.subplots(figsize=(6.4, margin + lane * len(lanes)))[1]
    for y, one in enumerate(lanes):
        ax.axhline(y, color=GREY, linewidth=0.4)
        for (seeds, yes, alpha), up in ((one.above, -1), (one.below, 1)):
            for chosen, height, colour in ((seeds[yes], TALL, MODELS[one.model].colour),
                                           (seeds[~yes], SHORT, GREY)):
                ax.vlines(chosen, y, y + up * height, color=colour, alpha=alpha, linewidth=1.8)
        note(ax, y, one.note)
    ax.set_yticks(range(len(lanes)), [one.name for one in lanes])
    ax.set(xlabel="seed", ylim=(len(lanes) - 0.5, -0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(False)
    return ax
