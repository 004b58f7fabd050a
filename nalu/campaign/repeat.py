"""Trainings that were repeated in this checkout, beside the results that were recorded elsewhere and the paper's."""

from typing import NamedTuple

import pandas as pd

from nalu.experiments import Entry
from nalu.paper import matched
from nalu.results import csv_file, runs, tables
from nalu.results.workfolder import WorkFolder
from nalu.support import notation, seed_lists
from nalu.support.listing import columns


class Repeated(NamedTuple):
    """Rows of the seeds that were trained here and recorded elsewhere, in the same order, and which seeds differ."""

    ours: pd.DataFrame
    theirs: pd.DataFrame
    digits: pd.Series
    """Whether anything differs that a training computes."""
    outcome: pd.Series | None
    """Whether only one of the two is solved; nothing on a task without that notion."""


def sentence(folder: WorkFolder) -> str:
    """Compare every seed that was trained here with its recorded rows, in one sentence.

    The *outcome* of a run on the arithmetic task is whether it is solved; equal to the last digit are all
    columns but those that say who trained it. Seeds that differ are named. Rows that this checkout has
    recorded itself are no comparison, and left out.
    """
    found = _compared(folder)
    if found is None:
        return f"{folder.title}: nothing that was recorded elsewhere has been trained here"
    said = f"{(~found.digits).sum()} equal to the last digit{_named(found.digits)}"
    if found.outcome is None:
        return f"{folder.title}: of {len(found.digits)} seeds {said}"
    return (f"{folder.title}: {(~found.outcome).sum()} of {len(found.digits)} seeds with the recorded "
            f"outcome{_named(found.outcome)}, {said}")


def closing(entry: Entry) -> list[str]:
    """Lines for the end of a repetition: the conditions with their rates here, recorded and printed, and what that means."""
    found = {case: _compared(WorkFolder(entry, case)) for case in entry.conditions}
    found = {case: one for case, one in found.items() if one is not None and one.outcome is not None}
    if not found:
        return [f"{entry.name}: nothing that was recorded elsewhere has been trained here"]
    rows = [("solved", "your runs", "recorded runs", "in the paper")]
    rows += [(case.id, _rate(one.ours), _rate(one.theirs), _printed(entry, case)) for case, one in found.items()]
    runs_, outcomes, digits = (sum(count(one) for one in found.values()) for count in (
        lambda one: len(one.digits), lambda one: (~one.outcome).sum(), lambda one: (~one.digits).sum()))
    said = [*columns(rows), "", f"{outcomes:,} of your {runs_:,} runs have the recorded outcome, and {digits:,} are equal to the last digit."]
    if digits < runs_:
        said.append(f"Those that are not were recorded by another version of the training or of its libraries: see the column commit of "
                    f"runs/{entry.name}/results.csv, and runs/README.md.")
    return [*said, f"Yours are in runs/{entry.name}/. The book shows the recorded ones, which stay as they are."]


def _compared(folder: WorkFolder) -> Repeated | None:
    kind = tables.of(folder.condition)
    which = ["seed", *(["test_length"] if "test_length" in kind.outcomes.key else [])]
    ours = csv_file.frame(folder.rows(), kind.outcomes.columns).set_index(which)
    theirs = runs.by_condition(folder.experiment.name)[folder.condition.id].set_index(which)
    ours, theirs = ours.align(theirs, join="inner", axis=0)
    elsewhere = _differ(ours, theirs, (*kind.origin, "seconds"))
    ours, theirs = ours[elsewhere], theirs[elsewhere]
    if ours.empty:
        return None
    digits = _differ(ours, theirs, kind.again).groupby(level="seed").any()
    return Repeated(ours, theirs, digits, _differ(ours, theirs, ["solved"]) if "solved" in ours else None)


def _rate(rows: pd.DataFrame) -> str:
    return f"{rows['solved'].sum()} of {len(rows)}"


def _printed(entry: Entry, case) -> str:
    rate = matched.printed(entry, case).get("success_rate")
    return f"{100 * rate.estimate:.0f} %" if rate else notation.MISSING


def _differ(ours: pd.DataFrame, theirs: pd.DataFrame, columns) -> pd.Series:
    """Which rows differ in one of the columns; a missing value equals a missing one."""
    one, other = ours[list(columns)], theirs[list(columns)]
    return ((one != other) & ~(one.isna() & other.isna())).any(axis=1)


def _named(differ: pd.Series) -> str:
    return f" (not {seed_lists.text(differ.index[differ])})" if differ.any() else ""
