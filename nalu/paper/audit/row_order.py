r"""What R's ``merge`` does to the order of rows, and what it did to the authors' runs.

``merge(dat, eps)`` looks up, for every row of a table, the row of another one with the same
key. Before it pairs them it sorts the rows by key (``isort_with_index`` in ``src/main/util.c`` of
R), with a shell sort: passes over the rows with the gaps ..., 40, 13, 4, 1, each an insertion
sort of the rows that lie a gap apart. The last pass keeps rows of equal keys in their order,
but the earlier ones carry rows over others of the same key that they never meet. If the rows
of a key are contiguous and the keys ascend, nothing moves at all.
"""

from collections.abc import Sequence

import numba
import numpy as np
import pandas as pd

FILE_MODELS = ("Linear", "NAC_add", "NAC_mul", "NALU", "NAC_mul_sigma", "ReLU", "ReLU6", "NAU", "NMU", "NAC_mul_NMU")
"""Models in the order of the authors' file, which is that of their names for them: ``linear``, ``nac``, ``nac-nac-n``, ..."""


def gaps(n: int) -> list[int]:
    """Return the gaps of the passes over n rows, the widest first."""
    found = [1]
    while found[-1] <= n // 9:
        found.append(3 * found[-1] + 1)
    return found[::-1]


def shell_sort(keys: Sequence[int]) -> np.ndarray:
    """Return the order in which the sort leaves rows with the keys ``[n]``, small numbers: ``keys[order]`` ascends."""
    keys = np.array(keys, np.int16)
    order = np.arange(len(keys), dtype=np.int32)
    for gap in gaps(len(keys)):
        _pass(keys, order, gap)
    return order


def merged(keys: Sequence[int], lengths: Sequence[int]) -> list[np.ndarray]:
    """Return for each run its rows, counted from 0, in the order in which a merge leaves them.

    The runs follow one another, each with a key that all its rows have, ``[runs]``, and a number of rows.
    """
    lengths = np.asarray(lengths)
    order = shell_sort(np.repeat(keys, lengths))
    run = np.repeat(np.arange(len(lengths), dtype=np.int16), lengths)
    rows = order[np.argsort(run[order], kind="stable")]
    ends = np.cumsum(lengths)
    return [rows[end - length:end] - (end - length) for end, length in zip(ends, lengths, strict=True)]


def pieces(rows: np.ndarray) -> int:
    """Return in how many pieces of consecutive rows a run is left: 1 if it is in order."""
    return 1 + int((np.diff(rows) != 1).sum())


def in_file_order(authors: pd.DataFrame) -> pd.DataFrame:
    """Return the authors' runs in the order of their file: by model, operation, and seed as text."""
    place = {"model": lambda m: m.map(FILE_MODELS.index), "seed": lambda s: s.astype(str)}
    return authors.sort_values(["model", "operation", "seed"], ignore_index=True,
                               key=lambda column: place.get(column.name, lambda c: c)(column))


def replayed(authors: pd.DataFrame) -> pd.DataFrame:
    """Return the authors' runs in file order, with what the merge did to each, from nothing but their lengths.

    The key is the operation, numbered as it first occurs; one row per 1000 updates. The columns are those of
    `nalu.paper.published.per_seed`, and ``pieces``, ``first_step``: the update of the row that has come to be the run's
    first, and ``solved_row``: where the row of the published ``solved_at`` now stands, counted from 1 as ``best_row``
    is; missing where there is none.
    """
    runs = in_file_order(authors)
    order = merged(pd.factorize(runs["operation"])[0], runs["logged_points"])
    runs["pieces"] = [pieces(rows) for rows in order]
    runs["first_step"] = [1000 * int(rows[0]) for rows in order]
    runs["solved_row"] = [1 + np.flatnonzero(1000 * rows == step)[0] if step == step else np.nan
                          for rows, step in zip(order, runs["solved_at"], strict=True)]
    return runs


@numba.njit
def _pass(keys, order, gap):
    """Sort the rows that lie a gap apart, by insertion: rows of equal keys do not change places."""
    for i in range(gap, len(keys)):
        key, row, j = keys[i], order[i], i
        while j >= gap and keys[j - gap] > key:
            keys[j], order[j] = keys[j - gap], order[j - gap]
            j -= gap
        keys[j], order[j] = key, row
