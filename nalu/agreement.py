r"""The same seeds here and at the authors' -> whether their outcomes agree, run by run.

A *pair* is a run of ours and the authors' run of the same model, operation and seed. Two
sets of runs that had nothing in common but their success rates would agree in a share $p_e$ of
the pairs, too; Cohen's kappa counts what goes beyond that,

$$
\kappa = \frac{p_o - p_e}{1 - p_e}, \qquad p_e = p q + (1 - p)(1 - q),
$$

with $p_o$ the share of pairs that agree, $p$ and $q$ the success rates of the two sides. It
is 1 where every seed has its outcome again and about 0 where the seed has no say; it is
not defined where all runs of both sides have one outcome.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nalu import notation
from nalu.figures import FAINT, GREY
from nalu.registry import MODELS
from nalu.tables import NOT_RUN
from nalu.tasks import OPERATIONS

RUN = ["operation", "model", "seed"]
LANE = 0.42  # inches of height per pair of lanes


class Agreement(NamedTuple):
    """Outcomes of n pairs; distances are in updates, NaN where there are none."""

    n: int
    same: int
    solved: int  # pairs solved on both sides
    kappa: float
    steps: int  # pairs solved on both sides whose steps can be compared
    equal: int  # of these, at exactly the same update
    distance: float  # median of all of them

    @property
    def share(self) -> str:
        """How many pairs agree, as running text."""
        return f"{self.same} of {self.n}" if self.n else NOT_RUN


def pairs(rows: pd.DataFrame, authors: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run that both sides have: ``solved`` and ``solved_at``, the authors' with a suffix.

    A step is missing where a run is not solved in the end, and the authors' also where
    their analysis had permuted the rows of the run.

    Parameters
    ----------
    rows
        Results, one row per run.
    authors
        What `nalu.published.per_seed` gives.
    """
    sound = authors["solved"] & ~authors["rows_permuted"]
    theirs = authors.assign(solved_at=authors["solved_at"].where(sound))
    columns = [*RUN, "solved", "solved_at"]
    return rows[columns].merge(theirs[columns], on=RUN, suffixes=("", "_authors"), validate="one_to_one")


def of(pairs: pd.DataFrame) -> Agreement:
    """Return how far some pairs agree."""
    ours, theirs = (pairs[c].to_numpy(bool) for c in ("solved", "solved_authors"))
    apart = (pairs["solved_at"] - pairs["solved_at_authors"]).abs().dropna()
    return Agreement(len(pairs), int((ours == theirs).sum()), int((ours & theirs).sum()), kappa(pairs),
                     len(apart), int((apart == 0).sum()), float(apart.median()) if len(apart) else math.nan)


def kappa(pairs: pd.DataFrame) -> float:
    """Return Cohen's kappa of some pairs; NaN without pairs, or if all of each cell have one outcome.

    Over several cells the share of chance is the mean of those of the cells, each with its
    own rates: that some cells are easier than others is no agreement.
    """
    if pairs.empty:
        return math.nan
    cells = pairs.groupby(RUN[:-1])
    p, q = (cells[side].transform("mean") for side in ("solved", "solved_authors"))
    chance = (p * q + (1 - p) * (1 - q)).mean()
    same = (pairs["solved"] == pairs["solved_authors"]).mean()
    return math.nan if chance == 1 else float((same - chance) / (1 - chance))


def table(pairs: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return a line of text per cell: replayed seeds, those with the same outcome, kappa, and the steps."""
    lines = []
    for operation, model in cells:
        a = of(_cell(pairs, operation, model))
        lines.append({
            "operation": rf"\({OPERATIONS[operation].symbol}\)",
            "model": MODELS[model].plain,
            "replayed": str(a.n) if a.n else NOT_RUN,
            "same outcome": str(a.same) if a.n else notation.MISSING,
            "kappa": f"{a.kappa:.2f}" if a.kappa == a.kappa else notation.MISSING,
            "steps compared": str(a.steps) if a.n else notation.MISSING,
            "same update": str(a.equal) if a.steps else notation.MISSING,
            "median distance": f"{a.distance:,.0f}" if a.steps else notation.MISSING,
        })
    return pd.DataFrame(lines)


def undecided(authors: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the cells in which some of the authors' runs are solved and some are not."""
    rate = authors.groupby(["operation", "model"])["solved"].mean()
    return [cell for cell in cells if 0 < rate.get(cell, 0) < 1]


def strip(rows: pd.DataFrame, authors: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> Axes:
    """Draw each seed twice: our run as a bar above the line of its cell, the authors' faintly below.

    A bar in colour is solved, a short grey one not; a seed without a bar above has not been
    run here. At the right, how many seeds have the same outcome on both sides.
    """
    cells = [*cells]
    ax = plt.subplots(figsize=(6.4, 0.6 + LANE * len(cells)))[1]
    joined = pairs(rows, authors)
    for y, (operation, model) in enumerate(cells):
        ax.axhline(y, color=GREY, linewidth=0.4)
        for runs, up, alpha in ((_cell(rows, operation, model), -1, 1.0),
                                (_cell(authors, operation, model), 1, FAINT)):
            solved = runs["solved"].astype(bool)
            for seeds, height, colour in ((runs.loc[solved, "seed"], 0.38, MODELS[model].colour),
                                          (runs.loc[~solved, "seed"], 0.1, GREY)):
                ax.vlines(seeds, y, y + up * height, color=colour, alpha=alpha, linewidth=1.8)
        a = of(_cell(joined, operation, model))
        ax.annotate(a.share + ("\nthe same" if a.n else ""), (1, y), xycoords=ax.get_yaxis_transform(),
                    xytext=(6, 0), textcoords="offset points", va="center", fontsize="small",
                    annotation_clip=False)
    names = [f"${OPERATIONS[o].symbol}$   {MODELS[m].plain}\nn = {len(_cell(rows, o, m))}" for o, m in cells]
    ax.set_yticks(range(len(cells)), names)
    ax.set(xlabel="seed", xlim=(-1, authors["seed"].max() + 1), ylim=(len(cells) - 0.5, -0.5))
    ax.grid(False)
    return ax


def _cell(runs: pd.DataFrame, operation: str, model: str) -> pd.DataFrame:
    return runs[(runs["operation"] == operation) & (runs["model"] == model)]
