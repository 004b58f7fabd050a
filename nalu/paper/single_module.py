"""The single-module benchmark: what came out of every cell, beside what is published of it."""

import pandas as pd

from nalu import experiments
from nalu.analysis.statistics import wilson
from nalu.paper import published
from nalu.results import runs
from nalu.support import notation

KEY = ["operation", "model", "train_range"]
DIGITISED = 10
"""How far a published step may lie from the true one: it was read off a drawing, in updates."""


def cells(experiment: str = "single_module") -> pd.DataFrame:
    """Return a row for each condition, in their order.

    Returns
    -------
    DataFrame
        Columns ``operation, model, train_range``; of our runs ``n``, ``k`` solved, the mean step ``solved_at`` of those, and
        ``failed``, the seeds of the others; of the published ones ``n_paper, k_paper, solved_at_paper``, NaN where nothing is on file.
    """
    found = runs.by_condition(experiment)
    lines = []
    for case in experiments.get(experiment).conditions:
        rows, settings = found[case.id], case.settings()
        solved = rows["solved"].astype(bool)
        lines.append({**{name: settings[name] for name in KEY}, "n": len(rows), "k": int(solved.sum()),
                      "solved_at": rows.loc[solved, "solved_at"].mean(), "failed": tuple(rows.loc[~solved, "seed"])})
    names = {"n_seeds": "n_paper", "n_solved": "k_paper", "solved_at_mean": "solved_at_paper"}
    return pd.DataFrame(lines).merge(published.single_module().rename(columns=names), how="left", on=KEY, validate="one_to_one")


def agree(beside: pd.DataFrame) -> pd.Series:
    """Return which cells have as many solved runs as published, and their mean step, where it is on file, up to the digitisation."""
    same = (beside["n"] == beside["n_paper"]) & (beside["k"] == beside["k_paper"])
    return same & (((beside["solved_at"] - beside["solved_at_paper"]).abs() <= DIGITISED) | beside["solved_at_paper"].isna())


def share(cells: pd.DataFrame, **where) -> str:
    """Say how many runs of some cells are solved, with the 95 % interval of the rate: ``60 of 225 (21–33 %)``.

    Parameters
    ----------
    cells
        As `cells` returns them.
    where
        Values of columns, each one or a collection: of which cells.
    """
    for name, value in where.items():
        cells = cells[cells[name].isin([value] if isinstance(value, str) else [*value])]
    k, n = int(cells["k"].sum()), int(cells["n"].sum())
    rate = wilson(k, n)
    return notation.of(k, n) + (f" ({notation.prose_range(rate.lower, rate.upper)})" if n else "")


def by_sign(cells: pd.DataFrame) -> dict[str, list[str]]:
    """Return the training ranges of positive inputs, of negative ones, and of those of both signs."""
    found: dict[str, list[str]] = {"positive": [], "negative": [], "both signs": []}
    for where in dict.fromkeys(cells["train_range"]):
        low, high = map(float, where.strip("[]").split(","))
        found["positive" if low > 0 else "negative" if high < 0 else "both signs"].append(where)
    return found
