"""Results of the experiments: one row per seed in ``runs/<experiment>/results.csv``.

The file is what the training side hands to the reading side. Finished work is never
overwritten: a row is identified by its settings and its seed, and the first one stays.

Nor is work done twice. The papers' default condition occurs in many experiments; a run of
it, for whichever of them it was trained, is a result of all: the readers below take rows
that an experiment lacks from the files of those that declare the same settings. Its column
``experiment`` still says for which one it was trained. Two experiments share no rows if
they choose the best step in other windows, and one that keeps learning curves takes no
rows, as it would lack their curves.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pandas as pd

from nalu import experiments
from nalu.experiments.conditions import Condition, Experiment
from nalu.report.provenance import note_read
from nalu.results import csv_file
from nalu.results.csv_file import Row
from nalu.support import files, paths
from nalu.support.seed_lists import text


def results(experiment: str) -> pd.DataFrame:
    """Return the results of an experiment, one row per seed; no rows before it was run.

    Rows whose settings the table of experiments no longer declares are left out.

    Raises
    ------
    ValueError
        If the experiment is unknown or its file is not as ``runs/README.md`` says.
    """
    entry = experiments.get(experiment)
    found = _known(entry, note_read)
    return csv_file.frame(found[key] for key in _places(entry) if key in found)


def merge(experiment: str, rows: Iterable[Row]) -> int:
    """Add rows to the results of an experiment; return how many were new.

    Several processes may do so at once. The rows are sorted by condition, in the order
    of the table of experiments, and seed.

    Raises
    ------
    ValueError
        If the existing file is not as it should be; it is left as it is.
    OSError
        If the new file cannot be written; the old one is still there.
    """
    entry = experiments.get(experiment)
    path = results_file(entry)
    new = {csv_file.key(row): row for row in rows}
    if not new:
        return 0
    with files.locked(merge_lock(entry)):
        files.sweep(path.parent)
        known = {csv_file.key(row): row for row in csv_file.read(path)}
        merged = new | known
        if len(merged) > len(known):
            places = _places(entry)
            last = len(places)
            order = sorted(merged, key=lambda k: (places.get(k, last), k[:-1], int(k[-1])))
            files.write(path, csv_file.dump(merged[k] for k in order))
    return len(merged) - len(known)


def missing(experiment: str) -> dict[str, tuple[int, ...]]:
    """Return the declared seeds that have no row yet, for each condition."""
    entry = experiments.get(experiment)
    done = _known(entry)
    return {case.id: tuple(seed for seed, key in _keys(entry, case).items() if key not in done)
            for case in entry.conditions}


def by_condition(experiment: str) -> dict[str, pd.DataFrame]:
    """Return the results of each condition, in the order of the table of experiments."""
    entry = experiments.get(experiment)
    rows = _known(entry, note_read)
    return {case.id: csv_file.frame(rows[key] for key in _keys(entry, case).values()
                                       if key in rows)
            for case in entry.conditions}


def rows(experiment: str, condition: str, seeds: Iterable[int]) -> list[Row]:
    """Return the rows of some seeds of a condition as they stand in the files.

    Raises
    ------
    ValueError
        If one of them has no row.
    """
    entry = experiments.get(experiment)
    keys, known = _keys(entry, entry.condition(condition)), _known(entry)
    lacking = [seed for seed in seeds if keys[seed] not in known]
    if lacking:
        raise ValueError(f"{experiment} {condition} has no results of seeds {text(lacking)}")
    return [known[keys[seed]] for seed in seeds]


def recorded(experiment: Experiment) -> list[Row]:
    """Return the rows of an experiment's own file as they stand in it."""
    return [*_read(results_file(experiment)).values()]


def lenders(experiment: Experiment) -> list[Experiment]:
    """Return the other experiments whose rows are results of this one, too."""
    if experiment.curves:
        return []
    wanted = {settings(case) for case in experiment.conditions}
    return [other for other in experiments.EXPERIMENTS.values()
            if other.name != experiment.name and other.window == experiment.window
            and not wanted.isdisjoint(map(settings, other.conditions))]


def settings(case: Condition) -> tuple[str, ...]:
    """The settings of a condition as they stand in the files, without its experiment."""
    row = csv_file.row(case.settings())
    return tuple(row[name] for name in csv_file.SETTINGS[1:])


def undeclared(experiment: str) -> int:
    """Return how many rows have settings that the table of experiments does not declare."""
    entry = experiments.get(experiment)
    declared = _places(entry)
    return sum(key not in declared for key in _read(results_file(entry)))


def results_file(experiment: Experiment) -> Path:
    """Path of an experiment's ``results.csv``, whether it exists or not."""
    return paths.RUNS / experiment.name / "results.csv"


def merge_lock(experiment: Experiment) -> Path:
    """The lock that whoever changes the committed files of an experiment holds."""
    return paths.RUNS / experiment.name / ".merge" / "lock"


def _known(entry: Experiment, note=lambda path: None) -> dict[tuple[str, ...], Row]:
    """Every row that an experiment can use, by the key that it has there; own rows first.

    `note` is told which files are read.
    """
    rows: dict[tuple[str, ...], Row] = {}
    for other in [entry, *lenders(entry)]:
        path = results_file(other)
        note(path)
        rows = {(entry.name, *key[1:]): row for key, row in _read(path).items()} | rows
    return rows


def _read(path: Path) -> dict[tuple[str, ...], Row]:
    """The rows of a file by their keys; a file that did not change is parsed once."""
    if not path.exists():
        return {}
    stat = path.stat()
    return _parsed(path, stat.st_ino, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _parsed(path: Path, *_) -> dict[tuple[str, ...], Row]:
    return {csv_file.key(row): row for row in csv_file.read(path)}


def _keys(entry: Experiment, case: Condition) -> dict[int, tuple[str, ...]]:
    """The key of every declared row of a condition, by seed."""
    fixed = (entry.name, *settings(case))
    return {seed: (*fixed, str(seed)) for seed in case.seeds}


def _places(entry: Experiment) -> dict[tuple[str, ...], int]:
    """Every declared key, with the place of its condition."""
    return {key: place for place, case in enumerate(entry.conditions)
            for key in _keys(entry, case).values()}
