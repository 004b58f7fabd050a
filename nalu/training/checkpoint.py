"""Checkpoints: a training killed at any moment continues as if it had not been."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from nalu.support import files


def save(path: Path, state: dict[str, np.ndarray], meta: dict) -> None:
    """Write a checkpoint atomically: at any moment the file is either the old one or the new one.

    Raises
    ------
    OSError
        If it cannot be written (a full disk, say); the old checkpoint is still there.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **state)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, f"cannot write checkpoint: {error.strerror}", str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def load(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """State and meta data of a checkpoint.

    Raises
    ------
    OSError
        If there is none, or it cannot be read.
    ValueError
        If the file is truncated or is no checkpoint.
    """
    with files.intact(f"{path} is truncated or no checkpoint; delete it to start this training again"):
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(str(arrays.pop("meta")))
