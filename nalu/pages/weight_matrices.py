"""Weight matrices of two-layer networks as pictures, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

COLOURS = "RdBu"
EDGE = "#888888"


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
    ax = plt.subplots(figsize=(5.8, 1.8))[1] if ax is None else ax
    middles, left, image = [], 0.0, None
    for name, (W1, W2) in networks.items():
        hidden, inputs = np.shape(W1)
        if np.shape(W2) != (1, hidden):
            raise ValueError(f"{name}: weights must be [H, I] and [1, H], got {np.shape(W1)} and {np.shape(W2)}")
        middles.append(left + inputs / 2)
        for W, x, y in ((W1, left, 0), (W2, left + (inputs - hidden) / 2, hidden + 0.6)):
            rows, columns = np.shape(W)
            image = ax.pcolormesh(x + np.arange(columns + 1), y + np.arange(rows + 1), W, cmap=COLOURS,
                                  vmin=-1, vmax=1, edgecolors=EDGE, linewidth=0.4)
        left += inputs + 1
    ax.set(xticks=middles, xticklabels=networks, yticks=[hidden / 2, hidden + 1.1],
           yticklabels=["first layer", "second layer"], xlim=(-0.2, left - 0.8), aspect="equal")
    ax.invert_yaxis()
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="weight", ticks=[-1, 0, 1], shrink=0.8, pad=0.02, extend="both")
    return ax
