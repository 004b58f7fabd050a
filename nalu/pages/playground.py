"""The places of the playground in a page, each with a picture for print and for readers without scripts.

In the book ``book/_static/playground.js`` reads the scripts of ``book/playground/`` when such a place comes into view. They train
the networks of Table 1 with the numbers, to the last bit, of `nalu.training`; ``tests/test_playground.py`` compares.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from html import escape
from io import BytesIO

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from nalu.registry import MODELS

PARTS = "set-weights", "train", "trajectories"


class Place:
    """Where a part of the playground will stand.

    Parameters
    ----------
    part : {"set-weights", "train", "trajectories"}
    picture : matplotlib.figure.Figure
        What is shown instead; it is closed.
    alt : str
        What the picture shows, for readers who cannot see it.
    data : dict, optional
        What the scripts need, see `training_data` and `nalu.pages.trajectories`.

    Raises
    ------
    ValueError
        If there is no such part, or `alt` is empty.
    """

    def __init__(self, part: str, picture: Figure, alt: str, data: dict | None = None) -> None:
        if part not in PARTS:
            raise ValueError(f"the playground has no part {part!r}; it has {', '.join(PARTS)}")
        if not alt.strip():
            raise ValueError("alt is empty; a picture needs a text that says what is to be seen")
        file = BytesIO()
        picture.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        plt.close(picture)
        self.part, self.alt, self.data = part, alt, data
        self.picture = base64.b64encode(file.getvalue()).decode("ascii")

    def _repr_html_(self) -> str:
        data = "" if self.data is None else f'<script type="application/json">{json.dumps(self.data, separators=(",", ":"))}</script>'
        return (f'<div class="playground">{data}<div class="{self.part}"></div>'
                f'<img alt="{escape(self.alt)}" src="data:image/svg+xml;base64,{self.picture}"></div>')

    def __repr__(self) -> str:
        return self.alt


def training_data(rows: pd.DataFrame, models: Iterable[str], threshold: float) -> dict:
    """Return what the trainings in the page are compared with.

    ``threshold`` is the test error below which a run counts as solved; for each model there is its ``label``, its ``colour``,
    and by seed of the recorded ``rows`` the update at which it is ``solved_at``, None if it is not solved.
    """
    networks = {}
    for model in models:
        mine = rows[rows["model"] == model]
        runs = {int(seed): {"solved_at": None if math.isnan(at) else int(at)} for seed, at in zip(mine["seed"], mine["solved_at"], strict=True)}
        networks[model] = {"label": MODELS[model].plain, "colour": MODELS[model].colour, "runs": runs}
    return {"threshold": threshold, "networks": networks}
