"""The folder that keeps compiled code, for all checkouts of a user on a machine.

Numba compiles a function again when its own file has changed, but not when it calls a
function in another file and that file has changed. The name of the folder therefore depends on the
contents of all files that compiled code is made from, on the processor, and on everything
else that decides what the compiler makes of them.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numba
from numba.core import config
from numba.core.caching import UserProvidedCacheLocator

_FUSED = Path(__file__).parent
_PLACE = "NUMBA_CACHE_DIR"
_HARMLESS = {_PLACE, "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER"}
"""Settings of Numba that do not change the code it makes."""


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
        """Folder for the present sources on this processor."""
        made = hashlib.sha256("\n".join(map(str, _compiler())).encode())
        for path in self.sources:
            made.update(path.read_bytes())
        return _root(os.environ.get(_PLACE), self.beside) / f"{self.name}-{made.hexdigest()[:12]}"

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Functions that are declared inside keep their compiled code in `folder`."""
        before = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
        folder = self.folder()
        _discard_damaged(folder)
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = str(folder), f"{__name__}.{Locator.__name__}"
        try:
            yield
        finally:
            config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before

    def mark(self, variant: str) -> Path:
        """File that says that a variant of the program is compiled."""
        return self.folder() / f"{variant}.compiled"


class Locator(UserProvidedCacheLocator):
    """Puts files where every checkout finds them. The folders that Numba would choose are named after the path of the checkout."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return Path(py_file).absolute().parent.name


def _compiler() -> list:
    """Return what decides the code in addition to the sources."""
    settings = sorted(f"{name}={value}" for name, value in os.environ.items()
                      if name.startswith("NUMBA_") and name not in _HARMLESS)
    return [sys.version, numba.__version__, llvmlite.__version__, config.CPU_NAME or llvm.get_host_cpu_name(),
            config.CPU_FEATURES or llvm.get_host_cpu_features().flatten(), *settings]


@functools.cache
def _root(wanted: str | None, beside: Path) -> Path:
    """Return the first folder that can be written to, of these: the one asked for, the user's, the program's own, a temporary one."""
    places = [Path(wanted).absolute()] if wanted else []
    if home := os.environ.get("XDG_CACHE_HOME") or _home():
        places.append(Path(home) / "nalu")
    places.append(beside / "__pycache__")
    for place in places:
        if _writable(place):
            return place
    place = _temporary()
    print(f"compiled code is kept in {place}: {', '.join(map(str, places))} cannot be written; "
          f"{_PLACE} names another folder", file=sys.__stderr__, flush=True)
    return place


def _home() -> str | None:
    try:
        return str(Path.home() / ".cache")
    except RuntimeError:  # a user whom the system does not know, as in some containers
        return None


def _writable(place: Path) -> bool:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def _temporary() -> Path:
    """Return one folder for all processes of this user; if another user has taken its name, return one for this process.

    The code in this folder is executed, so nobody else may write to it.
    """
    place = Path(tempfile.gettempdir(), f"nalu-{os.getuid()}")
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    mine = found.st_uid == os.getuid() and found.st_mode & 0o170077 == 0o040000 and _writable(place)
    return place if mine else Path(tempfile.mkdtemp(prefix="nalu-"))


def _discard_damaged(folder: Path) -> None:
    """Delete files that a killed process or a full disk cut off, so that they are compiled again."""
    damaged = [path for path in sorted(folder.glob("*/*.nb[ic]")) if not _whole(path)]
    if damaged:
        for path in [*damaged, *folder.glob("*.compiled")]:
            path.unlink(missing_ok=True)
        print(f"{damaged[0]} is damaged; it is compiled again", file=sys.__stderr__, flush=True)


class _Nothing:
    """Stands in for every object that a file of the cache refers to."""

    def __new__(cls, *_, **__):
        return object.__new__(cls)

    def __setstate__(self, state):
        pass


class _Blind(pickle.Unpickler):
    """Reads a pickle to its end without making its objects."""

    def find_class(self, module, name):
        return _Nothing


def _whole(path: Path) -> bool:
    """Say whether a file is complete: an index has two pickles, and the code that it points to has one."""
    try:
        with path.open("rb") as file:
            if path.suffix == ".nbc":
                _Blind(file).load()
                return True
            _Blind(file).load()
            _, names = _Blind(file).load()
            return all(path.with_name(name).exists() for name in names.values())
    except OSError:
        return True  # not damaged: what is wrong is said by who loads it
    except Exception:
        return False


ENGINE = Store("fused", _FUSED, (
    *sorted(_FUSED.rglob("*.py")),
    *(_FUSED.parent / f"{name}.py" for name in ("history", "plan", "streams"))))
"""The fused engine."""
