"""Where a result comes from: the commit, the code, the versions, the machine."""

import ast
import functools
import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nalu.support.paths import ROOT

PACKAGES = ("numpy", "torch", "numba", "cuda-bindings", "pandas")
LENGTH = 10  # digits of a commit
TRAINING = ("models.py", "units/*.py", "tasks/*.py", "training/**/*.py")
SEQUENCES = ("units/*.py", "tasks/*.py", "training/*.py", "sequential/training/*.py", "experiments/sequential_*.py")
"""What the training on either task runs."""


def commit() -> str:
    """Short hash of the checked-out commit, with ``+`` if files of ``nalu`` differ from it.

    Where this is no git checkout, or git is not installed, what ``NALU_COMMIT`` says, and
    ``unknown`` if nobody set it.
    """
    top = _git("rev-parse", "--show-toplevel")
    found = _git("rev-parse", f"--short={LENGTH}", "HEAD")
    if not top or not found or not os.path.samefile(top, ROOT):
        return os.environ.get("NALU_COMMIT", "unknown")
    modified = _git("status", "--porcelain", "--untracked-files=no", "--", "nalu")
    return found + ("+" if modified else "")


@functools.cache
def code(patterns: tuple[str, ...] = TRAINING) -> str:
    """Digest of the code that a training runs; comments and docstrings may change."""
    found = sorted({path for pattern in patterns for path in (ROOT / "nalu").glob(pattern)})
    return hashlib.sha256("\n".join(map(_without_prose, found)).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """System, processor and number of its cores."""
    return {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count() or 1}


def _without_prose(path: Path) -> str:
    tree = ast.parse(path.read_text("utf8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _prose(part)]
    return ast.dump(tree)


def _prose(part: ast.stmt) -> bool:
    """Whether a statement is a text alone: the docstring of a module, a class, a function or an attribute."""
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return next(iter(names), platform.processor())


def _git(*arguments: str) -> str:
    """What git says, nothing if it fails."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True,
                              text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
