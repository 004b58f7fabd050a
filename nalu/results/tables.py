"""The tables of results: which columns each has, and which of them tell its rows apart.

A *run* is a condition, with all its settings, and a seed. A kind of task has one table whose
rows say what came out of a run, with its settings spelt out, and others with details of the same
runs. These name the settings by their digest, so that two trainings of a condition whose
settings were changed in between are never taken for one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from nalu.experiments import Case, SequenceCondition
from nalu.results import csv_file
from nalu.results.csv_file import INTEGER, NUMBER, STEP, TEXT, Row

DIGITS = 8
"""Of a digest of settings."""


@dataclass(frozen=True, eq=False)
class Table:
    """A file: its name, its columns with their kinds, and those that identify a row."""

    file: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


class Kind(NamedTuple):
    """The tables of a kind of task.

    Parameters
    ----------
    outcomes : Table
        A run is recorded once it has rows here.
    details : mapping
        Name -> `Table` that has columns ``settings`` and ``seed``, and ``condition`` for readers.
    settings : tuple of str
        Columns of `outcomes` that say what was trained, without the experiment.
    again : tuple of str
        Columns of `outcomes` that the same run gives again.
    origin : tuple of str
        Columns of `outcomes` that say who trained it.
    """

    outcomes: Table
    details: Mapping[str, Table]
    settings: tuple[str, ...]
    again: tuple[str, ...]
    origin: tuple[str, ...]

    def run(self, row: Row) -> tuple[str, ...]:
        """The run that a row of `outcomes` is about: its settings and its seed."""
        return (*(row[name] for name in self.settings), row["seed"])

    def of(self, condition: Case) -> tuple[str, ...]:
        """The settings of a condition as they stand in the file."""
        row = csv_file.row(condition.settings(), self.outcomes.columns)
        return tuple(row[name] for name in self.settings)


@lru_cache(maxsize=4096)
def digest(settings: tuple[str, ...]) -> str:
    """The digest that represents settings in the tables of details."""
    return hashlib.sha256("\n".join(settings).encode()).hexdigest()[:DIGITS]


_RUN = {"condition": TEXT, "settings": TEXT, "seed": INTEGER}
_MEASURES = ("train_loss", "valid_mse", "test_mse", "penalty", "sparsity_error", "gate")

ARITHMETIC = Kind(
    Table("results.csv", csv_file.COLUMNS, (*csv_file.SETTINGS, "seed")),
    MappingProxyType({
        "history": Table("history.csv.gz", _RUN | {"step": INTEGER} | dict.fromkeys(_MEASURES, NUMBER), (*_RUN, "step")),
    }),
    settings=csv_file.SETTINGS[1:], again=csv_file.OUTCOMES, origin=("engine", "device", "commit"))
"""``results.csv`` has a row for each run; ``history.csv.gz`` learning curves that a figure needs, thinned."""

_SETTINGS = {
    "data": TEXT, "model": TEXT, "operation": TEXT, "train_length": INTEGER, "epochs": INTEGER, "log_every": INTEGER,
    "lambda_z": NUMBER, "z_over": TEXT, "initial_state": NUMBER, "state_size": INTEGER, "lambda_sparse": NUMBER,
    "lambda_start": INTEGER, "lambda_end": INTEGER, "batch_size": INTEGER, "learning_rate": NUMBER,
}
_FOUND = {"best_step": STEP, "valid_mse": NUMBER, "test_mse": NUMBER, "sparsity_error": NUMBER, "image_weight": NUMBER,
          "state_weight": NUMBER, "stopped_at": STEP}

SEQUENTIAL = Kind(
    Table("lengths.csv",
          {"experiment": TEXT, "condition": TEXT} | _SETTINGS | {"seed": INTEGER, "test_length": INTEGER} | _FOUND
          | {"device": TEXT, "commit": TEXT, "seconds": NUMBER},
          ("experiment", "condition", *_SETTINGS, "seed", "test_length")),
    MappingProxyType({
        "passed": Table("passed.csv", _RUN | {"test_length": INTEGER, "step": INTEGER, "test_mse": NUMBER},
                        (*_RUN, "test_length", "step")),
        "digits": Table("digits.csv", _RUN | {"digit": INTEGER, "mean": NUMBER, "sd": NUMBER}, (*_RUN, "digit")),
    }),
    settings=tuple(_SETTINGS), again=tuple(_FOUND), origin=("device", "commit"))
"""``lengths.csv`` has a row for each run and test length, with the errors at the best step. ``passed.csv`` has the points
at which a run's test error was lower than ever before: they say when any threshold was passed for the first time, so that
thresholds, which come from other runs, need not be known when a run is recorded. ``digits.csv`` has what the convolutional
network makes of each digit at the best step."""


FILES = frozenset(table.file for kind in (ARITHMETIC, SEQUENTIAL) for table in (kind.outcomes, *kind.details.values()))
"""Names of all files with results."""


def of(condition: Case) -> Kind:
    """The tables for runs of a condition."""
    return SEQUENTIAL if isinstance(condition, SequenceCondition) else ARITHMETIC
