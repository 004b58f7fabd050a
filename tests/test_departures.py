"""Every departure that a docstring announces has an entry in the book, and no entry is ambiguous."""
import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "book" / "departures.md").read_text("utf8")
ENTRIES = re.findall(r"^\(departs-([\w-]+)\)=\n### ", PAGE, re.MULTILINE)
SAYS = "Departs from the paper"


def announced():
    """File, line of the docstring and text of each announcement."""
    for path in sorted((ROOT / "nalu").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                for line in (ast.get_docstring(node) or "").split("\n"):
                    if SAYS in line:
                        yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", line


@pytest.mark.parametrize("where, line", list(announced()), ids=lambda value: value)
def test_a_docstring_that_departs_names_an_entry(where, line):
    slug = re.match(rf"{SAYS} \(([\w-]+)\): ", line.strip())
    assert slug, f"{where}: write '{SAYS} (name-of-entry): ...'"
    assert slug[1] in ENTRIES, f"{where}: book/departures.md has no (departs-{slug[1]})="


def test_nothing_departs_outside_of_docstrings():
    """A comment would escape the comparison."""
    said = sum(path.read_text("utf8").count(SAYS) for path in (ROOT / "nalu").rglob("*.py"))
    assert said == len(list(announced()))


def test_each_entry_is_there_once_and_says_what_is_done_here():
    assert [name for name, count in Counter(ENTRIES).items() if count > 1] == []
    sections = re.split(r"^\(departs-[\w-]+\)=\n", PAGE, flags=re.MULTILINE)[1:]
    assert len(sections) == len(ENTRIES)
    for name, text in zip(ENTRIES, sections, strict=True):
        assert "\nHere\n: " in text, f"departs-{name} does not say what is done here"
