"""Pages of this book that are executed notebooks.

For every report notebook ``notebooks/NAME.ipynb`` of the repository a page
``notebooks/NAME.ipynb`` of the book is written before Sphinx looks for its sources: the
executed copy ``runs/notebooks/NAME.ipynb`` when there is one, else the source, with a
note that it has not been run and a warning. A page is rewritten only when its content
changes, so incremental builds stay incremental. Pages of results are arranged by `bookresults`. Links from an output to another notebook,
which JupyterLab follows as they are, lead to its page.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

import bookresults
from sphinx.util import logging

from nalu.report import refresh
from nalu.support import paths

log = logging.getLogger(__name__)
PAGES = "notebooks"
NOT_RUN = (":::{attention}\nThis notebook has not been executed in this checkout; the page "
           "shows its source only. `make report` executes it.\n:::\n")
TO_NOTEBOOK = re.compile(r'(<a href="(?![\w+.-]+:|/)[^"#]+)\.ipynb(?=["#])')


def sync(app, config) -> None:
    """Write the pages, remove those whose notebook is gone."""
    target = Path(app.srcdir, PAGES)
    wanted = set()
    for name, source in refresh.sources().items():
        copy = paths.EXECUTED / f"{name}.ipynb"
        if not copy.is_file():
            log.warning("no executed copy of notebooks/%s.ipynb", name,
                        type="bookpages", subtype="missing")
        page = target / f"{name}.ipynb"
        wanted.add(page)
        text = _executed(name, copy) if copy.is_file() else _source_only(name, source)
        if not page.is_file() or page.read_text("utf8") != text:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf8")
    for stale in set(target.rglob("*.ipynb")) - wanted:
        stale.unlink()


def _executed(name: str, copy: Path) -> str:
    notebook = json.loads(copy.read_text("utf8"))
    made_from = notebook["metadata"].pop("nalu", None)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", {}):  # myst_nb warns about other kinds
                for mime in [m for m in output["data"] if m.startswith("application/vnd.")]:
                    del output["data"][mime]
                html = "".join(output["data"]["text/html"])
                output["data"]["text/html"] = TO_NOTEBOOK.sub(r"\1.html", html)
    bookresults.arrange(name, notebook)
    if made_from:
        notebook["cells"].append(_markdown("made-from", _provenance(name, made_from)))
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _source_only(name: str, source: Path) -> str:
    notebook = json.loads(source.read_text("utf8"))
    bookresults.arrange(name, notebook)
    notebook["cells"].insert(1, _markdown("not-run", NOT_RUN))  # the page keeps its title
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _provenance(name: str, made_from: dict) -> str:
    rows = [(f"`notebooks/{name}.ipynb`, its cells", made_from["source"]),
            ("the modules of `nalu` it imports", made_from["package"]),
            *((f"`{path}`", digest) for path, digest in made_from["results"].items())]
    lines = "\n".join(f"| {what} | `{digest[:16] if digest else 'not there yet'}` |"
                      for what, digest in rows)
    return (":::{dropdown} What this page was made from\n:class-container: made-from\n\n"
            f"| Made from | SHA-256 |\n|---|---|\n{lines}\n:::\n")


def _markdown(identifier: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": identifier, "metadata": {},
            "source": text.splitlines(keepends=True)}


def setup(app):
    # before sphinx_external_toc (priority 900) lists the source files
    app.connect("config-inited", sync, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
