"""What notebooks stored with ``myst_nb.glue``, on every page of this book.

::

    {run}`experiments/ten_parameters:nmu_success`      a text, or a number with a format
    ```{run-figure} experiments/ten_parameters:fig_success
    :name: fig-success
    :alt: what is to be seen
    The caption.
    ```
    ```{run-table} experiments/ten_parameters:tab_success
    :name: tab-success
    The caption.
    ```
    ```{run-html} experiments/ten_parameters:trajectories
    ```

Unlike the cross-page forms of ``{glue}`` these follow changes in incremental builds,
keep vector graphics, number figures and warn about everything missing.
"""
from __future__ import annotations

import ast
import base64
import json
import os
import re
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.directives.patches import Figure
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

log = logging.getLogger(__name__)
PAGES = "notebooks"
FORMATS = {"image/svg+xml": "svg", "application/pdf": "pdf", "image/png": "png"}
NUMBER = re.compile(r"[-−+]?[\d.,\s]+(e[-+]?\d+)?\s*%?|[-–—]|nan", re.IGNORECASE)
LONGEST = 30  # letters that stay on one line; what is longer is a sentence

_cache: dict[Path, tuple[float, dict]] = {}


def records(path: Path) -> dict[str, dict]:
    """All glue records of one notebook: name -> {mime type: text}."""
    stamp = path.stat().st_mtime
    if path not in _cache or _cache[path][0] != stamp:
        found = {}
        for cell in json.loads(path.read_text("utf8"))["cells"]:
            for output in cell.get("outputs", ()):
                meta = output.get("metadata", {}).get("scrapbook")
                if meta:
                    cut = len(meta.get("mime_prefix", ""))
                    found[meta["name"]] = {mime[cut:]: "".join(text)
                                           for mime, text in output["data"].items()}
        _cache[path] = (stamp, found)
    return _cache[path][1]


class _Lookup:
    """Shared by the role and the directives."""

    def lookup(self, ref: str) -> dict:
        name, _, key = ref.partition(":")
        page = Path(self.env.srcdir, PAGES, f"{name}.ipynb")
        if not page.is_file():
            raise LookupError(f"no notebook {name!r}")
        self.env.note_dependency(str(page))
        try:
            return records(page)[key]
        except KeyError:
            raise LookupError(f"notebook {name!r} has no result {key!r}") from None

    def html(self, problem: str) -> dict | None:
        """The record that the directive asks for, which must have HTML; without, warn of the `problem`."""
        try:
            data = self.lookup(self.arguments[0])
            if "text/html" not in data:
                raise LookupError(f"{self.arguments[0]!r} {problem}: {sorted(data)}")
        except LookupError as error:
            self.failed(error)
            return None
        return data

    def failed(self, error: Exception) -> None:
        log.warning("%s", error, location=self.get_location(), type="bookruns", subtype="result")


class RunRole(SphinxRole, _Lookup):
    """A stored text or number, formatted by what follows the second colon."""

    def run(self):
        name, _, rest = self.text.strip().partition(":")
        key, _, spec = rest.partition(":")
        try:
            text = self.lookup(f"{name}:{key}")["text/plain"]
            # numpy scalars print as np.float64(1.5)
            text = re.sub(r"^np\.\w+\((.*)\)$", r"\1", text)
            try:
                value = ast.literal_eval(text)
            except (ValueError, SyntaxError):
                value = text
            text = format(value, spec)
        except (LookupError, ValueError, TypeError) as error:
            self.failed(ValueError(f"{{run}}`{self.text}`: {error}"))
            return [nodes.problematic(self.text, f"??{self.text}??")], []
        if m := re.fullmatch(r"(-?[\d.]+)e([+-]\d+)", text):  # 1.2e-05 -> 1.2 x 10^-5
            tex = rf"{m[1]} \times 10^{{{int(m[2])}}}"
            return [nodes.math(tex, tex)], []
        unbroken = ["run-value"] if len(text) <= LONGEST else []
        return [nodes.inline(text, text, classes=unbroken)], []


class RunFigure(_Lookup, Figure, SphinxDirective):
    """A stored figure, numbered, with a caption of this page."""

    def run(self):
        ref = self.arguments[0]
        try:
            data = self.lookup(ref)
            kinds = [mime for mime in FORMATS if mime in data]
            if not kinds:
                raise LookupError(f"result {ref!r} is not a figure: {sorted(data)}")
        except LookupError as error:
            self.failed(error)
            return []
        folder = Path(self.env.app.outdir).parent / "bookruns"
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[:/]", "-", ref)
        for mime in kinds:
            blob = data[mime].encode() if mime.endswith("xml") else base64.b64decode(data[mime])
            path = folder / f"{stem}.{FORMATS[mime]}"
            if not path.is_file() or path.read_bytes() != blob:
                path.write_bytes(blob)
        # the wild card lets every builder take the format it likes best
        self.arguments[0] = "/" + Path(
            os.path.relpath(folder / f"{stem}.*", self.env.srcdir)).as_posix()
        return super().run()


class RunTable(SphinxDirective, _Lookup):
    """A stored pandas frame as a numbered table; ``$...$`` in a cell is set as maths."""

    required_arguments = 1
    has_content = True
    option_spec = {"name": directives.unchanged, "class": directives.class_option}

    def run(self):
        if (data := self.html("is not a table")) is None:
            return []
        html = BeautifulSoup(data["text/html"], "html.parser").find("table")
        heads, bodies = html.select("thead tr"), html.select("tbody tr")
        columns = max(sum(int(c.get("colspan", 1)) for c in row.find_all(["th", "td"]))
                      for row in heads + bodies)
        table = nodes.table(classes=["run-table", *self.options.get("class", [])])
        if self.content:
            holder = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, holder)
            table += nodes.title(holder[0].rawsource, "", *holder[0].children)
        group = nodes.tgroup(cols=columns)
        table += group
        group.extend(nodes.colspec(colwidth=1) for _ in range(columns))
        for rows, part in ((heads, nodes.thead()), (bodies, nodes.tbody())):
            part.extend(nodes.row("", *map(_entry, row.find_all(["th", "td"]))) for row in rows)
            if len(part):
                group += part
        self.set_source_info(table)
        self.add_name(table)
        return [table]


class RunHtml(SphinxDirective, _Lookup):
    """What stands in a page as HTML, such as recorded trainings; other builders show its text."""

    required_arguments = 1

    def run(self):
        if (data := self.html("has no HTML")) is None:
            return []
        html = nodes.raw("", data["text/html"], format="html")
        text = nodes.paragraph("", data.get("text/plain", ""))
        self.set_source_info(html)
        return [html] if self.env.app.builder.format == "html" else [text]


def _entry(cell) -> nodes.entry:
    text = cell.get_text(" ", strip=True)
    paragraph = nodes.paragraph(text, "")
    for index, piece in enumerate(re.split(r"\$([^$]+)\$", text)):
        if piece:
            paragraph += nodes.math(piece, piece) if index % 2 else nodes.Text(piece)
    entry = nodes.entry("", paragraph)
    if cell.name == "td" and NUMBER.fullmatch(text):
        entry["classes"].append("number")
    if int(cell.get("colspan", 1)) > 1:
        entry["morecols"] = int(cell["colspan"]) - 1
    return entry


def setup(app):
    app.add_role("run", RunRole())
    app.add_directive("run-figure", RunFigure)
    app.add_directive("run-table", RunTable)
    app.add_directive("run-html", RunHtml)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
