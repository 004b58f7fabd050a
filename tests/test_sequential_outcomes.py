"""Thresholds from reference runs, what they judge, and the published curves beside it."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import tiny_digits
from scipy import stats

from nalu import experiments
from nalu.experiments.sequential_conditions import SequenceCondition, SequenceExperiment
from nalu.paper import sequences
from nalu.results import csv_file, merging, recorded, runs, tables
from nalu.sequential import outcomes
from nalu.sequential.thresholds import failures, thresholds
from nalu.tasks import SequentialMNIST

REFERENCE = pd.DataFrame({
    "operation": "product", "seed": [0, 1, 2] * 2, "test_length": [1] * 3 + [2] * 3,
    "test_mse": [1.0, 2.0, 3.0, 10.0, 20.0, 60.0]})


def test_the_threshold_is_the_upper_bound_of_the_mean():
    found = thresholds(REFERENCE).set_index("test_length")
    t = stats.t.ppf(0.99, 2)
    assert t == pytest.approx(6.9646, abs=1e-4), "tables of the t distribution"
    assert found.loc[1, "threshold"] == pytest.approx(2 + t * 1 / math.sqrt(3))
    assert found.loc[2, "threshold"] == pytest.approx(30 + t * 700**0.5 / math.sqrt(3))
    assert found["n"].tolist() == [3, 3] and found["df"].tolist() == [2, 2]


def test_seeds_can_be_left_out_and_the_published_quantile_kept():
    found = thresholds(REFERENCE, without=(2,), df=8).set_index("test_length")
    assert found.loc[1, "threshold"] == pytest.approx(1.5 + 2.8965 * 0.5**0.5 / math.sqrt(2), rel=1e-4)
    assert found["n"].tolist() == [2, 2] and found["without"].tolist() == ["2", "2"]
    one = thresholds(REFERENCE, without=(1, 2))
    assert one["threshold"].isna().all() and one["n"].tolist() == [1, 1]
    assert thresholds(REFERENCE, without=(0, 1, 2)).empty


def test_a_reference_that_cannot_read_a_digit_has_failed():
    other = REFERENCE.assign(test_mse=[1.0, 120.0, 6.6, 1.0, 1.0, 1e9])
    assert failures(other) == (1,), "judged by single digits alone"
    assert failures(other.assign(test_mse=math.nan)) == (0, 1, 2)
    assert failures(other.assign(test_mse=8.0)) == (0, 1, 2)
    assert failures(other.assign(test_mse=8.0, operation="sum")) == ()


PASSED = pd.DataFrame([("NMU", 0, 1, 0, 9.0), ("NMU", 0, 1, 10, 5.0), ("NMU", 0, 1, 20, 4.0),
                       ("NMU", 1, 1, 0, 8.0), ("NMU", 1, 1, 10, 1.0)],
                      columns=["condition", "seed", "test_length", "step", "test_mse"])
RESULTS = pd.DataFrame({"condition": "NMU", "seed": [0, 1, 2], "test_length": 1,
                        "test_mse": [4.5, 7.0, math.nan], "sparsity_error": [0.1, 0.2, 0.3]})
LIMITS = pd.DataFrame({"test_length": [1, 2], "threshold": [6.0, math.nan], "without": ""})


def test_runs_are_judged_at_their_best_step():
    """Seed 1 passed the threshold on its way, and is above it at its best step."""
    found = outcomes.judged(RESULTS, PASSED, LIMITS)
    assert found["solved"].tolist() == [True, False, False]
    assert found["solved_at"].tolist()[0] == 10 and found["solved_at"].isna().tolist() == [False, True, True]
    assert found["sparsity_error"].isna().tolist() == [False, True, True]
    higher = outcomes.judged(RESULTS, PASSED, LIMITS.assign(threshold=8.5))
    assert higher["solved_at"].tolist()[:2] == [10, 0]


def test_a_curve_has_a_value_for_each_length():
    found = outcomes.curves(outcomes.judged(RESULTS, PASSED, LIMITS)).set_index("metric")
    assert found.loc["success_rate", "estimate"] == pytest.approx(1 / 3)
    assert (found["n"] == 3).all() and (found["k"] == 1).all()
    assert found.loc["solved_at_mean", "estimate"] == 10
    assert found.loc["sparsity_error_mean", "estimate"] == pytest.approx(0.1)
    assert outcomes.curves(outcomes.judged(RESULTS.iloc[:0], PASSED, LIMITS)).empty


def test_published_points_belong_to_our_conditions():
    for name, count in (("mnist_product", {"success_rate": 160}), ("mnist_sum", {"success_rate": 72})):
        entry = experiments.get(name)
        points = sequences.printed(entry.published)
        assert set(points["condition"]) <= {c.id for c in entry.conditions}
        assert set(points["test_length"]) == set(entry.reference.task.test_lengths)
        assert not points.duplicated(["condition", "test_length", "metric"]).any()
        assert points["metric"].value_counts()["success_rate"] == count["success_rate"]
    product = sequences.printed(experiments.get("mnist_product").published)
    rate = product[product["metric"] == "success_rate"].set_index(["condition", "test_length"])["estimate"]
    assert rate["NMU-Rz", 6] == 0.8
    assert (rate["NMU"] != rate["NMU-Rz"]).any(), "the ablation is another curve"


def test_lower_errors_than_ever_before_say_when_any_threshold_was_passed():
    run = pd.DataFrame({"step": [0, 1, 2, 3, 4], "test_mse": [9.0, 9.5, 4.0, math.nan, 3.0]})
    kept = recorded.passed(run)
    assert kept["step"].tolist() == [0, 2, 4]
    for limit in (3.5, 4.0, 9.2, 20.0):
        first = run.loc[run["test_mse"] < limit, "step"].min()
        assert kept.loc[kept["test_mse"] < limit, "step"].min() == first


def test_without_results_nothing_is_judged(tmp_path, monkeypatch):
    tiny_digits.use_here(monkeypatch, tmp_path / "runs")
    assert outcomes.of("tiny").empty and not (tmp_path / "runs").exists()


def record(name, seeds=(0,), **settings):
    """Put rows on the shelf as a training of the condition would."""
    case = tiny_digits.condition(name, **settings)
    fixed = {"experiment": "tiny", "condition": name} | case.settings()
    new = [csv_file.row(fixed | {"seed": s, "test_length": n, "test_mse": 1.0 + s}, tables.SEQUENTIAL.outcomes.columns)
           for s in seeds for n in case.task.test_lengths]
    merging.merge("tiny", new)


def test_failed_references_set_no_threshold(tmp_path, monkeypatch):
    tiny_digits.use_here(monkeypatch, tmp_path / "runs")
    reference, *others = tiny_digits.TABLE["tiny"].conditions
    declared = replace(tiny_digits.TABLE["tiny"], conditions=(replace(reference, seeds=(0, 1, 2, 200)), *others))
    monkeypatch.setattr(experiments, "SEQUENTIAL", {"tiny": declared})
    record("reference", seeds=(0, 1, 2, 200))
    record("LSTM", seeds=(0, 1, 2))
    assert outcomes.limits("tiny")[["n", "without"]].drop_duplicates().values.tolist() == [[3, "200"]]
    assert outcomes.limits("tiny", without=())["n"].tolist() == [4, 4, 4]
    assert outcomes.of("tiny")["without"].unique().tolist() == ["200"]


def test_rows_are_sorted_kept_and_told_apart(tmp_path, monkeypatch):
    tiny_digits.use_here(monkeypatch, tmp_path / "runs")
    record("LSTM", seeds=(2, 0))
    record("reference", seeds=(1,))
    text = runs.results_file(experiments.get("tiny")).read_bytes()
    record("reference", seeds=(1,))
    assert runs.results_file(experiments.get("tiny")).read_bytes() == text
    rows = runs.results("tiny")
    assert list(zip(rows["condition"], rows["seed"], rows["test_length"], strict=True)) == [
        ("reference", 1, 1), ("reference", 1, 2), ("reference", 1, 4),
        *(("LSTM", s, n) for s in (0, 2) for n in (1, 2, 4))]
    record("LSTM", seeds=(1,), epochs=4)
    assert len(runs.results("tiny")) == len(rows), "settings that are not declared are left out"
    assert runs.missing("tiny")["LSTM"] == (1,)


@pytest.mark.parametrize("wrong, message", [
    ({"model": "NUM"}, "did you mean 'NMU'"), ({"data": "minst"}, "did you mean 'mnist'"),
    ({"epochs": 7}, "a multiple of log_every"), ({"lambda_end": 5}, "more than lambda_start"),
    ({"model": "NALU", "lambda_z": 1.0}, "has no regulariser R_z"), ({"state_size": 2}, "has one state"),
    ({"z_over": "all"}, "z_over"), ({"id": "a/b"}, "no plain file name"), ({"seeds": [1, 1]}, "occurs twice"),
    ({"lambda_z": -1.0}, "lambda_z"),
])
def test_a_wrong_setting_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        SequenceCondition(**({"model": "NMU"} | wrong))


def test_the_ramp_counts_as_the_authors_from_one():
    case = SequenceCondition("NMU")
    assert case.scale(9_999) == 0 and case.scale(10_000) == pytest.approx(10 / 90_000)
    assert case.scale(54_999) == pytest.approx(5) and case.scale(10**6) == 10
    last = SequenceCondition("NAU", SequentialMNIST("sum")).scale(86 * 1001 - 1)
    assert last / 10 == pytest.approx(0.845, abs=5e-4), "protocol: the ramp of the sum ends at 0.845"


def test_the_papers_settings_are_declared():
    for name in ("mnist_product", "mnist_sum"):
        for case in experiments.get(name).conditions:
            assert (case.epochs, case.log_every, case.lambda_sparse, case.batch_size) == (1000, 5, 10, 64)
            assert case.seeds == tuple(range(10)) and case.data == "mnist"
    assert experiments.get("mnist_product").condition("NMU-Rz").lambda_z == 1


def test_an_experiment_needs_a_reference_and_different_conditions():
    one = tiny_digits.condition("reference")
    with pytest.raises(ValueError, match="needs a condition of the model 'reference'"):
        SequenceExperiment("a", "", "", (tiny_digits.condition("NMU"),))
    with pytest.raises(ValueError, match="declared twice"):
        SequenceExperiment("a", "", "", (one, one))
