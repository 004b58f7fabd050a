r"""The same seeds in our runs and in the authors' -> whether their outcomes agree, run by run.

A *pair* is one of our runs and the authors' run of the same model, operation and seed.
`nalu.analysis.kappa` says how much of the agreement is due to the seed. McNemar's exact test in `nalu.analysis.comparisons`
asks whether one side solves more of the pairs with different outcomes, so that the success rates differ.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from nalu.analysis import comparisons, kappa, summary
from nalu.analysis.statistics import Interval
from nalu.analysis.summary import rows_of
from nalu.registry import MODELS
from nalu.support import notation
from nalu.tasks import OPERATIONS

RUN = ["operation", "model", "seed"]


class Agreement(NamedTuple):
    """Outcomes of n pairs; distances are in updates, NaN where there are none."""

    n: int
    same: int
    solved: int  # pairs solved on both sides
    ours: int  # solved here alone
    theirs: int  # solved by the authors alone
    kappa: Interval
    steps: int  # pairs solved on both sides whose steps can be compared
    equal: int  # of these, at exactly the same update
    distance: float  # median of all of them

    @property
    def share(self) -> str:
        """How many pairs have one outcome, as running text."""
        return notation.of(self.same, self.n)

    @property
    def kappa_text(self) -> str:
        """Kappa with its 95 % interval as text; an empty text where it is not defined."""
        k = self.kappa
        return "" if math.isnan(k.estimate) else f"{k.estimate:.2f} [{k.lower:.2f}, {k.upper:.2f}]"

    @property
    def p_value(self) -> float:
        """McNemar's exact test of the pairs with different outcomes; NaN without pairs."""
        return float(comparisons.mcnemar(self.ours, self.theirs)) if self.n else math.nan

    @property
    def apart_text(self) -> str:
        """How many pairs are solved on only one side, and McNemar's test of them, as a clause."""
        if not self.n:
            return notation.NOT_RUN
        return (f"{self.ours + self.theirs} of {self.n:,} pairs have different outcomes (solved only here: {self.ours}, only by the authors: {self.theirs}; "
                f"McNemar's exact test, p = {self.p_value:.2g})")

    @property
    def equal_share(self) -> str:
        """How many steps are exactly equal, as running text."""
        return notation.of(self.equal, self.steps)


def pairs(rows: pd.DataFrame, authors: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run that both sides have: ``solved`` and ``solved_at``, the authors' with a suffix.

    ``rows`` are results, one row per run, and ``authors`` is what `nalu.paper.published.per_seed` gives. A step is
    missing where a run is not solved in the end, and the authors' also where their analysis had permuted its rows.
    """
    sound = authors["solved"] & ~authors["rows_permuted"]
    theirs = authors.assign(solved_at=authors["solved_at"].where(sound))
    columns = [*RUN, "solved", "solved_at"]
    return rows[columns].merge(theirs[columns], on=RUN, suffixes=("", "_authors"), validate="one_to_one")


def of(pairs: pd.DataFrame) -> Agreement:
    """Return how far some pairs agree."""
    cells = counts(pairs)
    both, ours, theirs, neither = map(int, cells.sum(0))
    apart = (pairs["solved_at"] - pairs["solved_at_authors"]).abs().dropna()
    return Agreement(len(pairs), both + neither, both, ours, theirs, kappa.cohen(cells), len(apart), int((apart == 0).sum()),
                     float(apart.median()))


def counts(pairs: pd.DataFrame) -> np.ndarray:
    """Return for each cell the numbers of pairs that `nalu.analysis.kappa.cohen` takes, ``[C, 4]``."""
    ours, theirs = (pairs[c].astype(bool) for c in ("solved", "solved_authors"))
    kinds = pd.DataFrame({"both": ours & theirs, "ours": ours & ~theirs,
                          "theirs": ~ours & theirs, "neither": ~ours & ~theirs})
    return kinds.groupby([pairs[c] for c in RUN[:-1]]).sum().to_numpy(int).reshape(-1, 4)


def table(pairs: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return a line of text per cell: replayed seeds, kappa, those with other outcomes and their test, and the steps."""
    lines = []
    for operation, model in cells:
        a = of(rows_of(pairs, operation, model))
        lines.append({
            "operation": rf"\({OPERATIONS[operation].symbol}\)",
            "model": MODELS[model].plain,
            "replayed": str(a.n) if a.n else notation.NOT_RUN,
            "kappa": a.kappa_text or notation.MISSING,
            "solved here alone": str(a.ours) if a.n else notation.MISSING,
            "there alone": str(a.theirs) if a.n else notation.MISSING,
            "McNemar's p": f"{a.p_value:.2g}" if a.n else notation.MISSING,
            "same outcome": str(a.same) if a.n else notation.MISSING,
            "steps compared": str(a.steps) if a.n else notation.MISSING,
            "same update": str(a.equal) if a.steps else notation.MISSING,
            "median distance": f"{a.distance:,.0f}" if a.steps else notation.MISSING,
        })
    return pd.DataFrame(lines)


def undecided(authors: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the cells in which some of the authors' runs are solved and some are not."""
    rate = authors.groupby(["operation", "model"])["solved"].mean()
    return [cell for cell in cells if 0 < rate.get(cell, 0) < 1]


def matrix(pairs: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return how many replayed seeds have the same outcome: a line per model, a column per operation."""
    cells = [*cells]
    return summary.matrix(cells, [of(rows_of(pairs, *cell)).share for cell in cells])
