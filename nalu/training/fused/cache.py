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
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding as llvm
from numba.core import config

_FUSED = Path(__file__).parent


@dataclass(frozen=True)
class Store:
    """Compiled code of one program.

    Parameters
    ----------
    name : str
        Beginning of the folder's name.
    beside : Path
        Folder of the program's sources.
    sources : tuple of Path
        All files that the code is made from.
    """

    name: str
    beside: Path
    sources: tuple[Path, ...]

    def folder(self) -> Path:
        """Folder for the present sources: beside them, or the user's if that is read-only."""
        text = b"".join(path.read_bytes() for path in self.sources)
        name = f"{self.name}-{hashlib.sha256(text).hexdigest()[:12]}"
        beside = self.beside / "__pycache__"
        if os.access(beside if beside.exists() else self.beside, os.W_OK):
            return beside / name
        return Path.home() / ".cache" / "nalu" / name

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Functions that are declared inside keep their compiled code in `folder`."""
        before, config.CACHE_DIR = config.CACHE_DIR, str(self.folder())
        try:
            yield
        finally:
            config.CACHE_DIR = before

    def mark(self, variant: str) -> Path:
        """File that says that a variant of the program is compiled for this processor."""
        processor = (f"{config.CPU_NAME or llvm.get_host_cpu_name()} "
                     f"{config.CPU_FEATURES or llvm.get_host_cpu_features().flatten()}")
        return self.folder() / f"{variant}-{hashlib.sha256(processor.encode()).hexdigest()[:12]}.compiled"


ENGINE = Store("fused", _FUSED, (
    *sorted(_FUSED.rglob("*.py")),
    *(_FUSED.parent / f"{name}.py" for name in ("history", "plan", "streams"))))
"""The fused engine."""
