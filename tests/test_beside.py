"""The papers' values are found for every condition that they print."""

import math
from types import MappingProxyType

import pytest
import tiny

from nalu import experiments
from nalu.experiments import EXPERIMENTS, SEQUENTIAL, get
from nalu.paper import matched, published
from nalu.results import csv_file, merging, runs


def printed(experiment, condition):
    """The papers' values of a condition."""
    return matched.printed(get(experiment), get(experiment).condition(condition))


@pytest.mark.parametrize(("name", "models"), [
    ("operations", set()), ("overlap", set()), ("subset", set()), ("input_size", set()),
    ("hidden_size_ablation", set()), ("regularisation", set()), ("gating", set()),
    ("ablation_table", set()), ("replay_nmu_mul", set()),
    ("hidden_size", {"Gated_NAU_NMU"}), ("ranges", {"Gated_NAU_NMU"}),
    ("ten_parameters", {"NAC_mul_sigma", "Gated_NAU_NMU"}),
])
def test_only_known_models_are_not_printed(name, models):
    entry = EXPERIMENTS[name]
    without = {c.model for c in entry.conditions if not matched.printed(entry, c)}
    assert without == models


@pytest.mark.parametrize("name", [e.name for e in EXPERIMENTS.values() if e.varies and e.published])
def test_every_point_of_a_figure_is_that_of_one_condition(name):
    entry = EXPERIMENTS[name]
    figures = {entry.published.format(operation=c.task.operation) for c in entry.conditions}
    points = sum(len(published.figure(figure)) for figure in figures)
    assert sum(len(matched.printed(entry, c)) for c in entry.conditions) == points


def test_values_are_those_of_the_table_and_the_figure():
    cell = printed("operations", "NMU-mul")["success_rate"]
    paper = published.published_value("function_task_static_all", "mul", "NMU", "success_rate")
    assert cell[:3] == paper[:3] and (cell.n, cell.k) == (100, 98)
    cell = printed("learning_rate", "NAC_mul-mul-sgd-momentum=0.9-learning_rate=1e-05")
    points = published.figure("simple_function_static_learning_mul")
    point = points.query("model == 'NAC_mul|SGD-Nesterov' and x == '1e-05' and panel == 'success_rate'")
    assert cell["success_rate"].estimate == point["mean"].item()
    cell = printed("ranges", "NMU-train_range=-2..2-test_range=-6..-2_2..6")["success_rate"]
    points = published.figure("simple_function_static_mul_range")
    point = points.query("model == 'NMU' and x == 'U[-2,2]' and panel == 'success_rate'")
    assert (cell.estimate, cell.n) == (point["mean"].item(), point["n_runs"].item())


def test_ours_stand_beside_theirs(tmp_path, monkeypatch):
    tiny.use_here(monkeypatch, tmp_path / "runs")
    monkeypatch.setattr(experiments, "EXPERIMENTS", MappingProxyType({**EXPERIMENTS}))
    monkeypatch.setattr(experiments, "SEQUENTIAL", SEQUENTIAL)  # a verdict is about all claims
    entry = get("ten_parameters")
    case = entry.condition("NMU")
    assert [row[1] for row in matched.lines(entry, case)] == ["here, 0 runs", "—", "—", "—", "—"]
    outcome = {"solved": True, "solved_at": 14000, "sparsity_error": 1e-5}
    row = {"experiment": entry.name} | case.settings() | outcome
    merging.merge(entry.name, [csv_file.row(row | {"seed": s}) for s in range(10)])
    lines = matched.lines(entry, case)
    assert lines[0] == ("ten_parameters NMU", "here, 10 runs", "in the paper, 100 runs")
    assert lines[1][0] == "success rate" and lines[1][2].startswith("0.94 [")
    assert lines[-1] == ("verdict on the rates", "too few runs", "+6 points [−22, 12], p = 1")
    assert matched.lines(entry, entry.condition("Gated_NAU_NMU")) == []
    nothing = matched.of_runs(runs.by_condition(entry.name)["NALU"], entry.condition("NALU"))
    assert math.isnan(nothing["success_rate"].estimate)
