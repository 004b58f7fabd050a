"""What an executed notebook was made from, as digests that are cheap to compute again.

A committed copy under ``runs/notebooks/`` carries, in its metadata, a record of

* ``source``: the cells of the notebook it was executed from,
* ``package``: the modules of ``nalu`` that this notebook imports, directly or not,
* ``results``: every file of results that it read while it ran,
* ``outputs``: its own cells with what came out, which nobody edits.

Comparing the record with the files of today says whether the copy is stale, and why,
without executing anything and without importing torch.
"""

import ast
import hashlib
import json
import os
from pathlib import Path

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
    """Digests of a notebook and of the code it imports; results are added once known."""
    notebook = files.notebook(source)
    return {"source": _cells(notebook), "package": _package(notebook), "results": {}}


def read_results(log: Path) -> dict[str, str | None]:
    """Digest of each file that a kernel listed in its log; ``None`` where there is none."""
    names = log.read_text("utf8").split("\n") if log.is_file() else ()
    return {name: _digest(_located(name)) for name in sorted(set(names) - {""})}


def outputs(copy: dict) -> str:
    """Digest of an executed notebook's cells, with what came out of them."""
    return _sha256(json.dumps(copy["cells"], sort_keys=True).encode())


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
        reasons.append("code that it imports changed")
    reasons += [f"{name} changed" for name, digest in made_from["results"].items()
                if _digest(_located(name)) != digest]
    if made_from.get("outputs") != outputs(executed):
        reasons.append("its copy was edited, or does not say what came out")
    return ", ".join(reasons)


def _cells(notebook: dict) -> str:
    """Digest of what an execution and the page depend on: text, tags and captions."""
    cells = [[cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []),
              cell["metadata"].get("mystnb", {})] for cell in notebook["cells"]]
    return _sha256(json.dumps(cells, sort_keys=True).encode())


def _package(notebook: dict) -> str:
    """Digest of all files of ``nalu`` that the notebook's imports lead to."""
    todo = [name for cell in notebook["cells"] if cell["cell_type"] == "code"
            for name in _imports(_without_magics("".join(cell["source"])), "")]
    modules: dict[str, Path] = {}
    while todo:
        name = todo.pop()
        path = _module(name)
        if path is None or name in modules:
            continue
        modules[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        todo += _imports(path.read_text("utf8"), package)
    found = {file for path in modules.values() for file in _with_data(path)}
    lines = [f"{_portable(file)} {_digest(file)}" for file in sorted(found)]
    return _sha256("\n".join(lines).encode())


def _imports(code: str, package: str) -> list[str]:
    """Dotted names under ``nalu`` that the code may import, parents included."""
    names = []
    try:
        tree = ast.parse(code)
    except SyntaxError:  # the execution will say so, and better
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(parents if node.level else []), *filter(None, [node.module])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    parts = [name.split(".") for name in names if name.split(".")[0] == "nalu"]
    return sorted({".".join(p[:end]) for p in parts for end in range(1, len(p) + 1)})


def _without_magics(code: str) -> str:
    """The Python of a cell: lines for IPython or the shell become empty."""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in code.split("\n"))


def _module(name: str) -> Path | None:
    """File of a module of this repository, or ``None`` if the name is no module."""
    stem = ROOT.joinpath(*name.split("."))
    candidates = (stem / "__init__.py", stem.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _with_data(path: Path) -> list[Path]:
    """The file of a module, and for a package the data files that lie in it."""
    if path.name != "__init__.py":
        return [path]
    beside = (file for file in path.parent.iterdir() if file.is_file())
    return [path, *(file for file in beside if file.suffix not in (".py", ".pyc"))]


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
    return _sha256(path.read_bytes().replace(b"\r\n", b"\n")) if path.is_file() else None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
