"""Read the results of the experiments.

The trainings write tables, ``runs/<experiment>/results.csv`` and those beside it, and the functions here
read them; `nalu.results.tables` says which tables there are.

Work is not done twice. The papers' default condition occurs in many experiments, and a run of
it is a result of all of them, whichever it was trained for. If an experiment lacks rows, the functions below take them
from the files of experiments that declare the same settings. The column
``experiment`` still says for which one a run was trained. Two experiments share no rows if
they choose the best step in different windows. An experiment that keeps learning curves takes no
rows from others, because it would lack their curves.
"""

from collections.abc import Callable, Iterable
from itertools import accumulate, chain
from pathlib import Path

import pandas as pd

from nalu import experiments
from nalu.experiments import Case, Entry, Experiment
from nalu.report.provenance import note_read
from nalu.results import csv_file, store, tables
from nalu.results.csv_file import Row
from nalu.support.check import Refusal
from nalu.support.seed_lists import text

Run = tuple[str, ...]
"""The settings of a condition and a seed, as they stand in the files."""


def results(experiment: str) -> pd.DataFrame:
    """Return the outcomes of an experiment's runs; no rows before it was run.

    Runs whose settings the table of experiments no longer declares are left out.

    Raises
    ------
    ValueError
        If the experiment is unknown or its file is not as ``runs/README.md`` says.
    """
    entry = experiments.get(experiment)
    known = _known(entry, note_read)
    found = (row for case in entry.conditions for run in _runs(case).values() for row in known.get(run, ()))
    return csv_file.frame(found, store.kind(entry).outcomes.columns)


def details(experiment: str, table: str) -> pd.DataFrame:
    """Return a table of details of an experiment's own runs, see `nalu.results.tables`.

    Rows of runs that have no outcomes, or whose settings are no longer declared, are left out.

    Raises
    ------
    ValueError
        If the experiment or the table is unknown, or the file is not as it should be.
    """
    entry = experiments.get(experiment)
    wanted = store.kind(entry).details[table]
    note_read(results_file(entry))
    note_read(file := store.path(entry, wanted))
    declared = {(tables.digest(run[:-1]), run[-1]) for case in entry.conditions for run in _runs(case).values()}
    recorded = {(tables.digest(run[:-1]), run[-1]) for run in _own(entry)}
    rows = [row for row in store.read(file, wanted) if (row["settings"], row["seed"]) in declared & recorded]
    return csv_file.frame(rows, wanted.columns)


def missing(experiment: str) -> dict[str, tuple[int, ...]]:
    """Return the declared seeds that have no results yet, for each condition."""
    entry = experiments.get(experiment)
    done = _known(entry)
    return {case.id: tuple(seed for seed, run in _runs(case).items() if run not in done) for case in entry.conditions}


def by_condition(experiment: str) -> dict[str, pd.DataFrame]:
    """Return the outcomes of each condition, in the order of the table of experiments."""
    entry = experiments.get(experiment)
    known = _known(entry, note_read)
    found = {case.id: [row for run in _runs(case).values() for row in known.get(run, ())] for case in entry.conditions}
    every = csv_file.frame(chain.from_iterable(found.values()), store.kind(entry).outcomes.columns)
    ends = [*accumulate(map(len, found.values()))]
    return {name: every.iloc[end - len(rows):end].reset_index(drop=True)
            for (name, rows), end in zip(found.items(), ends, strict=True)}


def rows(experiment: str, condition: str, seeds: Iterable[int]) -> list[Row]:
    """Return the rows of some seeds of a condition as they stand in the files.

    Raises
    ------
    ValueError
        If one of them has no row.
    """
    entry = experiments.get(experiment)
    keys, known = _runs(entry.condition(condition)), _known(entry)
    lacking = [seed for seed in seeds if keys[seed] not in known]
    if lacking:
        raise Refusal(f"{experiment} {condition} has no results of seeds {text(lacking)}")
    return [row for seed in seeds for row in known[keys[seed]]]


def recorded(experiment: Entry) -> tuple[Row, ...]:
    """Return the rows of an experiment's own file as they stand in it."""
    table = store.kind(experiment).outcomes
    return store.read(store.path(experiment, table), table)


def lenders(experiment: Entry) -> list[Experiment]:
    """Return the other experiments of the papers whose rows are also results of this one."""
    if experiment.curves:
        return []
    wanted = {*map(settings, experiment.conditions)}
    return [other for other in (*experiments.EXPERIMENTS.values(), *experiments.SEQUENTIAL.values())
            if other.name != experiment.name and other.window == experiment.window
            and not wanted.isdisjoint(map(settings, other.conditions))]


def settings(case: Case) -> tuple[str, ...]:
    """The settings of a condition as they stand in the files, without its experiment."""
    return tables.of(case).of(case)


def undeclared(experiment: str) -> int:
    """Return how many rows have settings that the table of experiments does not declare."""
    entry = experiments.get(experiment)
    declared = {run for case in entry.conditions for run in _runs(case).values()}
    return sum(len(found) for run, found in _own(entry).items() if run not in declared)


def results_file(experiment: Entry) -> Path:
    """Path of the file with an experiment's outcomes, whether it exists or not."""
    return store.path(experiment, store.kind(experiment).outcomes)


def _known(entry: Entry, note: Callable[[Path], None] = lambda path: None) -> dict[Run, list[Row]]:
    """The rows of every run that an experiment can use; its own come first.

    `note` is told which files are read.
    """
    found: dict[Run, list[Row]] = {}
    for other in [entry, *lenders(entry)]:
        note(results_file(other))
        found = _own(other) | found
    return found


def _own(entry: Entry) -> dict[Run, list[Row]]:
    """The rows of every run in the file of an experiment."""
    run, found = store.kind(entry).run, {}
    for row in recorded(entry):
        found.setdefault(run(row), []).append(row)
    return found


def _runs(case: Case) -> dict[int, Run]:
    """Every declared run of a condition, by its seed."""
    fixed = settings(case)
    return {seed: (*fixed, str(seed)) for seed in case.seeds}
