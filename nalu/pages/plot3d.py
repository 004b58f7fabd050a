"""Figures that a reader can turn, with a still picture where they cannot be drawn.

JupyterLab draws the figure itself. In the book, which is a folder of files without a network,
``book/_static/plot3d.js`` draws it from the data in the page once it comes into view, with buttons
of HTML; until then, in print and without WebGL the still picture stands in its place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO

import numpy as np
import plotly.graph_objects as go
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

STILL_DPI = 130  # pixels per inch
STILL_COLOURS = 128  # a third of the size of all of them, and no difference to be seen
FROM_ABOVE = {"x": 1.2, "y": -1.2, "z": 1.5}
MARK = "#d55e00"
LINE = "#8a8a8a"  # seen on light and on dark pages


def surfaces(heights: Mapping[str, Sequence[np.ndarray]], marks: Mapping[str, Sequence[np.ndarray]],
             axes: Sequence[str]) -> go.Figure:
    """Return surfaces; a reader sees one at a time and chooses it with a button.

    ``heights`` has by name x `[n]`, y `[m]` and height `[m, n]`; ``marks`` x, y and height of points to mark on the
    surface of that name, if any; ``axes`` are the labels of the three axes.
    """
    figure = go.Figure()
    for name, (x, y, z) in heights.items():
        figure.add_surface(x=_single(x), y=_single(y), z=_single(z), colorscale="Viridis", showscale=False,
                           hovertemplate="%{x:.2f}, %{y:.2f}: %{z:.3g}<extra></extra>")
        u, v, h = marks.get(name, ([], [], []))
        figure.add_scatter3d(x=_single(u), y=_single(v), z=_single(h), mode="markers", hoverinfo="skip",
                             marker={"size": 3, "color": MARK})
    figure.update_traces(visible=False)
    for trace in figure.data[:2]:
        trace.visible = True
    look = {"gridcolor": LINE, "zerolinecolor": LINE, "showbackground": False}
    figure.update_layout(
        template=None, showlegend=False, margin={"l": 0, "r": 0, "t": 34, "b": 0},
        scene={axis: {"title": {"text": label}, **look}
               for axis, label in zip(("xaxis", "yaxis", "zaxis"), axes, strict=True)},
        scene_camera_eye=FROM_ABOVE, updatemenus=[_buttons(list(heights))])
    return figure


def show(figure: go.Figure, still: Figure, alt: str, height: int = 460) -> None:
    """Display a figure that can be turned, `height` pixels high.

    ``still`` is the same as a picture, ``alt`` says what is to be seen to readers who cannot see it.

    Raises
    ------
    ValueError
        If there is no `alt`.
    """
    if not alt.strip():
        raise ValueError("alt is empty; an interactive figure needs a text that says what is to be seen")
    specification = figure.to_json()
    inline = specification.replace("</", "<\\/")  # must not end the script element
    display({
        "application/vnd.plotly.v1+json": json.loads(specification),
        "text/html": f'<div class="plot3d" role="group" aria-label="Figure to turn" style="--height: {height}px">'
                     f'<img alt="{escape(alt)}" src="data:image/png;base64,{_png(still)}">'
                     f'<script type="application/json">{inline}</script></div>',
        "text/plain": alt,
    }, raw=True)


def _single(array: np.ndarray) -> np.ndarray:
    """The array in single precision, half the size of the page."""
    return np.asarray(array, np.float32)


def _buttons(names: list[str]) -> dict:
    """A row of buttons, each of which shows the pair of traces of its name."""
    shown = [[k // 2 == chosen for k in range(2 * len(names))] for chosen in range(len(names))]
    return {
        "type": "buttons", "direction": "right", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
        "pad": {"t": 0, "b": 2}, "font": {"size": 11, "color": "#222222"}, "bgcolor": "#eeeeee",
        "bordercolor": "#999999",
        "buttons": [{"label": name, "method": "restyle", "args": [{"visible": visible}]}
                    for name, visible in zip(names, shown, strict=True)],
    }


def _png(still: Figure) -> str:
    drawn, reduced = BytesIO(), BytesIO()
    still.savefig(drawn, format="png", dpi=STILL_DPI)
    picture = Image.open(drawn).quantize(STILL_COLOURS, Image.Quantize.FASTOCTREE)
    picture.save(reduced, format="png", optimize=True)
    return base64.b64encode(reduced.getvalue()).decode("ascii")
