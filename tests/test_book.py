"""The book's own code, and what its pages say about the package."""
import importlib.util
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from nalu.analysis.outcomes import summarise
from nalu.experiments.conditions import Condition
from nalu.tasks import Arithmetic

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"


@pytest.fixture(scope="module")
def bookapi():
    return extension("bookapi")


@pytest.fixture(scope="module")
def booktables():
    return extension("booktables")


def extension(name):
    """An extension of the book, as Sphinx imports it."""
    spec = importlib.util.spec_from_file_location(name, BOOK / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("written, read", [
    ("is $x^2$.", "is :math:`x^2`."),
    ("$a$s and x$b$", ":math:`a`\\ s and x\\ :math:`b`"),
    ("`NMU(2, 1)` is", "``NMU(2, 1)`` is"),
    ("``NMU`` and :func:`solved`", "``NMU`` and :func:`solved`"),
    ("a `$` and a `$`", "a ``$`` and a ``$``"),
    ("over\nlines: $a\n+ b$", "over\nlines: :math:`a + b`"),
    ("$$\nx = y\n$$\nmore", ".. math::\n\n   x = y\n\nmore"),
    ("    $$x$$", "    .. math::\n\n       x\n"),
    ("in theory/sparsity (eq-sparse-gradient).", "in theory/sparsity :eq:`eq-sparse-gradient`."),
])
def test_docstrings_become_restructured_text(bookapi, written, read):
    lines = written.split("\n")
    bookapi.restructure(None, "module", "nalu", None, None, lines)
    assert "\n".join(lines) == read


def test_a_model_is_named_with_one_literal_per_option(booktables):
    row = next(row for row in booktables.NamesTable.rows(None) if row[1] == "`NMU`")
    assert row == ("NMU", "`NMU`", "`NAU`, `NMU`",
                   "`--layer-type ReRegualizedLinearNAC` `--nac-mul mnac`")


def test_runs_are_counted_by_model(booktables, tmp_path):
    path = tmp_path / "task" / "results.csv"
    path.parent.mkdir()
    rows = ["NMU,200000,authors,fused,cpu,abc,1800", "NMU,200000,authors,reference,cpu,abc,1800",
            "NAU,1000,philox,fused,cpu,,"]
    path.write_text("\n".join(["model,iterations,stream,engine,device,commit,seconds", *rows]))
    nmu, nau = booktables._models(path)
    assert nmu == ("`task`", "`NMU`", "2", "200,001", "authors", "fused, reference", "cpu", "`abc`",
                   "1.0 h")
    assert nau[-2:] == ("unknown", "0.0 s")


def test_names_in_the_table_of_settings_exist():
    import nalu.units

    table = (BOOK / "names.md").read_text("utf8").partition("list-table")[2]
    cells = re.findall(r"^\* - .*\n  - (.*)\n  - .*$", table, re.MULTILINE)[1:]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    unit = vars(nalu.units.NAC(1, 1))["_parameters"] | vars(nalu.units.NALU(1, 1))["_parameters"]
    known = {field.name for cls in (Condition, Arithmetic) for field in fields(cls)}
    known |= {*unit, "W", *dir(nalu.units.Unit), *dir(Arithmetic)}
    known |= {"solved", "solved_at", "sparsity_error"} & {*vars(sys.modules[summarise.__module__])}
    assert len(named) > 15 and named <= known


def test_every_module_is_on_a_page_of_the_api():
    pages = [path.read_text("utf8") for path in sorted((BOOK / "api").glob("*.md"))]
    documented = {name for page in pages for name in re.findall(r"automodule:: ([\w.]+)", page)}
    for name in documented:
        path = ROOT.joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), name
    units = {f"nalu.units.{path.stem}" for path in (ROOT / "nalu" / "units").glob("[a-z]*.py")}
    assert units <= documented


def test_a_word_of_the_glossary_explains_itself(tmp_path):
    (tmp_path / "conf.py").write_text(f"import sys\nsys.path.insert(0, {str(BOOK / '_ext')!r})\n"
                                      "extensions, myst_enable_extensions = ['myst_parser', 'bookterms'], ['dollarmath']\n")
    (tmp_path / "index.md").write_text("# A\n\n{term}`solved at`\n\n```{toctree}\nglossary\n```\n")
    (tmp_path / "glossary.md").write_text((BOOK / "glossary.md").read_text("utf8"))
    subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", tmp_path, tmp_path / "out"], check=True)
    html = (tmp_path / "out" / "index.html").read_text("utf8")
    (title,) = re.findall(r'href="glossary.html#term-solved-at" title="([^"]+)"', html)
    assert title == "The first logged update, one in a thousand, whose test error is below the threshold."
