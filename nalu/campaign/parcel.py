"""A bundle that a lease did not finish, saved in files that the next lease can resume, even on another machine.

The files keep all parameters and moments, and the words of the generators once for all seeds that share them. Of the
histories they keep only the rows that are still needed: for the best step, for the update at which a run was solved, and for the
learning curves that are committed. The other rows come back as NaN, which is ignored for all of these.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nalu.support import files
from nalu.training.history import MEASURES

PIECE, PIECES = 16 * 10**6, 8
"""Bytes of a file, and files, at most."""

_NAME = re.compile(r"bundle-(?P<digest>[0-9a-f]{16})-(?P<piece>\d)of(?P<pieces>\d)\.bin")
_VALID, _TEST = MEASURES.index("valid_mse"), MEASURES.index("test_mse")


def needed(values: np.ndarray, total: int, window: int, threshold: float, curve: np.ndarray) -> np.ndarray:
    """Which rows of an unfinished history can still decide an outcome.

    Parameters
    ----------
    values
        `[row, measure]`, what is known.
    total
        Rows of the whole history.
    window, threshold
        As `nalu.analysis.outcomes` takes them.
    curve
        Rows that a committed learning curve has.
    """
    wanted = np.zeros(len(values), bool)
    if not len(values):
        return wanted
    wanted[curve[curve < len(values)]] = wanted[-1] = True
    valid = np.where(np.isnan(values[:, _VALID]), np.inf, values[:, _VALID])
    begin = 0
    while begin <= max(0, total - window) and begin < len(values):  # wherever the window will begin
        best = begin + int(np.argmin(valid[begin:]))
        wanted[best], begin = True, best + 1
    solved = np.flatnonzero(values[:, _TEST] < threshold)
    wanted[solved[:1]] = True
    return wanted


def save(folder: Path, meta: dict, state: dict[str, np.ndarray], wanted: Callable[[str, int, np.ndarray], np.ndarray]) -> int:
    """Write the files, which take the place of older ones; return their size.

    Parameters
    ----------
    folder
    meta
        Plain values, among them ``rows``, how many of the histories are known.
    state
        Of `nalu.training.cuda.engine.Cuda`.
    wanted
        Given the name of a history in `state`, a seed's index and its known rows, which of them are kept.

    Raises
    ------
    ValueError
        If it is more than `PIECES` files can have.
    """
    arrays, words = {}, {}
    for name, array in state.items():
        if name.endswith("history"):
            masks = np.stack([wanted(name, k, rows) for k, rows in enumerate(array)]) if array.shape[1] else \
                np.zeros(array.shape[:2], bool)
            arrays |= {f"{name}/where": np.argwhere(masks).astype(np.int32), f"{name}/values": array[masks]}
        elif name.endswith("words"):
            arrays[name] = np.array([words.setdefault(one.tobytes(), len(words)) for one in array], np.int32)
        else:
            arrays[name] = array
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.array(json.dumps(meta)), every_word=np.frombuffer(b"".join(words), np.uint32).reshape(len(words), -1),
             **arrays)
    data = zlib.compress(buffer.getvalue(), 1)
    cut = [data[k : k + PIECE] for k in range(0, len(data), PIECE)]
    if len(cut) > PIECES:
        raise ValueError(f"an unfinished bundle has {len(data):,} bytes; at most {PIECE * PIECES:,} are kept")
    digest = hashlib.sha256(data).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for k, piece in enumerate(cut):
        files.write(folder / f"bundle-{digest}-{k}of{len(cut)}.bin", piece)
    _sweep(folder, digest)
    return len(data)


def load(folder: Path) -> tuple[dict, dict[str, np.ndarray]] | None:
    """What `save` was given; None if there is nothing, or not all of it."""
    found: dict[tuple[str, int], dict[int, Path]] = {}
    for path in folder.glob("bundle-*.bin"):
        if match := _NAME.fullmatch(path.name):
            found.setdefault((match["digest"], int(match["pieces"])), {})[int(match["piece"])] = path
    for (digest, pieces), paths in found.items():
        if len(paths) == pieces:
            data = b"".join(paths[k].read_bytes() for k in range(pieces))
            if hashlib.sha256(data).hexdigest()[:16] == digest:
                return _unpacked(data)
    return None


def clear(folder: Path) -> None:
    """Delete the files: their bundle is finished."""
    _sweep(folder, "")


def _sweep(folder: Path, digest: str) -> None:
    for path in folder.glob("bundle-*.bin"):
        if (match := _NAME.fullmatch(path.name)) and match["digest"] != digest:
            path.unlink()


def _unpacked(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    with np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    meta, words = json.loads(str(arrays.pop("meta"))), arrays.pop("every_word")
    state = {}
    for name, array in arrays.items():
        if name.endswith("history/where"):
            name = name.removesuffix("/where")
            seeds = len(arrays[name.removesuffix("history") + "stopped_at"])
            history = np.full((seeds, meta["rows"], len(MEASURES)), np.nan)
            history[array[:, 0], array[:, 1]] = arrays[f"{name}/values"]
            state[name] = history
        elif name.endswith("words"):
            state[name] = words[array]
        elif not name.endswith("history/values"):
            state[name] = array
    return meta, state
