"""What a module of the package consists of: its definitions, as text, and what each of them mentions."""

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

PLAIN = {"cache", "lru_cache", "contextmanager", "dataclass", "no_grad"}
"""Decorators that leave a function to be called by its name; any other may hand it to somebody else."""


@dataclass
class Module:
    """A module, or the cells of a notebook together."""

    lines: list[str]  # without comments and docstrings
    defined: dict[str, list[ast.AST]] = field(default_factory=dict)  # by name, in their order
    imported: dict[str, set[str]] = field(default_factory=dict)  # name -> dotted names that it may stand for
    always: list[ast.AST] = field(default_factory=list)  # what runs or registers itself whenever the module is loaded

    @property
    def known(self) -> set[str]:
        """All names of the module."""
        return {*self.defined, *self.imported} - {"", "*"}

    def text(self, node: ast.AST) -> str:
        """The lines of a part of the module, as far as they do something."""
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        return "\n".join(filter(str.strip, self.lines[first - 1 : node.end_lineno]))

    def entries(self, table: str) -> dict[str, list[ast.AST]]:
        """The parts of a table by their names: values of a dictionary, or calls whose first argument is the name.

        What has no name that can be read here has an empty one.
        """
        found: dict[str, list[ast.AST]] = {}
        for value in (node.value for node in self.defined[table]):
            if isinstance(value, ast.Dict):
                parts = [*zip(value.keys, value.values, strict=True)]
            else:
                parts = [((getattr(part, "args", None) or [None])[0], part) for part in getattr(value, "elts", [value])]
            for key, part in parts:
                named = isinstance(key, ast.Constant) and isinstance(key.value, str)
                found.setdefault(key.value if named else "", []).append(part)
        return found


@functools.lru_cache(maxsize=1024)
def module(code: str, package: str) -> Module:
    """Take a module apart; `package` is what its relative imports begin at."""
    tree = ast.parse(code)
    found = Module(_bare(code, tree))
    bind(found, tree, package)
    for node in tree.body:
        names = [*_names(node)]
        for name in names:
            found.defined.setdefault(name, []).append(node)
        if not names and not isinstance(node, ast.Import | ast.ImportFrom) and not prose(node) or _registers(node):
            found.always.append(node)
    return found


def bind(found: Module, tree: ast.AST, package: str) -> None:
    """Note what every import in the code, also one within a function, lets a name stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                found.imported.setdefault(name, set()).add(alias.name if alias.asname else name)
                found.imported.setdefault("", set()).add(alias.name)  # loaded, whatever it is called
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                found.imported.setdefault(alias.asname or alias.name, set()).add(f"{base}.{alias.name}")


@functools.cache
def mentions(node: ast.AST) -> tuple[frozenset[str], frozenset[tuple[bool, tuple[str, ...]]]]:
    """Words in the texts of a piece of code, and its names with their attributes, ``a.b.c``.

    With each name, whether it is the first argument of `getattr`.
    """
    words, names = set(), set()
    todo: list[tuple[bool, ast.AST]] = [(False, node)]
    while todo:
        of_getattr, part = todo.pop()
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            words |= in_text(part.value)
        chain, root = [], part
        while isinstance(root, ast.Attribute):
            chain, root = [root.attr, *chain], root.value
        if isinstance(root, ast.Name):
            names.add((of_getattr, (root.id, *chain)))
            continue
        children = [child for child in ast.iter_child_nodes(part) if not prose(child)]
        todo += [(_calls_getattr(part) and child is part.args[0], child) for child in children]
    return frozenset(words), frozenset(names)


def in_text(text: str) -> set[str]:
    """The words of a text."""
    return {*re.findall(r"\w+", text)}


def _calls_getattr(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"


def _names(node: ast.stmt) -> Iterator[str]:
    """What a statement defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            yield from (part.id for part in parts if isinstance(part, ast.Name))


def _registers(node: ast.stmt) -> bool:
    """Whether a function or class may be in use without being called by its name."""
    for decorator in getattr(node, "decorator_list", ()):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) not in PLAIN:
            return True
    return False


def _bare(code: str, tree: ast.AST) -> list[str]:
    """The lines of code, without comments and docstrings: alike for every version of Python."""
    lines = code.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = lines[token.start[0] - 1][: token.start[1]].rstrip()
    for node in ast.walk(tree):
        if prose(node) and not lines[node.lineno - 1][: node.col_offset].strip():
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return lines


def prose(node: ast.AST) -> bool:
    """Whether a statement is a text alone: the docstring of a module, a class, a function or an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
