"""A weight of the product at the edge of its range: with the projection it comes back, without the projection it stays outside."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from nalu.pages.figures import GREY
from nalu.registry import MODELS


def surplus(weights: np.ndarray, end: float = 0.5) -> np.ndarray:
    """Return which weights of a product `[T, H]` end nearer to 0 than to 1: those that the solution leaves out."""
    return weights[-1] < end


def returns(weights: np.ndarray) -> float:
    """Return the share of logged points above 0, after its first point at or below 0, over all weights `[T, H]` that reach it."""
    later = [w[np.argmax(w <= 0):] > 0 for w in weights.T if (w <= 0).any()]
    return float(np.concatenate(later).mean()) if later else float("nan")


def at_the_edge(steps: np.ndarray, weights: Mapping[str, np.ndarray], last: int = 100) -> Axes:
    """Draw the last points of the surplus weights, as they are stored, of a run per network `[T, H]`."""
    ax = plt.subplots(figsize=(3.3, 2.0))[1]
    ax.axhspan(-1000, 0, color=GREY, alpha=0.12, linewidth=0)
    for name, w in weights.items():
        for j in np.flatnonzero(surplus(w)):
            ax.plot(steps[-last:], 1000 * w[-last:, j], "-", color=MODELS[name].colour, linewidth=0.9)
    for name in weights:
        ax.plot([], [], "-", color=MODELS[name].colour, label=MODELS[name].plain)
    values = np.concatenate([1000 * w[-last:, surplus(w)].ravel() for w in weights.values()])
    ax.set(xlabel="update", ylabel="weight × 1000", ylim=(values.min() - 1, values.max() + 1))
    ax.annotate("outside: no gradient", (0.02, 0), xycoords=("axes fraction", "data"), xytext=(0, -3), textcoords="offset points",
                va="top", fontsize="x-small", color=GREY)
    ax.xaxis.set_major_formatter(EngFormatter())
    ax.legend(loc="lower left", bbox_to_anchor=(-0.2, 1), fontsize="x-small")
    return ax
