"""The report's notebooks: which committed copies are stale, and how they are renewed.

Every notebook under ``notebooks/`` except ``train.ipynb``, and except names that start
with an underscore, has an executed copy under ``runs/notebooks/`` that the book shows.
Executing it again gives the same bytes: dates, durations, addresses, versions of the
interpreter and random identifiers are kept out, so that ``git diff runs/`` after a
renewal shows changed results and nothing else.
"""

import json
import multiprocessing
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from nalu.report import kernels, provenance
from nalu.report.notebooks import NotebookError, run_notebook
from nalu.support import check, files
from nalu.support.paths import EXECUTED, NOTEBOOKS

TRAINS = "train"
TIMEOUT = 1200  # seconds for one cell: a report notebook takes less than a minute


def sources() -> dict[str, Path]:
    """Report notebooks by name: the path under ``notebooks/``, without suffix."""
    found = {path.relative_to(NOTEBOOKS).with_suffix("").as_posix(): path
             for path in sorted(NOTEBOOKS.rglob("*.ipynb"))}
    return {name: path for name, path in found.items()
            if name != TRAINS and not re.search(r"(^|/)[_.]", name)}


def stale() -> list[tuple[str, str]]:
    """Name and reason of every committed copy that is not what its source gives today."""
    reasons = ((name, provenance.changes(_source(name), _copy(name))) for name in _names())
    return [(name, reason) for name, reason in reasons if reason]


def execute(names: Iterable[str], jobs: int | None = None) -> dict[str, str]:
    """Execute report notebooks, ``jobs`` at a time, each in a process of its own.

    The copy of a notebook whose source is gone is removed. A notebook that fails leaves
    its old copy as it was.

    Returns
    -------
    dict
        What went wrong, by name: empty when all went well.

    Raises
    ------
    ValueError
        If a name is not that of a report notebook, or ``jobs`` is less than 1.
    """
    names = _known(names)
    jobs = check.integer(os.cpu_count() if jobs is None else jobs, "jobs", at_least=1)
    failures = {}
    if not names:
        return failures
    with ProcessPoolExecutor(min(jobs, len(names)), initializer=_end_with_parent) as pool:
        for name, said, failure in pool.map(_renew, names):
            print(f"{name}: {'failed' if failure else 'done'}", flush=True)
            if said:
                print(_indented(said), file=sys.stderr)
            if failure:
                failures[name] = failure
    return failures


def run(names: Iterable[str] = (), jobs: int | None = None) -> int:
    """Execute the named notebooks, or all stale ones; returns the exit status."""
    chosen, reasons = _known(names), dict(stale())
    chosen = chosen or list(reasons)
    for name in chosen:
        print(f"{name}: {reasons.get(name, 'asked for')}", flush=True)
    failures = execute(chosen, jobs)
    for name, text in failures.items():
        print(f"\n{name} failed, its copy is left as it was:\n{_indented(text)}", file=sys.stderr)
    if not chosen:
        print("every executed notebook is up to date")
    return 1 if failures else 0


def _names() -> list[str]:
    """Names of all report notebooks, and of all executed copies."""
    copies = (path.relative_to(EXECUTED).with_suffix("").as_posix() for path in EXECUTED.rglob("*.ipynb"))
    return sorted({*sources(), *copies})


def _known(names: Iterable[str]) -> list[str]:
    """Return some names of report notebooks, if that is what they are."""
    known = _names()
    return [check.one_of(name, known, "report notebook") for name in names]


def _end_with_parent() -> None:
    """Let this worker, and with it its kernel, end when the process that started it is gone."""
    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _source(name: str) -> Path:
    return NOTEBOOKS / f"{name}.ipynb"


def _copy(name: str) -> Path:
    return EXECUTED / f"{name}.ipynb"


def _renew(name: str) -> tuple[str, str, str]:
    """Execute one notebook in this process; name, its warnings, and why it failed."""
    source, copy = _source(name), _copy(name)
    if not source.is_file():
        copy.unlink()
        return name, "", ""
    made_from = provenance.record(source)
    with tempfile.TemporaryDirectory(prefix="nalu-") as scratch:
        log, executed = Path(scratch, "read.txt"), Path(scratch, "executed.ipynb")
        told = kernels.environment(Path(scratch)) | {provenance.READ_LOG: str(log)}
        os.environ.clear()  # of this process: papermill, too, is told nothing else
        os.environ |= told
        try:
            run_notebook(source, executed, timeout=TIMEOUT)
        except (NotebookError, ValueError, OSError) as error:
            return name, "", str(error)
        made_from["results"] = provenance.read_results(log)
        notebook, said = _clean(files.notebook(executed), source)
    if blank := _without_figure(notebook):
        return name, said, f"no figure came out of the cell {blank!r}, which draws one"
    notebook["metadata"]["nalu"] = made_from | {"outputs": provenance.outputs(notebook)}
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    files.write(copy, text.encode())
    return name, said, ""


def _clean(notebook: dict, source: Path) -> tuple[dict, str]:
    """What is to be committed, and what the notebook wrote to standard error."""
    said = []
    notebook["metadata"] = files.notebook(source)["metadata"]
    for cell in notebook["cells"]:
        for key in ("papermill", "execution"):
            cell["metadata"].pop(key, None)
        if cell["cell_type"] == "code":
            said += ["".join(out["text"]) for out in cell["outputs"] if _is_stderr(out)]
            kept = [out for out in cell["outputs"] if not _is_stderr(out)]
            cell["outputs"] = _one_stream(kept)
            for output in cell["outputs"]:
                _without_chance(output, cell["id"])
    return notebook, "".join(said)


def _without_figure(notebook: dict) -> str:
    """The first cell that draws a figure, as its caption or its output says, and shows none; empty without."""
    for cell in notebook["cells"]:
        shown = [out.get("data", {}) for out in cell.get("outputs", ())]
        drawn = "figure" in cell["metadata"].get("mystnb", {}) or any(
            "".join(data.get("text/plain", "")).startswith("<Figure size") for data in shown)
        if drawn and not any(mime.startswith("image/") for data in shown for mime in data):
            return cell["id"]
    return ""


def _is_stderr(output: dict) -> bool:
    """Warnings differ between machines: they are for the terminal, not for the page."""
    return output.get("name") == "stderr"


def _one_stream(outputs: list[dict]) -> list[dict]:
    """Join consecutive pieces of printed text, whose borders are a matter of timing."""
    joined: list[dict] = []
    for kind, pieces in groupby(outputs, key=itemgetter("output_type")):
        pieces = [*pieces]
        if kind == "stream":
            text = "".join(line for piece in pieces for line in piece["text"])
            pieces = [pieces[0] | {"text": text.splitlines(keepends=True)}]
        joined += pieces
    return joined


def _without_chance(output: dict, cell: str) -> None:
    """Remove addresses of objects and the random identifiers of styled tables."""
    for mime, text in output.get("data", {}).items():
        if mime.endswith(("text/plain", "text/html")):
            lines = [text] if isinstance(text, str) else text
            lines = [re.sub(r" at 0x[0-9a-f]+>", ">", line) for line in lines]
            output["data"][mime] = [re.sub(r"\bT_[0-9a-f]{5}", f"T_{cell}", line) for line in lines]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().split("\n"))
