"""Tables of text on disk: their columns, their cells, and the typed tables that readers get.

Numbers are written so that reading gives them back exactly, missing ones as nothing; rows
that stay keep their bytes. ``runs/README.md`` says what each column means.
"""

import csv
import gzip
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from nalu.support import files
from nalu.support.check import Refusal

TEXT, INTEGER, NUMBER, STEP, BOOLEAN = "text", "integer", "number", "step", "True or False"
"""Kinds of columns. A step is an integer that may be missing; so may a number."""

COLUMNS: Mapping[str, str] = MappingProxyType({
    "experiment": TEXT, "model": TEXT, "operation": TEXT,
    "input_size": INTEGER, "hidden_size": INTEGER,
    "subset_ratio": NUMBER, "overlap_ratio": NUMBER,
    "train_range": TEXT, "test_range": TEXT, "simple": BOOLEAN, "number_of_subsets": INTEGER,
    "optimizer": TEXT, "learning_rate": NUMBER, "momentum": NUMBER,
    "lambda_sparse": NUMBER, "lambda_start": INTEGER, "lambda_end": INTEGER,
    "iterations": INTEGER, "stream": TEXT, "seed": INTEGER,
    "solved": BOOLEAN, "solved_at": STEP, "sparsity_error": NUMBER,
    "best_step": STEP, "valid_mse": NUMBER, "test_mse": NUMBER,
    "threshold": NUMBER, "gate": NUMBER, "stopped_at": STEP,
    "engine": TEXT, "device": TEXT, "commit": TEXT, "seconds": NUMBER,
})
"""Name -> kind, in the order of the file."""

SETTINGS = tuple(COLUMNS)[: tuple(COLUMNS).index("seed")]
"""Columns that say what was trained; with the seed they identify a row."""

OUTCOMES = tuple(COLUMNS)[tuple(COLUMNS).index("solved"): tuple(COLUMNS).index("engine")]
"""Columns that a run of the same seed and settings gives again."""

_DTYPES = {TEXT: "str", INTEGER: "int64", NUMBER: "float64", STEP: "float64", BOOLEAN: "bool"}

_WRITE = {TEXT: str, INTEGER: lambda v: str(int(v)), STEP: lambda v: str(int(v)),
          NUMBER: lambda v: repr(float(v)), BOOLEAN: lambda v: str(bool(v))}
_READ = {TEXT: str, INTEGER: int, STEP: int, NUMBER: float,
         BOOLEAN: {"True": True, "False": False}.__getitem__}

Row = dict[str, str]
"""A row as it stands in the file."""


def row(values: Mapping, columns: Mapping[str, str] = COLUMNS) -> Row:
    """Return the text of a row; a column that is not given is missing."""
    return {name: _text(values.get(name), kind) for name, kind in columns.items()}


def key(row: Row, names: Iterable[str] = (*SETTINGS, "seed")) -> tuple[str, ...]:
    """What identifies a row: its settings and its seed."""
    return tuple(row[name] for name in names)


def dump(rows: Iterable[Row], columns: Mapping[str, str] = COLUMNS) -> bytes:
    """Return the content of a file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def packed(path: Path, data: bytes) -> bytes:
    """Return the content of a file as it is on disk; a ``.gz`` is compressed without name and time."""
    if path.suffix != ".gz":
        return data
    file = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed:
        compressed.write(data)
    return file.getvalue()


def read(path: Path, columns: Mapping[str, str] = COLUMNS,
         names: Iterable[str] = (*SETTINGS, "seed")) -> list[Row]:
    """Return the rows of a file, none if it does not exist.

    Parameters
    ----------
    path
    columns
        Name -> kind; by default those of ``results.csv``.
    names
        Columns that identify a row.

    Raises
    ------
    ValueError
        If the file has other columns, is cut off, or holds a wrong value or a row twice.
    """
    if not path.exists():
        return []
    with files.intact(f"{path} is no text in UTF-8, or cut off"):
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf8").replace("\r\n", "\n")
    try:
        header, *lines = [*csv.reader(io.StringIO(text))] or [[]]
    except csv.Error as error:
        raise Refusal(f"{path} is no table of comma-separated values: {error}") from None
    if header != list(columns):
        raise Refusal(f"{path} has other columns: {_difference(header, columns)}; "
                      "runs/README.md lists the right ones")
    if not text.endswith("\n"):
        raise Refusal(f"{path} is cut off: its last line has no end")
    rows, seen = [], set()
    for number, cells in enumerate(lines, 2):
        if len(cells) != len(columns):
            raise Refusal(f"{path}, line {number} has {len(cells)} of {len(columns)} columns")
        found = dict(zip(columns, cells, strict=True))
        where = f"{path}, line {number}"
        for name, kind in columns.items():
            _value(found[name], kind, f"{where}: {name}")
        if (mine := key(found, names)) in seen:
            of = found.get("condition", found.get("model"))
            raise Refusal(f"{path}, line {number} repeats seed {found['seed']} of {of}")
        seen.add(mine)
        rows.append(found)
    return rows


def frame(rows: Iterable[Row], columns: Mapping[str, str] = COLUMNS) -> pd.DataFrame:
    """Return rows as a table with typed columns, missing steps and numbers as NaN."""
    rows = list(rows)
    return pd.DataFrame({
        name: pd.Series([_value(row[name], kind, name) for row in rows], dtype=_DTYPES[kind])
        for name, kind in columns.items()
    })


def _text(value, kind: str) -> str:
    return "" if value is None or value != value else _WRITE[kind](value)


def _value(cell: str, kind: str, where: str):
    if cell == "" and kind in (NUMBER, STEP):
        return math.nan
    try:
        return _READ[kind](cell)
    except (ValueError, KeyError):
        raise Refusal(f"{where} is {cell!r}; allowed: {kind}") from None


def _difference(header: list[str], columns: Mapping[str, str]) -> str:
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in columns]
    parts = [f"{what} {', '.join(names)}" for what, names in
             (("missing", missing), ("unknown", unknown)) if names]
    return "; ".join(parts) or "another order"
