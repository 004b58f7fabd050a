"""What the page on cost shows of lanes: a drawing of the two products, and the measured table."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nalu.pages.figures import GREY
from nalu.registry import MODELS

DRAWN = ("NMU", "NAU", "NAC_add", "NAC_mul")
COLUMNS = {"slope, 100 inputs, in µs": ("slope", 100), "in P": ("slope / P", 100), "slope, 4 inputs": ("slope", 4),
           "intercept, 100 inputs": ("intercept", 100), "intercept, 4 inputs": ("intercept", 4)}


def drawing() -> Figure:
    """Draw first layers one after the other, and as one product."""
    figure, (apart, together) = plt.subplots(1, 2, figsize=(6.4, 2.2))
    for k, model in enumerate(DRAWN):
        y, colour = 6 - 2 * k, MODELS[model].colour
        _block(apart, 0, y, 3, GREY, "x")
        _block(apart, 3.6, y, 1.2, colour, r"$W^\top$")
        _block(apart, 5.8, y, 1.2, colour, "z")
        apart.text(5.3, y + 0.6, "=", ha="center", va="center", fontsize=7)
        apart.text(7.2, y + 0.6, MODELS[model].plain, va="center", fontsize=7)
        _block(together, 3.6 + 1.2 * k, 3, 1.2, colour, r"$W^\top$")
        _block(together, 9.4 + 1.2 * k, 3, 1.2, colour, "z")
    _block(together, 0, 3, 3, GREY, "x")
    together.text(8.9, 3.6, "=", ha="center", va="center", fontsize=7)
    for ax, right, title in ((apart, 9.5, "one condition after the other"), (together, 14.4, "all lanes as one product")):
        ax.set(xlim=(-0.2, right), ylim=(-0.3, 7.5))
        ax.set_title(title, fontsize=8)
        ax.axis("off")
    return figure


def _block(ax: Axes, x: float, y: float, width: float, colour: str, text: str) -> None:
    ax.add_patch(plt.Rectangle((x, y), width, 1.2, facecolor=colour, edgecolor="white", linewidth=0.6, alpha=0.85))
    ax.text(x + width / 2, y + 0.6, text, ha="center", va="center", fontsize=7)


def lanes(measured: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``benchmarks/lanes.csv`` as a table with a line for each network."""
    wide = measured[measured["model"] != ""].pivot(index="model", columns=["what", "input_size"], values="value")
    aims = measured[measured["what"] == "slope / P"].set_index("model")["target"].str.removeprefix("< ")
    table = pd.DataFrame({label: wide[key].map("{:.2g}".format) for label, key in COLUMNS.items()}).loc[aims.index]
    table.insert(2, "aim, in P", aims)
    table["plain loop"] = measured[measured["what"] == "plain loop"].set_index("model")["value"].map("{:,.0f}".format)
    table.insert(0, "network", [MODELS[name].plain for name in table.index])
    return table
