"""A run that several experiments declare is a result of all of them."""

from types import MappingProxyType

import pytest
import tiny

from nalu import experiments
from nalu.experiments import EXPERIMENTS, Experiment, grid
from nalu.report.provenance import READ_LOG
from nalu.results import csv_file, merging, runs

SAME = {"simple": True, "iterations": 1}
TABLE = MappingProxyType({e.name: e for e in (
    Experiment("big", "B", "Nothing", grid(["NAU", "NMU"], seeds=range(4), **SAME)),
    Experiment("small", "S", "Nothing", grid(["NAU"], seeds=[2, 3, 9], **SAME)),
    Experiment("curved", "C", "Nothing", grid(["NAU"], seeds=range(4), **SAME), curves=5),
    Experiment("windowed", "W", "Nothing", grid(["NAU"], seeds=range(4), **SAME), window=3),
)})


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty runs folder and a table whose experiments overlap."""
    tiny.use_here(monkeypatch, tmp_path / "runs")
    monkeypatch.setattr(experiments, "EXPERIMENTS", TABLE)
    return tmp_path / "runs"


def finish(name, seeds, **values):
    """Give the first condition of an experiment results."""
    case = TABLE[name].conditions[0]
    row = {"experiment": name, "solved": True} | case.settings() | values
    merging.merge(name, [csv_file.row(row | {"seed": seed}) for seed in seeds])


def test_rows_of_another_experiment_are_results(shelf):
    finish("big", range(4), commit="big")
    finish("small", [9], commit="small")
    table = runs.results("small")
    assert table["seed"].tolist() == [2, 3, 9]
    assert table["experiment"].tolist() == table["commit"].tolist() == ["big", "big", "small"]
    assert runs.missing("small")["NAU"] == () and len(runs.by_condition("small")["NAU"]) == 3
    assert [row["seed"] for row in runs.rows("small", "NAU", [9, 2])] == ["9", "2"]
    assert runs.missing("big")["NMU"] == (0, 1, 2, 3)


def test_own_rows_come_first(shelf):
    finish("big", range(4), commit="big")
    finish("small", [2], commit="small")
    assert runs.results("small")["commit"].tolist() == ["small", "big"]
    assert runs.results("big")["commit"].tolist() == ["big"] * 4


def test_deleted_file_takes_its_rows_from_all(shelf):
    finish("big", range(4))
    (shelf / "big" / "results.csv").unlink()
    assert len(runs.results("small")) == 0 and runs.missing("small")["NAU"] == (2, 3, 9)


def test_changed_file_is_read_again(shelf):
    finish("big", [2])
    assert runs.missing("small")["NAU"] == (3, 9)
    finish("big", [3])
    assert runs.missing("small")["NAU"] == (9,)


def test_other_windows_and_curves_take_no_rows(shelf):
    finish("big", range(4))
    assert runs.missing("curved")["NAU"] == runs.missing("windowed")["NAU"] == (0, 1, 2, 3)
    finish("curved", [2], commit="curved")
    (shelf / "big" / "results.csv").unlink()
    assert runs.results("small")["commit"].tolist() == ["curved"]


def test_every_file_that_may_lend_is_noted(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv(READ_LOG, str(tmp_path / "log"))
    runs.results("small")
    noted = (tmp_path / "log").read_text().split()
    assert noted == [f"runs/{name}/results.csv" for name in ("small", "big", "curved")]


def test_missing_row_is_named(shelf):
    with pytest.raises(ValueError, match="small NAU has no results of seeds 2-3"):
        runs.rows("small", "NAU", [2, 3])


def test_experiments_of_the_papers_that_share():
    def lenders(name):
        return {entry.name for entry in runs.lenders(EXPERIMENTS[name])}

    assert lenders("ten_parameters") == lenders("replay_nmu_mul") == lenders("input_size") == set()
    assert "replay_nmu_mul" in lenders("operations") and "operations" in lenders("overlap")
    assert lenders("gating") == set()
