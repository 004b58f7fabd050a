"""What a part of the package needs beyond torch and NumPy, said in one line where it is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from nalu.support.check import Refusal


class Missing(Refusal, ModuleNotFoundError):
    """A module of an extra that is not installed."""


def missing(extra: str, *modules: str) -> str | None:
    """The line that says which module is not installed and what installs it; None if all are.

    >>> missing("train", "math") is None
    True
    >>> missing("train", "no_such_module")
    "no_such_module is not installed: pip install 'nalu[train]'"
    """
    for name in modules:
        if not _found(name):
            return f"{name} is not installed: pip install 'nalu[{extra}]'"
    return None


def need(extra: str, *modules: str) -> None:
    """Refuse to go on without the modules of an extra.

    Raises
    ------
    Missing
        With the line of `missing`.
    """
    if line := missing(extra, *modules):
        raise Missing(line)


def _found(name: str) -> bool:
    """Whether a module can be imported; of a dotted name, the packages above it first."""
    package = name.rpartition(".")[0]
    return sys.modules.get(name) is not None or (not package or _found(package)) and find_spec(name) is not None
