"""The table of experiments: complete, immutable, and each entry can be trained."""

import dataclasses
import subprocess
import sys

import pytest

from nalu.experiments import EXPERIMENTS, OWN, Condition, Experiment, get, grid
from nalu.paper import published
from nalu.results import csv_file
from nalu.tasks import Arithmetic

ENTRIES = EXPERIMENTS | {name: entry for name, entry in OWN.items() if isinstance(entry, Experiment)}
RUNS = {  # of the authors' scripts; twelve runs of their big table are replayed on their own
    "ten_parameters": 5 * 100, "replay_nmu_mul": 12, "operations": 11 * 6 * 100,
    "hidden_size": 6 * 9 * 50, "ranges": 6 * 7 * 50, "input_size": 6 * 14 * 50,
    "overlap": 6 * 6 * 50, "subset": 6 * 4 * 50, "hidden_size_ablation": 4 * 9 * 50,
    "gating": 3 * 2 * 100, "regularisation": 3 * 6 * 50, "learning_rate": 3 * 3 * 5 * 4 * 25,
    "ablation_table": 6 * 25, "number_of_subsets": 4 * 8 * 25 + 4 * 25,
}
FIRST = [pytest.param(c, id=f"{e.name}-{c.id}") for e in ENTRIES.values()
         for c in {c.model: c for c in reversed(e.conditions)}.values()]


def settings(name, column):
    """The different values of a setting in an experiment, in their order."""
    return [*dict.fromkeys(c.settings()[column] for c in EXPERIMENTS[name].conditions)]


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_entry_names_what_it_reproduces(entry):
    assert entry.title and entry.reproduces
    assert get(entry.name) is entry
    known = {*published.TABLES, *published.FIGURES}
    for c in entry.conditions if entry.published else ():
        assert entry.published.format(operation=c.task.operation) in known
    assert entry.varies in {*entry.conditions[0].settings(), None}


def test_runs_are_as_many_as_the_authors_made():
    assert {e.name: sum(len(c.seeds) for c in e.conditions) for e in EXPERIMENTS.values()} == RUNS
    assert sum(RUNS.values()) - RUNS["replay_nmu_mul"] - RUNS["ablation_table"] == 27_900 - 100


def test_operations_are_all_models_on_all_operations():
    assert settings("operations", "operation") == ["mul", "div", "add", "sub", "root", "squared"]
    printed = published.table("function_task_static_all")
    assert {*settings("operations", "model")} == {*printed["model"]}


def test_large_inputs_train_longer():
    iterations = {c.task.input_size: c.iterations for c in get("input_size").conditions}
    assert {n: i // 10**6 for n, i in iterations.items()} == {
        **dict.fromkeys([4, 10, 25, 50, 75, 100], 5), **dict.fromkeys([125, 150, 175, 200], 10),
        **dict.fromkeys([225, 250, 275, 300], 15)}
    assert [e.name for e in EXPERIMENTS.values() if e.window != 5000] == ["input_size"]
    assert get("input_size").window == 15_000


@pytest.mark.parametrize(("name", "column", "values"), [
    ("hidden_size", "hidden_size", [2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("overlap", "overlap_ratio", [0, 0.1, 0.25, 0.5, 0.75, 1]),
    ("subset", "subset_ratio", [0.05, 0.1, 0.25, 0.5]),
    ("ranges", "train_range",
     ["[-2,-1]", "[-2,2]", "[0,1]", "[0.1,0.2]", "[1,2]", "[1.1,1.2]", "[10,20]"]),
    ("ranges", "test_range",
     ["[-6,-2]", "[-6,-2]|[2,6]", "[1,5]", "[0.2,2]", "[2,6]", "[1.2,6]", "[20,40]"]),
    ("regularisation", "lambda_sparse", [0, 0.01, 0.1, 1, 10, 100]),
    ("learning_rate", "learning_rate", [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
    ("learning_rate", "momentum", [0, 0.9]),
    ("gating", "operation", ["add", "mul"]),
    ("number_of_subsets", "number_of_subsets", [2, 3, 4, 5]),
    ("number_of_subsets", "hidden_size", [2, 4, 3, 6, 8, 5, 10]),
])
def test_what_varies_is_what_the_authors_varied(name, column, values):
    assert settings(name, column) == values


def test_regularisation_keeps_the_ramp_of_each_model():
    ramps = {(c.model, c.task.operation, c.lambda_start, c.lambda_end)
             for c in get("regularisation").conditions}
    assert ramps == {("NAU", "add", 5_000, 50_000), ("NAU", "sub", 5_000, 50_000),
                     ("NMU", "mul", 1_000_000, 2_000_000)}


def test_products_of_many_sums_have_a_threshold():
    """That of two is the papers'; it grows by the square of a sum, about 100, for each more."""
    tasks = {c.task for c in get("number_of_subsets").conditions}
    limits = {task.number_of_subsets: task.threshold() for task in tasks}
    assert limits[2] == Arithmetic().threshold()
    assert all(0.9e4 < limits[k + 1] / limits[k] < 2.5e4 for k in (2, 3, 4))


def test_table_is_immutable():
    with pytest.raises(TypeError):
        EXPERIMENTS["another"] = EXPERIMENTS["ten_parameters"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXPERIMENTS["ten_parameters"].title = "another"
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXPERIMENTS["ten_parameters"].conditions[0].iterations = 1


def test_table_1_is_as_the_authors_ran_it():
    entry = EXPERIMENTS["ten_parameters"]
    assert [c.id for c in entry.conditions] == [
        "NAC_mul", "NAC_mul_sigma", "NALU", "NMU", "Gated_NAU_NMU"]
    for c in entry.conditions:
        assert (c.task, c.iterations, c.stream) == (Arithmetic(simple=True), 200_000, "authors")
        assert c.seeds == tuple(range(100))


def test_replay_has_the_failing_seeds():
    (condition,) = EXPERIMENTS["replay_nmu_mul"].conditions
    assert condition.seeds == (*range(10), 70, 85)
    assert (condition.task, condition.iterations) == (Arithmetic(), 5_000_000)


@pytest.mark.parametrize("condition", FIRST)
def test_condition_trains_two_steps(condition):
    from nalu.training import train

    first = condition.seeds[:1]
    history = train(seeds=first, **condition.plan_arguments() | {"iterations": 1})
    at_once = condition.model == "Mul_MC_FC" and condition.task.train_range[0][0] < 0  # logarithms of negative inputs
    assert history["step"].tolist() == ([] if at_once else [0])
    assert set(condition.settings()) | {"experiment"} == set(csv_file.SETTINGS)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_conditions_are_valid_plans_with_paths_that_fit(entry):
    from nalu.training import Plan

    for condition in entry.conditions:
        Plan(seeds=condition.seeds, **condition.plan_arguments())
        assert len(condition.id) < 80


def test_lambdas_come_from_the_model_unless_given():
    assert Condition("NAU").settings()["lambda_end"] == 50_000
    assert Condition("NMU_no_Rsparse").settings()["lambda_sparse"] == 0
    assert Condition("NAU", lambda_sparse=0.1).settings()["lambda_sparse"] == 0.1


def test_ranges_are_printed_as_intervals():
    task = Arithmetic(train_range=((-2, 2),), test_range=((-6, -2), (2, 6)))
    settings = Condition("NMU", task).settings()
    assert (settings["train_range"], settings["test_range"]) == ("[-2,2]", "[-6,-2]|[2,6]")
    narrow = Condition("NMU", Arithmetic(train_range=((0.1, 0.2),))).settings()
    assert narrow["train_range"] == "[0.1,0.2]"


def test_grid_names_what_varies():
    conditions = grid(["NAU", "NMU"], {"operation": ["add", "mul"], "hidden_size": [2, 3]},
                      seeds=range(50))
    assert [c.id for c in conditions[:3]] == [
        "NAU-add-hidden_size=2", "NAU-add-hidden_size=3", "NAU-mul-hidden_size=2"]
    (rate,) = grid(["NAU"], {"optimizer": ["sgd"], "learning_rate": [1e-5], "momentum": [0.0]})
    assert rate.id == "NAU-sgd-learning_rate=1e-05-momentum=0"
    assert len(conditions) == 8 and conditions[-1].seeds == tuple(range(50))
    assert conditions[-1].task.operation == "mul" and conditions[-1].hidden_size == 3


def test_grid_lets_settings_vary_together():
    pairs = [(((-2, 2),), ((-6, -2), (2, 6))), (((0.1, 0.2),), ((0.2, 2),))]
    conditions = grid(["NMU"], {("train_range", "test_range"): pairs})
    assert [c.id for c in conditions] == [
        "NMU-train_range=-2..2-test_range=-6..-2_2..6",
        "NMU-train_range=0.1..0.2-test_range=0.2..2"]


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda: Condition("NUM"), "unknown model 'NUM'; did you mean 'NMU'"),
    (lambda: Condition("NMU", iterations=0), "iterations must be an integer of at least 1, got 0"),
    (lambda: Condition("NMU", hidden_size=0), "hidden_size must be an integer of at least 1, got 0"),
    (lambda: Condition("NMU", seeds=(1, 1)), "seeds must differ, but 1 occurs twice"),
    (lambda: Condition("NMU", seeds=(-1,)), "a seed must be an integer of at least 0, got -1"),
    (lambda: Condition("NMU", id="a/b"), "condition id 'a/b' is no plain file name"),
    (lambda: grid(["NMU"], operation="mull"), "unknown operation 'mull'; did you mean 'mul'"),
    (lambda: grid(["NMU"], {"hiddensize": [2]}), "unknown setting 'hiddensize'; did you mean 'hidden_size'"),
    (lambda: get("ten_paramters"), "unknown experiment 'ten_paramters'; did you mean 'ten_parameters'"),
    (lambda: get("ten_parameters").condition("NUM"), "unknown condition of ten_parameters 'NUM'"),
    (lambda: Experiment("e", "E", "T", grid(["NMU", "NMU"])), "'NMU' and 'NMU' of e must differ"),
    (lambda: Experiment("e", "E", "T", (Condition("NMU"), Condition("NMU", id="b"))),
     "'NMU' and 'b' of e must differ in id and settings"),
])
def test_wrong_entry_is_one_clear_line(wrong, message):
    with pytest.raises(ValueError) as error:
        wrong()
    assert message in str(error.value) and "\n" not in str(error.value)


def test_command_line_starts_without_torch():
    code = "import sys, nalu.cli; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
