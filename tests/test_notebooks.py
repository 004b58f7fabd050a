"""Source notebooks: their form, what the book takes from them, and that their copies are current."""
import ast
import json
import re
import tokenize
from io import StringIO
from pathlib import Path

import pytest

from nalu.report import refresh
from nalu.report.notebooks import run_notebook
from nalu.support.paths import BOOK, EXECUTED, NOTEBOOKS, ROOT

ALL = sorted(NOTEBOOKS.rglob("*.ipynb"))
LONGEST_CELL, LONGEST_FUNCTION = 30, 10
ONLY_READS = "This notebook only reads recorded results: it trains nothing and runs in seconds."
READ = ("nalu.results", "nalu.paper")
COMPUTE = ("torch", "nalu.training", "nalu.models", "nalu.units", "nalu.campaign", "nalu.sequential.training")
"""Modules that read what is recorded; modules that a training or a simulation needs."""
ROLE = re.compile(r"\{run(?:-figure|-table)?\}[ `]*([\w/]+):(\w+)")


def cells(path, kind="code"):
    """The cells of one kind."""
    notebook = json.loads(path.read_text("utf8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


@pytest.fixture(params=ALL, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
def path(request):
    return request.param


def test_source_has_no_outputs(path):
    assert [cell["outputs"] for cell in cells(path) if cell["outputs"]] == []
    assert [cell for cell in cells(path) if cell["execution_count"] is not None] == []


def test_metadata_names_the_language(path):
    metadata = json.loads(path.read_text("utf8"))["metadata"]
    assert metadata["language_info"]["name"] == "python"
    assert metadata["kernelspec"]["name"] == "python3"
    assert set(metadata) == {"kernelspec", "language_info"}


def test_first_code_cell_holds_the_parameters(path):
    tagged = ["parameters" in cell["metadata"].get("tags", ()) for cell in cells(path)]
    assert tagged == [True] + [False] * (len(tagged) - 1)


def test_each_parameter_is_a_literal_with_a_comment(path):
    code = source(cells(path)[0])
    commented = {token.start[0] for token in tokenize.generate_tokens(StringIO(code).readline)
                 if token.type == tokenize.COMMENT}
    for node in ast.parse(code).body:
        assert isinstance(node, (ast.Assign, ast.AnnAssign)), ast.unparse(node)
        ast.literal_eval(node.value)
        assert node.end_lineno in commented, f"no comment: {ast.unparse(node)}"


def test_cells_are_short(path):
    for cell in cells(path):
        text = source(cell)
        assert text.count("\n") < LONGEST_CELL, text
        for node in ast.walk(ast.parse(text)):
            assert not isinstance(node, ast.ClassDef), "a class belongs in the package"
            if isinstance(node, ast.FunctionDef):
                length = node.end_lineno - node.lineno + 1
                assert length <= LONGEST_FUNCTION, f"{node.name} belongs in the package"


def test_a_page_has_a_title_and_a_question(path):
    first = source(cells(path, "markdown")[0])
    assert first.startswith("# ")
    assert "?" in first or "Question" in first


def imported(path):
    """What a notebook imports, with the modules that it may be imported from."""
    nodes = [node for cell in cells(path) for node in ast.walk(ast.parse(source(cell)))]
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return found | {name for node in nodes if isinstance(node, ast.ImportFrom)
                    for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))}


def only_reads(path):
    """Whether a notebook has what it shows from recorded results: nothing that trains is imported, and no random number drawn."""
    def any_of(modules):
        return any(name == module or name.startswith(f"{module}.") for name in imported(path) for module in modules)

    drawn = {node.attr for cell in cells(path) for node in ast.walk(ast.parse(source(cell))) if isinstance(node, ast.Attribute)}
    return any_of(READ) and not any_of(COMPUTE) and not drawn & {"random", "simulate"}


def test_a_notebook_says_whether_it_only_reads(path):
    """In its own words, at the top: so that nobody waits for a training that is not there, or is surprised by one."""
    assert (ONLY_READS in source(cells(path, "markdown")[0]).split("\n\n")) == only_reads(path)


def test_some_notebooks_only_read_and_some_train():
    reading = {path.relative_to(NOTEBOOKS).as_posix() for path in ALL if only_reads(path)}
    assert {"claims.ipynb", "does_it_work.ipynb", "experiments/operations.ipynb"} <= reading
    assert not {"start_here.ipynb", "train.ipynb", "experiments/ten_parameters.ipynb", "audit/threshold.ipynb"} & reading


@pytest.mark.parametrize("name", refresh.sources())
def test_a_page_ends_with_its_answer(name):
    notebook = json.loads(refresh.sources()[name].read_text("utf8"))
    assert "**Answer.**" in source(notebook["cells"][-1])


def test_an_unknown_parameter_is_refused(path, tmp_path):
    with pytest.raises(ValueError, match="unknown parameter"):
        run_notebook(path, tmp_path / "log.ipynb", {"no_such_parameter": 1})
    assert list(tmp_path.iterdir()) == []


def stored(name):
    """Names under which an executed notebook stores something."""
    copy = EXECUTED / f"{name}.ipynb"
    assert copy.is_file(), f"{name} has not been executed: make report"
    notebook = json.loads(copy.read_text("utf8"))
    outputs = (out for cell in notebook["cells"] for out in cell.get("outputs", ()))
    return {out["metadata"]["scrapbook"]["name"] for out in outputs
            if "scrapbook" in out.get("metadata", {})}


def asked_for():
    """What the pages of the book take from notebooks."""
    pages = [path.read_text("utf8") for path in sorted(BOOK.glob("*.md"))]
    pages += [source(cell) for path in ALL for cell in cells(path, "markdown")]
    return sorted({found for text in pages for found in ROLE.findall(text)})


@pytest.mark.parametrize("name, key", asked_for(), ids=lambda value: value)
def test_what_a_page_asks_for_is_stored(name, key):
    assert key in stored(name)


def test_executed_copies_are_current():
    assert refresh.stale() == [], "run: make report"


def test_executed_copies_name_no_machine():
    for path in EXECUTED.rglob("*.ipynb"):
        text = path.read_text("utf8")
        assert str(ROOT) not in text and "/home/" not in text and "/tmp/" not in text, path


def test_every_report_notebook_is_a_page():
    entries = re.findall(r"^ *- (?:file|glob): (notebooks/.*)$",
                         (BOOK / "_toc.yml").read_text("utf8"), re.MULTILINE)
    for name in refresh.sources():
        assert any(Path(f"notebooks/{name}").match(entry) for entry in entries), name
