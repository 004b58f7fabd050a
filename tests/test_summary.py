"""Summaries against means, medians and counts that are done by hand."""

from math import isnan

import pandas as pd
import pytest
from reading_cases import NO_ROWS, PRINTED, ROWS

from nalu.analysis import summary
from nalu.analysis.statistics import solved_at_mean, success_rate

OURS = summary.by_model(ROWS)


def test_counts_and_values_of_a_model_that_is_partly_solved():
    rate = summary.cell(OURS, "NMU", "success_rate")
    assert (rate.estimate, rate.n, rate.k) == (0.75, 4, 3)
    assert rate.interval == success_rate([1, 1, 0, 1])
    assert summary.cell(OURS, "NMU", "solved_at_median").estimate == 2000
    assert summary.cell(OURS, "NMU", "solved_at_mean").estimate == 3000
    assert summary.cell(OURS, "NMU", "sparsity_error_mean").estimate == pytest.approx(2e-8, rel=1e-3)


def test_a_mean_of_fewer_than_five_values_has_no_interval():
    for metric in ("solved_at_mean", "sparsity_error_mean"):
        assert [isnan(bound) for bound in summary.cell(OURS, "NMU", metric).interval] == [False, True, True]
    many = summary.by_model(pd.concat([ROWS, ROWS]))
    assert summary.cell(many, "NMU", "solved_at_mean").interval == solved_at_mean([1000, 2000, 6000] * 2)
    assert summary.cell(many, "NMU", "sparsity_error_mean").lower > 0


def test_a_model_that_is_never_solved_has_a_rate_and_nothing_else():
    rate = summary.cell(OURS, "NALU", "success_rate")
    assert (rate.estimate, rate.lower, rate.n, rate.k) == (0, 0, 2, 0)
    assert 0 < rate.upper < 1
    for metric in summary.METRICS[1:]:
        value = summary.cell(OURS, "NALU", metric)
        assert all(map(isnan, value.interval)) and value.n == 2


def test_a_model_that_is_not_run_is_nothing():
    assert summary.cell(OURS, "NAC_mul", "success_rate") is summary.NOTHING


def test_no_results_are_a_summary_too():
    empty = summary.by_model(NO_ROWS)
    assert empty.empty and list(empty) == list(OURS)
    assert summary.cell(empty, "NMU", "success_rate").n == 0


def test_the_order_of_the_rows_does_not_matter():
    again = summary.by_model(ROWS.sample(frac=1, random_state=1)).sort_values(["model", "metric"])
    pd.testing.assert_frame_equal(again.reset_index(drop=True),
                                  OURS.sort_values(["model", "metric"], ignore_index=True))


def test_other_columns_can_tell_the_groups_apart():
    by_seed = summary.by_model(ROWS, ["seed", "model"])
    assert set(by_seed["n"]) == {1} and len(by_seed) == len(ROWS) * len(summary.METRICS)


def test_a_published_table_in_the_same_form():
    paper = summary.as_printed(PRINTED)
    assert list(paper) == list(OURS)
    assert summary.cell(paper, "NMU", "success_rate") == (0.94, 0.88, 0.97, 100, 94)
    assert summary.cell(paper, "NALU", "solved_at_mean").k == 26


@pytest.mark.parametrize("wrong, message", [
    (lambda: summary.by_model(ROWS.drop(columns="solved")), "column of the results 'solved'"),
    (lambda: summary.by_model(ROWS.assign(solved=True)), "a step must be a finite number"),
    (lambda: summary.cell(OURS, "NUM", "success_rate"), "did you mean 'NMU'"),
    (lambda: summary.cell(OURS, "NMU", "success"), "did you mean 'success_rate'"),
    (lambda: summary.cell(OURS, "NMU", "success_rate", "mult"), "did you mean 'mul'"),
])
def test_what_is_wrong_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
