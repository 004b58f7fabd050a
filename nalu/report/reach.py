"""The code that a notebook can reach: definitions, followed by their names from its cells through the package.

A change elsewhere, a new function, a comment or a docstring is no reason to execute a page again. Where a name may mean
several things, all of them count: everything that a module knows by a name that a definition mentions, a class as a whole,
a module that is passed on as a whole, and each statement that runs when a module is loaded, whoever loads it.

Of a table in `TABLES`, and of a module that ``getattr`` reads by name, only those parts count whose names
occur in the texts and data that are reached. So a new model, unit or experiment only affects the pages that name it.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

from nalu.report import definitions
from nalu.report.definitions import Module, in_text, mentions
from nalu.support.paths import ROOT

PACKAGE = "nalu"
TABLES = {("nalu.registry", "_ROWS"), ("nalu.experiments.own", "TABLE")}
"""Those from which code takes what has been named; nothing on a page lists them."""


def reach(cells: Iterable[str]) -> dict[str, str]:
    """Digest of every definition, statement and data file that the cells of a notebook can reach, by its name."""
    page, trees = Module([]), []
    for code in cells:
        try:
            trees.append(ast.parse(code))
        except SyntaxError:  # the execution will say so, and better
            continue
        definitions.bind(page, trees[-1], "")
    return _Walk().run(page, trees)


class _Walk:
    """From definition to definition, until nothing new is found."""

    def __init__(self) -> None:
        self.file, self.module = functools.cache(file_of), functools.cache(_module)  # read once, as they are now
        self.found: dict[str, str] = {}
        self.loaded: set[str] = set()
        self.seen: set[tuple[str, str]] = set()
        self.todo: list[tuple[str, str]] = []
        self.words: set[str] = set()
        self.picked: set[tuple[str, str]] = set()  # tables, and modules with an empty name, of which some parts are reached

    def run(self, page: Module, trees: Iterable[ast.AST]) -> dict[str, str]:
        """Start at the cells of a notebook; its imports are treated like those of a module."""
        self._imports(page)
        for tree in trees:
            self._follow(page, "", tree)
        while self.todo or self._pick():
            while self.todo:
                self._visit(*self.todo.pop())
        return self.found

    def _visit(self, name: str, attribute: str) -> None:
        """Take in what a module knows by a name."""
        if (name, attribute) in self.seen:
            return
        self.seen.add((name, attribute))
        if (name, attribute) in TABLES:
            self.picked.add((name, attribute))
            return
        module = self.module(name)
        self._take(name, attribute, module.defined.get(attribute, ()))
        for meant in module.imported.get(attribute, ()):
            self._name(meant.split("."))

    def _take(self, name: str, attribute: str, nodes: Iterable[ast.AST]) -> None:
        module = self.module(name)
        for number, node in enumerate(nodes):
            self.found[f"{name}.{attribute}.{number}"] = sha256(module.text(node).encode())
            self._follow(module, name, node)

    def _follow(self, module: Module, name: str, node: ast.AST) -> None:
        """Go on with what a part of a module mentions."""
        words, names = mentions(node)
        self.words |= words
        for of_getattr, (first, *rest) in names:
            for meant in module.imported.get(first, ()):
                self._name([*meant.split("."), *rest], of_getattr)
            if first in module.defined:
                self.todo.append((name, first))

    def _name(self, parts: list[str], of_getattr: bool = False) -> None:
        """Go on with a dotted name: what the longest module in it knows by the next part, or, without one, this module."""
        length = max((n for n in range(1, len(parts) + 1) if self.file(".".join(parts[:n]))), default=0)
        name = ".".join(parts[:length])
        if not length:
            return
        self._load(name)
        if length < len(parts) and parts[length] != "*":
            self.todo.append((name, parts[length]))
        elif of_getattr:
            self.picked.add((name, ""))
        else:
            self.todo += [(name, known) for known in self.module(name).known]

    def _pick(self) -> bool:
        """Go on with the parts that have been named meanwhile; whether there were any."""
        before = len(self.seen)
        for name, table in [*self.picked]:
            parts = self.module(name).entries(table) if table else dict.fromkeys(self.module(name).known)
            for part in [part for part in parts if in_text(part) <= self.words]:
                if not table:
                    self._visit(name, part)
                elif (name, f"{table}[{part}]") not in self.seen:
                    self.seen.add((name, f"{table}[{part}]"))
                    self._take(name, f"{table}[{part}]", parts[part])
        return bool(self.todo) or len(self.seen) > before

    def _imports(self, module: Module) -> None:
        for meant in {meant for names in module.imported.values() for meant in names}:
            self._load(meant)
            self._load(meant.rpartition(".")[0])
            if meant.endswith(".*"):
                self._name(meant.split("."))

    def _load(self, name: str) -> None:
        """Take in what happens when a module is loaded, and the data that lie beside a package."""
        path = self.file(name)
        if path is None or name in self.loaded:
            return
        self.loaded.add(name)
        self._load(name.rpartition(".")[0])
        module = self.module(name)
        self._take(name, "", module.always)
        self._imports(module)
        for file in path.parent.iterdir() if path.name == "__init__.py" else ():
            if file.is_file() and file.suffix not in (".py", ".pyc"):
                data = file.read_bytes().replace(b"\r\n", b"\n")
                self.found[f"{name}/{file.name}"] = sha256(data)
                self.words |= in_text(data.decode("utf8", "replace")) if file.suffix == ".csv" else set()


def file_of(name: str) -> Path | None:
    """File of a module of this repository's package, or ``None`` if the name is no such module."""
    if name.partition(".")[0] != PACKAGE:
        return None
    stem = ROOT.joinpath(*name.split("."))
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _module(name: str) -> Module:
    path = file_of(name)
    return definitions.module(path.read_text("utf8"), name if path.name == "__init__.py" else name.rpartition(".")[0])
