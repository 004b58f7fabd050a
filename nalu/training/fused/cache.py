"""Where compiled code is kept.

Numba compiles a function again when the file it stands in has changed, but not when a
function that it calls has, in another file. The folder is therefore named after the
contents of all files that compiled code is made from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from numba.core import config

_FUSED = Path(__file__).parent
_SOURCES = sorted(_FUSED.rglob("*.py")) + [
    _FUSED.parent / "history.py", _FUSED.parent / "plan.py", _FUSED.parents[1] / "streams.py",
    *(_FUSED.parents[1] / "recurrent" / name for name in ("kernels.py", "vectors.py")),
]


def folder() -> Path:
    """Folder for the present sources: beside them, or the user's if that is read-only."""
    text = b"".join(path.read_bytes() for path in _SOURCES)
    name = f"fused-{hashlib.sha256(text).hexdigest()[:12]}"
    beside = _FUSED / "__pycache__"
    if os.access(beside if beside.exists() else _FUSED, os.W_OK):
        return beside / name
    return Path.home() / ".cache" / "nalu" / name


@contextmanager
def kept() -> Iterator[None]:
    """Functions that are declared inside keep their compiled code in `folder`."""
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder())
    try:
        yield
    finally:
        config.CACHE_DIR = before
