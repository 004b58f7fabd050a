"""Where a result comes from: the commit, the code, the versions, the machine."""

import ast
import functools
import hashlib
import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nalu.report.definitions import prose
from nalu.support.command import complain
from nalu.support.paths import ROOT

PACKAGES = ("numpy", "torch", "numba", "cuda-bindings", "pandas")
LENGTH = 10  # digits of a commit
TRAINING = ("models.py", "units/*.py", "tasks/*.py", "training/**/*.py", "training/**/*.cu*")
SEQUENCES = ("units/*.py", "tasks/*.py", "training/*.py", "sequential/training/*.py", "experiments/sequential_*.py")
"""What the training on either task runs."""


def commit() -> str:
    """Short hash of the checked-out commit, with ``+`` if files of ``nalu`` differ from it.

    Where this is no git checkout, or git is not installed, what ``NALU_COMMIT`` says, and
    ``unknown`` if nobody set it, which is said once.
    """
    found = _git("rev-parse", f"--short={LENGTH}", "HEAD") if (ROOT / ".git").exists() else ""
    if not found:
        return os.environ.get("NALU_COMMIT") or _unknown()
    modified = _git("status", "--porcelain", "--untracked-files=no", "--", "nalu")
    return found + ("+" if modified else "")


@functools.cache
def _unknown() -> str:
    complain(f"git knows no commit of {ROOT}, the results will say 'unknown'; export NALU_COMMIT=<what this code is>")
    return "unknown"


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
    if path.suffix != ".py":
        return re.sub("//.*", "", path.read_text("utf8"))
    tree = ast.parse(path.read_text("utf8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not prose(part)]
    return ast.dump(tree)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return next(iter(names), platform.processor())


def _git(*arguments: str) -> str:
    """What git says of this checkout, nothing if it fails.

    The repository is named, not looked for: so git neither refuses one that belongs to another user, as in a
    container, nor takes that of a hook which calls us.
    """
    command = ["git", f"--git-dir={ROOT / '.git'}", f"--work-tree={ROOT}", "--no-optional-locks", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in ("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
