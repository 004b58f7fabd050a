"""Agreement of rates: the classic table of Fisher, and what is said about it."""

import pytest

from nalu.analysis import verdict
from nalu.analysis.statistics import success_rate
from nalu.analysis.summary import NOTHING, Cell


def cell(k, n):
    return Cell(*success_rate([1] * k + [0] * (n - k)), n, k)


def test_lady_tasting_tea():
    """3 of 4 against 1 of 4: 34/70, the textbook value."""
    assert verdict.rates(cell(3, 4), cell(1, 4)).p_value == pytest.approx(34 / 70)


@pytest.mark.parametrize("ours, paper, said", [
    ((94, 100), (94, 100), "agree"),
    ((90, 100), (94, 100), "agree"),
    ((60, 100), (94, 100), "differ"),
    ((0, 100), (0, 100), "agree"),
])
def test_verdicts(ours, paper, said):
    assert verdict.rates(cell(*ours), cell(*paper)).verdict == said


def test_intervals_are_looked_at_from_both_sides():
    few, many = cell(3, 4), cell(9400, 10000)
    compared = verdict.rates(few, many)
    assert compared.paper_in_ours and not compared.ours_in_paper
    assert not verdict.rates(many, few).paper_in_ours


def test_nothing_to_compare():
    assert verdict.rates(NOTHING, cell(94, 100)) is None
    assert verdict.rates(cell(94, 100), NOTHING) is None


@pytest.mark.parametrize("ours, paper, said", [
    (cell(94, 100), cell(94, 100), "agree"), (cell(60, 100), cell(94, 100), "differ"),
    (cell(94, 100), NOTHING, "not printed"), (NOTHING, cell(94, 100), "not run yet"),
    (NOTHING, NOTHING, "not run yet"),
])
def test_one_word(ours, paper, said):
    assert verdict.word(ours, paper) == said


def test_sentences():
    said = verdict.sentence("NMU", cell(94, 100), cell(94, 100))
    assert said.startswith("NMU: 94 of 100 runs solved here, 94 of 100 in the paper; the rates **agree**")
    assert "p = 1" in said and said.count("inside") == 2
    assert verdict.sentence("NMU", NOTHING, cell(94, 100)) == "NMU: not run yet here, 94 of 100 in the paper."
    assert "not printed in the paper" in verdict.sentence("NAC_mul_sigma", cell(1, 2), NOTHING)
