"""The tables of results on disk, written: one writer for all of them.

Work that is recorded is never overwritten: the first rows of a run stay. The rows of a run are
written together, those of the outcomes last, so that a run that has outcomes has its details.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nalu import experiments
from nalu.experiments import Entry
from nalu.results import csv_file, store, tables
from nalu.results.csv_file import INTEGER, STEP, Row
from nalu.results.store import OUTCOMES
from nalu.results.tables import Table
from nalu.support import files, paths


def lock(experiment: Entry) -> Path:
    """The lock that whoever changes the committed files of an experiment holds."""
    return paths.RUNS / experiment.name / ".merge" / "lock"


def merge(name: str, rows: Iterable[Row] | Mapping[str, Iterable[Row]]) -> int:
    """Add the rows of runs to the tables of an experiment; return how many rows of outcomes were new.

    A run that is recorded stays as it is, in all tables. Details that are there of a run that is
    not, left by a process that was killed or by a user who deleted its outcomes, are replaced.
    Several processes may merge at once. Rows are sorted by condition, in the order of the table
    of experiments, and by what else identifies them.

    Parameters
    ----------
    name
        Of the experiment.
    rows
        Rows of the outcomes; or name of a table, `OUTCOMES` or one of the details -> rows.

    Raises
    ------
    ValueError
        If an existing file is not as it should be; it is left as it is.
    OSError
        If a new file cannot be written; the old one is still there.
    """
    experiment = experiments.get(name)
    new = rows if isinstance(rows, Mapping) else {OUTCOMES: rows}
    has = store.kind(experiment)
    outcomes = {csv_file.key(row, has.outcomes.key): row for row in new.get(OUTCOMES, ())}
    if not outcomes:
        return 0
    with files.locked(lock(experiment)):
        file = store.path(experiment, has.outcomes)
        files.sweep(file.parent)
        known = {csv_file.key(row, has.outcomes.key): row for row in store.read(file, has.outcomes)}
        recorded = {has.run(row) for row in known.values()}
        fresh = {key: row for key, row in outcomes.items() if has.run(row) not in recorded}
        runs = {(tables.digest(has.run(row)[:-1]), row["seed"]) for row in fresh.values()}
        places = {(tables.digest(has.of(case)), str(seed)): place
                  for place, case in enumerate(experiment.conditions) for seed in case.seeds}

        def text(mine: Path, table: Table, rows: Iterable[Row], settings: Callable[[Row], str]) -> bytes:
            order = sorted(rows, key=lambda row: (places.get((settings(row), row["seed"]), len(places)), *_in_order(row, table)))
            return csv_file.packed(mine, csv_file.dump(order, table.columns))

        written = {}
        for name, table in has.details.items():
            mine = store.path(experiment, table)
            kept = [row for row in store.read(mine, table) if (row["settings"], row["seed"]) not in runs]
            added = [row for row in new.get(name, ()) if (row["settings"], row["seed"]) in runs]
            if added:
                written[mine] = text(mine, table, [*kept, *added], lambda row: row["settings"])
        if fresh:
            written[file] = text(file, has.outcomes, [*known.values(), *fresh.values()],
                                 lambda row: tables.digest(has.run(row)[:-1]))
        for mine, data in written.items():  # once all that is there has been read and found right
            files.write(mine, data)
    return len(fresh)


def _in_order(row: Row, table: Table) -> list:
    """What sorts the rows of a condition: numbers by their size."""
    return [int(row[name]) if table.columns[name] in (INTEGER, STEP) else row[name] for name in table.key]
