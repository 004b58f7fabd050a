"""Weight matrices of two-layer networks as pictures, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

COLOURS = "RdBu"
EDGE = "#888888"
IN_A_ROW = 5  # wide enough for a telephone


def draw(networks: Mapping[str, Sequence[np.ndarray]], ax: Axes | None = None) -> Axes:
    """Draw the effective weights of both layers of each network, ``[H, I]`` above ``[1, H]``, over its label.

    Blue is 1, white 0 and red -1; what lies beyond has the colour of the end. A row is an
    output and a column an input, as in $W$.

    Raises
    ------
    ValueError
        If there is no network, or the weights of one do not fit together.
    """
    if not networks:
        raise ValueError("there is no network to draw")
    rows = -(-len(networks) // IN_A_ROW)
    ax = plt.subplots(figsize=(7.2, 1.3 * rows + 0.3))[1] if ax is None else ax
    below, right, ticks, image = 0.0, 0.0, {}, None
    for first in range(0, len(networks), IN_A_ROW):
        left, deepest = 0.0, 0
        for name, (W1, W2) in [*networks.items()][first:first + IN_A_ROW]:
            hidden, inputs = np.shape(W1)
            if np.shape(W2) != (1, hidden):
                raise ValueError(f"{name}: weights must be [H, I] and [1, H], got {np.shape(W1)} and {np.shape(W2)}")
            for W, x, y in ((W1, left, below), (W2, left + (inputs - hidden) / 2, below + hidden + 0.6)):
                image = ax.pcolormesh(x + np.arange(np.shape(W)[1] + 1), y + np.arange(len(W) + 1), W, cmap=COLOURS,
                                      vmin=-1, vmax=1, edgecolors=EDGE, linewidth=0.4)
            ax.text(left + inputs / 2, below + hidden + 1.8, name, ha="center", va="top", size="small")
            if not left:
                ticks |= {below + hidden / 2: "first layer", below + hidden + 1.1: "second layer"}
            left, deepest = left + inputs + 1, max(deepest, hidden)
        below, right = below + deepest + 3.2, max(right, left)
    ax.set(xticks=[], yticks=[*ticks], yticklabels=ticks.values(), xlim=(-0.2, right - 0.8), ylim=(-0.2, below - 0.2), aspect="equal")
    ax.invert_yaxis()
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="weight", ticks=[-1, 0, 1], shrink=0.8, pad=0.02, extend="both")
    return ax
