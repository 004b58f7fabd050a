"""What an executed notebook was made from, as digests that are cheap to compute again.

A committed copy under ``runs/notebooks/`` carries, in its metadata, a record of

* ``source``: the cells of the notebook it was executed from,
* ``package``: what this notebook can reach of ``nalu``, see `nalu.report.reach`,
* ``results``: every file of results that it read while it ran,
* ``outputs``: its own cells with what came out, which nobody edits.

Comparing the record with the files of today says whether the copy is stale, and why,
without executing anything and without importing torch.
"""

import json
import os
from pathlib import Path

from nalu.report import reach
from nalu.report.reach import sha256
from nalu.support import files
from nalu.support.check import Refusal
from nalu.support.paths import ROOT, RUNS

READ_LOG = "NALU_READ_LOG"
"""Environment variable: the file in which a kernel lists what it reads."""


def note_read(path: Path) -> None:
    """Tell whoever executes this notebook that its outputs depend on ``path``.

    Without an executor that listens, as in JupyterLab, nothing happens. A file that does
    not exist is worth noting, too: once it appears, the outputs are out of date.

    Raises
    ------
    ValueError
        If the path lies outside the repository and the results folder.
    """
    log = os.environ.get(READ_LOG)
    if log:
        with open(log, "a", encoding="utf8") as file:
            file.write(_portable(Path(path)) + "\n")


def record(source: Path) -> dict:
    """Digests of a notebook and of the code it reaches; results are added once known."""
    notebook = files.notebook(source)
    return {"source": _cells(notebook), "package": _package(notebook), "results": {}}


def read_results(log: Path) -> dict[str, str | None]:
    """Digest of each file that a kernel listed in its log; ``None`` where there is none."""
    names = log.read_text("utf8").split("\n") if log.is_file() else ()
    return {name: _digest(_located(name)) for name in sorted(set(names) - {""})}


def outputs(copy: dict) -> str:
    """Digest of an executed notebook's cells, with what came out of them."""
    return sha256(json.dumps(copy["cells"], sort_keys=True).encode())


def changes(source: Path, copy: Path) -> str:
    """Why ``copy`` is no longer what ``source`` would give; empty while it is current."""
    if not source.is_file():
        return "its source is gone"
    if not copy.is_file():
        return "never executed"
    now = record(source)
    try:
        executed = files.notebook(copy)
    except Refusal:
        return f"its copy {_portable(copy)} is no notebook any more; delete it, python -m nalu report makes it anew"
    made_from = executed["metadata"].get("nalu", {})
    if not made_from.keys() >= now.keys():
        return "its copy does not say what it was made from"
    reasons = []
    if made_from["source"] != now["source"]:
        reasons.append("the notebook changed")
    if made_from["package"] != now["package"]:
        reasons.append("code that it uses changed")
    reasons += [f"{name} changed" for name, digest in made_from["results"].items()
                if _digest(_located(name)) != digest]
    if made_from.get("outputs") != outputs(executed):
        reasons.append("its copy was edited, or does not say what came out")
    return ", ".join(reasons)


def _cells(notebook: dict) -> str:
    """Digest of what an execution and the page depend on: text, tags and captions."""
    cells = [[cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []),
              cell["metadata"].get("mystnb", {})] for cell in notebook["cells"]]
    return sha256(json.dumps(cells, sort_keys=True).encode())


def _package(notebook: dict) -> str:
    """Digest of all that the notebook's cells can reach of the package."""
    cells = ("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    found = reach.reach(map(_without_magics, cells))
    return sha256("\n".join(f"{name} {digest}" for name, digest in sorted(found.items())).encode())


def _without_magics(code: str) -> str:
    """The Python of a cell: lines for IPython or the shell become empty."""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in code.split("\n"))


def _portable(path: Path) -> str:
    """The path as other machines know it: from the repository's root, results in runs/."""
    path = path.resolve()
    for folder, prefix in ((RUNS, Path("runs")), (ROOT, Path())):
        if path.is_relative_to(folder):
            return (prefix / path.relative_to(folder)).as_posix()
    raise Refusal(f"{path} lies neither in {ROOT} nor in {RUNS}")


def _located(name: str) -> Path:
    """The file that a portable name means on this machine."""
    return RUNS / name.removeprefix("runs/") if name.startswith("runs/") else ROOT / name


def _digest(path: Path) -> str | None:
    """SHA-256 of a file, the same for both conventions of line ends; ``None`` if absent."""
    return sha256(path.read_bytes().replace(b"\r\n", b"\n")) if path.is_file() else None
