"""Results of sequential MNIST on disk: three small tables per experiment, committed.

* ``lengths.csv``: one row per condition, seed and test length: the errors at the best step,
* ``passed.csv``: of every such run the points at which its test error was lower than ever
  before. They say when any threshold was passed for the first time, so that thresholds need
  not be known when a run is recorded: they come from other runs,
* ``digits.csv``: what the convolutional network makes of each digit at the best step.

Rows are written once and never overwritten. ``runs/README.md`` says what each column means.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from nalu.experiments import sequential_table
from nalu.report.provenance import note_read
from nalu.results import csv_file
from nalu.results.csv_file import INTEGER, NUMBER, STEP, TEXT, Row
from nalu.support import files, paths

_CONDITION = {
    "experiment": TEXT, "condition": TEXT, "data": TEXT, "model": TEXT, "operation": TEXT,
    "train_length": INTEGER, "epochs": INTEGER, "log_every": INTEGER, "lambda_z": NUMBER, "z_over": TEXT,
    "initial_state": NUMBER, "state_size": INTEGER, "lambda_sparse": NUMBER, "lambda_start": INTEGER,
    "lambda_end": INTEGER, "batch_size": INTEGER, "learning_rate": NUMBER, "seed": INTEGER,
}


class Table(NamedTuple):
    """A file: its columns with their kinds, and those that identify a row."""

    columns: Mapping[str, str]
    key: tuple[str, ...]


TABLES: Mapping[str, Table] = MappingProxyType({
    "lengths": Table(_CONDITION | {
        "test_length": INTEGER, "best_step": STEP, "valid_mse": NUMBER, "test_mse": NUMBER,
        "sparsity_error": NUMBER, "image_weight": NUMBER, "state_weight": NUMBER, "stopped_at": STEP,
        "device": TEXT, "commit": TEXT, "seconds": NUMBER,
    }, (*_CONDITION, "test_length")),
    "passed": Table({"condition": TEXT, "seed": INTEGER, "test_length": INTEGER, "step": INTEGER,
                     "test_mse": NUMBER}, ("condition", "seed", "test_length", "step")),
    "digits": Table({"condition": TEXT, "seed": INTEGER, "digit": INTEGER, "mean": NUMBER, "sd": NUMBER},
                    ("condition", "seed", "digit")),
})
"""Name of a file, without its suffix -> `Table`."""


def path(experiment: str, table: str) -> Path:
    """Where a table of an experiment lies, whether it exists or not."""
    return paths.RUNS / experiment / f"{table}.csv"


def frame(experiment: str, table: str = "lengths") -> pd.DataFrame:
    """Return a table with typed columns; no rows before anything was run.

    Rows of conditions whose settings are no longer declared are left out.

    Raises
    ------
    ValueError
        If the experiment is unknown or the file is not as it should be.
    """
    sequential_table.get(experiment)
    note_read(path(experiment, table))
    known = _declared(experiment)
    rows = [row for row in _read(experiment, table) if _of(row) in known]
    return csv_file.frame(rows, TABLES[table].columns)


def missing(experiment: str) -> dict[str, tuple[int, ...]]:
    """Return the declared seeds without results, for each condition."""
    known = _declared(experiment)
    return {c.id: tuple(seed for seed in c.seeds if (c.id, str(seed)) not in known)
            for c in sequential_table.get(experiment).conditions}


def merge(experiment: str, new: Mapping[str, Iterable[Row]]) -> None:
    """Add rows to the tables of an experiment; a row that is there stays as it is.

    ``lengths.csv`` is written last: a run counts as recorded once it is there. Rows are sorted
    by condition, in the order of the table of experiments, and by what else identifies them.
    """
    entry = sequential_table.get(experiment)
    places = {c.id: k for k, c in enumerate(entry.conditions)}
    with files.locked(paths.RUNS / experiment / ".merge" / "lock"):
        for table in sorted(new, key="lengths".__eq__):
            columns, key = TABLES[table]
            known = {csv_file.key(row, key): row for row in _read(experiment, table)}
            rows = {csv_file.key(row, key): row for row in new[table]} | known
            order = sorted(rows.values(), key=lambda row: (
                places.get(row["condition"], len(places)), _numbers(row, key)))
            files.write(path(experiment, table), csv_file.dump(order, columns))


def _declared(experiment: str) -> set[tuple[str, str]]:
    """Conditions and seeds with a row whose settings are those of today."""
    columns = TABLES["lengths"].columns
    now = {c.id: csv_file.row({"experiment": experiment, "condition": c.id} | c.settings(), columns)
           for c in sequential_table.get(experiment).conditions}
    settings = [*_CONDITION][:-1]
    return {_of(row) for row in _read(experiment, "lengths") if row["condition"] in now
            and all(row[name] == now[row["condition"]][name] for name in settings)}


def _of(row: Row) -> tuple[str, str]:
    return row["condition"], row["seed"]


def _read(experiment: str, table: str) -> list[Row]:
    return csv_file.read(path(experiment, table), *TABLES[table])


def _numbers(row: Row, key: Iterable[str]) -> list:
    return [int(row[name]) if row[name].isdecimal() else row[name] for name in key]
