"""Every report notebook executes in a checkout that has no results yet, and says so."""

import json

import pytest

from nalu.report import kernels, refresh
from nalu.report.notebooks import run_notebook

pytestmark = pytest.mark.slow

READERS = ("agreement/", "audit/", "claims", "does_it_work", "experiments/", "playground",
           *(f"units/{name}" for name in ("dmu", "inalu", "mcfc", "npu", "reciprocal", "stochastic_nmu")))
"""Pages that show recorded results."""


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Execute a notebook beside an empty folder of results: all that it displays, as text."""

    def execute(name):
        monkeypatch.setenv("NALU_RUNS", str(tmp_path / "runs"))
        for variable, value in kernels.SET.items():
            monkeypatch.setenv(variable, value)
        copy = tmp_path / "executed.ipynb"
        run_notebook(refresh.sources()[name], copy)
        return json.dumps([cell.get("outputs") for cell in json.loads(copy.read_text("utf8"))["cells"]])

    return execute


@pytest.mark.slow
@pytest.mark.parametrize("name", refresh.sources())
def test_a_page_needs_no_results(name, shown, tmp_path):
    text = shown(name)
    assert ("not run yet" in text) == name.startswith(READERS)
    assert not (tmp_path / "runs").exists(), "a page must not write results"
