"""Files that are never half-written, and locks that die with their process."""

import errno
import fcntl
import json
import os
import socket
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nalu.support.check import Refusal

PATIENCE = 1.0  # seconds in which a look at the lock, which takes an instant, has passed


def write(path: Path, data: bytes) -> None:
    """Replace a file atomically: at any moment it is either the old one or the new one.

    Raises
    ------
    OSError
        If it cannot be written (a full disk, say); the old file is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, f"cannot write: {error.strerror}", str(path)) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def intact(refusal: str) -> Iterator[None]:
    """Say `refusal` of a file that is damaged, whatever its reader raises then.

    A file that cannot be opened or read is not damaged: the system's `OSError` stays.

    Raises
    ------
    ValueError
        `refusal`, if what is read inside makes no sense.
    OSError
        If the system refuses to read.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # no such place: a number in the file is wrong
            raise
        raise Refusal(refusal) from None
    except (ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error):
        raise Refusal(refusal) from None


def notebook(path: Path) -> dict:
    """Return what is in a notebook.

    Raises
    ------
    ValueError
        If the file is none.
    OSError
        If it cannot be read.
    """
    with intact(f"{path} is no notebook, or damaged"):
        found = json.loads(path.read_text("utf8"))
        return found | {part: found[part] for part in ("cells", "metadata")}


def sweep(folder: Path) -> None:
    """Delete half-written files of killed processes in a folder that no other process writes to."""
    for part in folder.glob("*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, refusal: str | None = None) -> Iterator[None]:
    """Hold the lock `path`; the kernel releases it when the process ends, however it ends.

    Parameters
    ----------
    path
        The lock file. It stays, and says who took the lock last.
    refusal
        What a second process is told. Without, it waits for its turn.

    Raises
    ------
    ValueError
        `refusal` and the holder of the lock.
    OSError
        If the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        if refusal is None:
            fcntl.flock(file, fcntl.LOCK_EX)
        elif not _taken(file, fcntl.LOCK_EX, PATIENCE):
            file.seek(0)
            raise Refusal(f"{refusal} ({file.read().decode().strip() or 'unknown process'})")
        file.truncate(0)
        try:
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        except OSError as error:
            raise OSError(error.errno, f"cannot write: {error.strerror}", str(path)) from None
        yield


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock `path`."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return not _taken(file, fcntl.LOCK_SH, 0.0)


def _taken(file, kind: int, patience: float) -> bool:
    """Try to take a lock for some seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.1)
