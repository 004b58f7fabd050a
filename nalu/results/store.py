"""The tables of results on disk, read: one reader for all of them; `nalu.results.merging` writes them."""

from functools import lru_cache
from pathlib import Path

from nalu.experiments import Entry
from nalu.results import csv_file, tables
from nalu.results.csv_file import Row
from nalu.results.tables import Kind, Table
from nalu.support import paths

OUTCOMES = "outcomes"
"""Name of the table with the outcomes, among those of the details."""


def kind(experiment: Entry) -> Kind:
    """The tables of an experiment."""
    return tables.of(experiment.conditions[0])


def path(experiment: Entry, table: Table) -> Path:
    """The path of a table of an experiment, whether it exists or not."""
    return paths.RUNS / experiment.name / table.file


def read(file: Path, table: Table) -> tuple[Row, ...]:
    """Return the rows of a file, none if it does not exist; one that did not change is parsed once.

    Raises
    ------
    ValueError
        If the file has other columns, is cut off, or holds a wrong value or a row twice.
    """
    if not file.exists():
        return ()
    stat = file.stat()
    return _parsed(file, table, stat.st_ino, stat.st_mtime_ns, stat.st_size)


def state() -> tuple:
    """Return what changes when any file of results does, to know whether what was computed from all of them is still true."""
    files = sorted(paths.RUNS.glob("*/*.csv"))
    return tuple((file, stat.st_ino, stat.st_mtime_ns, stat.st_size) for file in files for stat in [file.stat()])


@lru_cache(maxsize=64)
def _parsed(file: Path, table: Table, *_) -> tuple[Row, ...]:
    return tuple(csv_file.read(file, table.columns, table.key))
