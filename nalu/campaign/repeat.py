"""A training that was repeated in this checkout, beside the results that were recorded elsewhere."""

import pandas as pd

from nalu.results import csv_file, runs
from nalu.results.csv_file import OUTCOMES
from nalu.results.workfolder import WorkFolder
from nalu.support import seed_lists

PROVENANCE = ("engine", "device", "commit", "seconds")
"""Columns that tell two trainings of the same seed apart."""


def sentence(folder: WorkFolder) -> str:
    """Compare every seed that was trained here with its recorded row, in one sentence.

    The *outcome* is whether the seed is solved; equal to the last digit are all columns
    but `PROVENANCE`. Seeds that differ are named. Rows that this checkout has recorded
    itself are no comparison, and left out.
    """
    experiment, condition = folder.experiment.name, folder.condition.id
    ours = csv_file.frame(folder.rows()).set_index("seed")
    theirs = runs.by_condition(experiment)[condition].set_index("seed")
    ours, theirs = ours.align(theirs, join="inner", axis=0)
    elsewhere = _differ(ours, theirs, PROVENANCE)
    ours, theirs = ours[elsewhere], theirs[elsewhere]
    if ours.empty:
        return f"{experiment} {condition}: nothing that was recorded elsewhere has been trained here"
    outcome, digits = (_differ(ours, theirs, columns) for columns in (["solved"], OUTCOMES))
    return (f"{experiment} {condition}: {(~outcome).sum()} of {len(ours)} seeds with the recorded "
            f"outcome{_named(outcome)}, {(~digits).sum()} equal to the last digit{_named(digits)}")


def _differ(ours: pd.DataFrame, theirs: pd.DataFrame, columns) -> pd.Series:
    """Which seeds differ in one of the columns; a missing value equals a missing one."""
    one, other = ours[list(columns)], theirs[list(columns)]
    return ((one != other) & ~(one.isna() & other.isna())).any(axis=1)


def _named(differ: pd.Series) -> str:
    return f" (not {seed_lists.text(differ.index[differ])})" if differ.any() else ""
