"""A training's measures -> the rows of its three tables."""

import pandas as pd

from nalu.analysis.outcomes import best_step
from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.results import csv_file
from nalu.results.csv_file import Row
from nalu.sequential.store import TABLES

WINDOW = 1000
"""Logged points that count, as in the authors' scripts: all of a run."""


def rows(experiment: str, condition: SequenceCondition, errors: pd.DataFrame, digits: pd.DataFrame,
         origins: dict[int, dict]) -> dict[str, list[Row]]:
    """Return the rows of each table.

    Parameters
    ----------
    experiment, condition
        What was trained.
    errors, digits
        As `nalu.sequential.training.history.History` gives them.
    origins
        ``stopped_at, device, commit, seconds`` of each trained seed. One that was NaN from
        its first loss has no errors; it has rows all the same.
    """
    fixed = {"experiment": experiment, "condition": condition.id} | condition.settings()
    found: dict[str, list[dict]] = {name: [] for name in TABLES}
    for seed, origin in origins.items():
        for length in condition.task.test_lengths:
            run = errors[(errors["seed"] == seed) & (errors["length"] == length)].sort_values("step")
            row = {"seed": seed, "test_length": length} | origin
            if len(run):
                best = best_step(run, WINDOW).iloc[0]
                row |= run[run["step"] == best].iloc[0].to_dict() | {"best_step": best}
            found["lengths"].append(fixed | row)
            found["passed"] += [{"seed": seed, "test_length": length} | point
                                for point in passed(run).to_dict("records")]
        if len(run):
            mine = digits[(digits["seed"] == seed) & (digits["step"] == best)]
            found["digits"] += mine.to_dict("records")
    return {name: [csv_file.row({"condition": condition.id} | row, TABLES[name].columns)
                   for row in listed] for name, listed in found.items()}


def passed(run: pd.DataFrame) -> pd.DataFrame:
    """Return the points of one run at which its test error is lower than at all before: ``step, test_mse``."""
    ordered = run.dropna(subset="test_mse").sort_values("step")
    before = ordered["test_mse"].cummin().shift(fill_value=float("inf"))
    return ordered.loc[ordered["test_mse"] < before, ["step", "test_mse"]]
