"""A training that was repeated in this checkout, beside the results that were recorded elsewhere."""

import pandas as pd

from nalu.results import csv_file, runs, tables
from nalu.results.workfolder import WorkFolder
from nalu.support import seed_lists


def sentence(folder: WorkFolder) -> str:
    """Compare every seed that was trained here with its recorded rows, in one sentence.

    The *outcome* of a run on the arithmetic task is whether it is solved; equal to the last digit are all
    columns but those that say who trained it. Seeds that differ are named. Rows that this checkout has
    recorded itself are no comparison, and left out.
    """
    experiment, condition, kind = folder.experiment.name, folder.condition.id, tables.of(folder.condition)
    which = ["seed", *(["test_length"] if "test_length" in kind.outcomes.key else [])]
    ours = csv_file.frame(folder.rows(), kind.outcomes.columns).set_index(which)
    theirs = runs.by_condition(experiment)[condition].set_index(which)
    ours, theirs = ours.align(theirs, join="inner", axis=0)
    elsewhere = _differ(ours, theirs, (*kind.origin, "seconds"))
    ours, theirs = ours[elsewhere], theirs[elsewhere]
    if ours.empty:
        return f"{experiment} {condition}: nothing that was recorded elsewhere has been trained here"
    digits = _differ(ours, theirs, kind.again).groupby(level="seed").any()
    said = f"{(~digits).sum()} equal to the last digit{_named(digits)}"
    if "solved" not in ours:
        return f"{experiment} {condition}: of {len(digits)} seeds {said}"
    outcome = _differ(ours, theirs, ["solved"])
    return (f"{experiment} {condition}: {(~outcome).sum()} of {len(digits)} seeds with the recorded "
            f"outcome{_named(outcome)}, {said}")


def _differ(ours: pd.DataFrame, theirs: pd.DataFrame, columns) -> pd.Series:
    """Which rows differ in one of the columns; a missing value equals a missing one."""
    one, other = ours[list(columns)], theirs[list(columns)]
    return ((one != other) & ~(one.isna() & other.isna())).any(axis=1)


def _named(differ: pd.Series) -> str:
    return f" (not {seed_lists.text(differ.index[differ])})" if differ.any() else ""
