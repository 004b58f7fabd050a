"""Tables of this book that are made from the code and the results, never typed.

``{names-table}``  the papers' models: name in the paper, in the code, the authors' flags
``{runs-table}``   what was trained, with what, at which commit
``{pages-table}``  the executed notebooks, and which of them are stale
"""
from __future__ import annotations

import csv
import subprocess
from collections import defaultdict
from functools import cache

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from nalu import registry
from nalu.report import refresh
from nalu.support import paths


class MarkdownTable(SphinxDirective):
    """A numbered table; a subclass says what its head and rows are, in Markdown."""

    has_content = True
    option_spec = {"name": str}
    head: tuple[str, ...]
    empty = "Nothing yet."

    def rows(self) -> list[tuple[str, ...]]:
        raise NotImplementedError

    def run(self):
        self.env.note_reread()
        rows = self.rows()
        if not rows:
            return [nodes.paragraph("", self.empty)]
        lines = [self.head, ["---"] * len(self.head), *rows]
        text = [f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in line)} |"
                for line in lines]
        holder = nodes.Element()
        self.state.nested_parse(StringList(text, "generated"), self.content_offset, holder)
        table = holder[0]
        table["classes"].append("run-table")
        if self.content:
            caption = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, caption)
            table.insert(0, nodes.title(caption[0].rawsource, "", *caption[0].children))
        self.set_source_info(table)
        self.add_name(table)
        return [table]


class NamesTable(MarkdownTable):
    head = ("In the paper", "In the code", "Its units", "The authors' options")

    def rows(self):
        return [(model.plain, f"`{name}`", f"`{model.first}`, `{model.second}`", _options(model))
                for name, model in registry.MODELS.items()]


class RunsTable(MarkdownTable):
    head = ("Experiment", "Model", "Runs", "Updates", "Stream", "Engine", "Device", "Commit",
            "Time")
    empty = "No results are recorded in this checkout."

    def rows(self):
        return [row for path in sorted(paths.RUNS.glob("*/results.csv")) for row in _models(path)]


class PagesTable(MarkdownTable):
    head = ("Notebook", "Its executed copy")
    empty = "There are no notebooks."

    def rows(self):
        reasons = dict(refresh.stale())
        return [(f"{{doc}}`notebooks/{name}`", f"stale: {reasons[name]}" if name in reasons
                 else "up to date") for name in refresh.sources()]


def _options(model) -> str:
    """One literal per option, so that a narrow column breaks between them."""
    options = f"--layer-type {model.flags}".split(" --")
    text = " ".join(f"`{option if not index else '--' + option}`"
                    for index, option in enumerate(options))
    return f"{text} ({model.note})" if model.note else text


def _models(path) -> list[tuple[str, ...]]:
    """One line per model of a results file, in the file's order."""
    with open(path, encoding="utf8", newline="") as file:
        groups = defaultdict(list)
        for row in csv.DictReader(file):
            groups[row["model"]].append(row)
    return [(f"`{path.parent.name}`", f"`{model}`", str(len(rows)),
             _values(f"{int(row['iterations']) + 1:,}" for row in rows),
             _values(row["stream"] for row in rows), _values(row["engine"] for row in rows),
             _values(row["device"] for row in rows), _values(_commit(row) for row in rows),
             _duration(sum(float(row["seconds"] or 0) for row in rows)))
            for model, rows in groups.items()]


def _duration(seconds: float) -> str:
    """In the largest unit that leaves at least one of it."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _values(values) -> str:
    """The different values, in order of appearance."""
    return ", ".join(dict.fromkeys(values))


def _commit(row: dict) -> str:
    """The commit, with its date where the history is at hand."""
    commit = row["commit"].rstrip("+")
    if commit in ("", "unknown"):
        return "unknown"
    changed = " with local changes" if row["commit"].endswith("+") else ""
    return f"`{commit}`{_date(commit)}{changed}"


@cache
def _date(commit: str) -> str:
    command = ["git", "-C", str(paths.ROOT), "show", "-s", "--format= (%cs)", commit, "--"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.rstrip()
    except OSError:  # no git on this machine
        return ""


def setup(app):
    app.add_directive("names-table", NamesTable)
    app.add_directive("runs-table", RunsTable)
    app.add_directive("pages-table", PagesTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
