"""What is said of tested claims, by numbers that are chosen for it, and the margins."""

import math

import pytest

from nalu.analysis import comparisons, verdict
from nalu.analysis.statistics import Interval
from nalu.analysis.summary import METRICS, NOTHING, Cell
from nalu.analysis.verdict import COMPATIBLE, CONTRADICTED, FEW, REPRODUCED, Comparison, words

NARROW, WIDE = Interval(0.01, -0.09, 0.09), Interval(0.01, -0.11, 0.09)


def claim(p=0.5, effect=WIDE, smallest=1e-9, power=0.9, metric="success_rate"):
    return Comparison(metric, p, effect, smallest, power)


def test_lady_tasting_tea():
    """3 of 4 against 1 of 4: 34/70, the textbook value."""
    assert comparisons.rates(Cell(n=4, k=3), Cell(n=4, k=1)) == pytest.approx(34 / 70)


@pytest.mark.parametrize("tested, said", [
    (claim(effect=NARROW), REPRODUCED),
    (claim(effect=NARROW, power=0.1), REPRODUCED),
    (claim(effect=NARROW, p=1e-9), REPRODUCED),
    (claim(), COMPATIBLE),
    (claim(power=0.79), FEW),
    (claim(smallest=0.06), FEW),
    (claim(p=1e-9), CONTRADICTED),
    (claim(p=1e-9, power=0.1), CONTRADICTED),
    (claim(effect=Interval(0.01)), COMPATIBLE),
])
def test_each_word(tested, said):
    assert words([tested]) == [said]


def test_claims_are_judged_together():
    """Alone 0.04 is rejected, among twenty it is not; and what is reproduced raises no other claim's chance."""
    doubtful, noise = claim(p=0.04), [claim()] * 19
    assert words([doubtful]) == [CONTRADICTED] and words([doubtful, *noise]) == [COMPATIBLE] * 20
    small = [claim(p=1e-9)] * 19
    assert words([doubtful, *small]) == [CONTRADICTED] * 20
    told_apart = [claim(p=1e-9, effect=NARROW)] * 19
    assert words([doubtful, *told_apart]) == [COMPATIBLE] + [REPRODUCED] * 19
    assert words([claim(smallest=0.01), *noise]) == [FEW] + [COMPATIBLE] * 19, "out of reach beside the others"
    assert words([]) == []


@pytest.mark.parametrize("metric, low, high", [("success_rate", -0.1, 0.1), ("solved_at_median", 0.8, 1.25),
                                               ("solved_at_mean", 0.8, 1.25), ("sparsity_error_mean", 2 / 3, 1.5)])
def test_margins(metric, low, high):
    def off(x, by):
        return x + by if metric == "success_rate" else x * (1 + by)

    assert verdict.inside(metric, Interval(0, off(low, 1e-6), off(high, -1e-6)))
    assert not verdict.inside(metric, Interval(0, off(low, -1e-6), off(high, -1e-6)))
    assert not verdict.inside(metric, Interval(0, off(low, 1e-6), off(high, 1e-6)))
    assert not verdict.inside(metric, Interval(1.0)), "without bounds"


def test_every_metric_has_a_margin_that_does_not_pass_a_halved_value():
    assert {*verdict.MARGINS} == {*METRICS}
    assert verdict.MARGINS["sparsity_error_mean"] < 2


@pytest.mark.parametrize("metric, found, text", [
    ("success_rate", Interval(0.014, -0.058, 0.079), "+1 points [−6, 8]"),
    ("success_rate", Interval(-0.001, -0.07, 0.07), "0 points [−7, 7]"),
    ("success_rate", Interval(-0.3, -0.41, -0.2), "−30 points [−41, −20]"),
    ("solved_at_mean", Interval(1.019, 0.9504, 1.1), "ratio 1.02 [0.95, 1.1]"),
    ("solved_at_mean", Interval(1.019, 0, math.inf), "ratio 1.02 [0, ∞]"),
    ("solved_at_mean", Interval(), ""),
])
def test_effects_as_text(metric, found, text):
    assert verdict.effect(metric, found) == text


def test_two_rates_of_ours():
    assert verdict.between(Cell(n=100, k=94), Cell(n=100, k=95)) == "−1 points [−8, 6], p = 1 by Fisher's exact test"
    assert verdict.between(Cell(n=100, k=94), NOTHING) == "not run yet"
