"""The same seeds on both sides: pairs that can be counted by hand, and the figure of them."""

import matplotlib

matplotlib.use("agg")

import re
from math import isnan, nan

import pandas as pd
import pytest

from nalu.pages import agreement_figures, figures
from nalu.paper import agreement, published
from nalu.registry import MODELS

pytestmark = pytest.mark.usefixtures("one_style")

AUTHORS = pd.DataFrame({
    "model": "NMU", "operation": "mul", "seed": range(6),
    "solved": [True, True, True, False, False, True],
    "solved_at": [1000.0, 2000, 3000, 9000, nan, 5000],
    "rows_permuted": [False, False, True, False, False, False],
})
"""Seed 2 has permuted rows, seed 3 a step although it is not solved in the end."""

ROWS = pd.DataFrame({
    "model": "NMU", "operation": "mul", "seed": [0, 1, 2, 3, 4],
    "solved": [True, True, True, True, False],
    "solved_at": [1000.0, 5000, 3000, 4000, nan],
})
PAIRS = agreement.pairs(ROWS, AUTHORS)
CELLS = [("mul", "NMU"), ("add", "NMU")]


def test_a_pair_is_a_run_that_both_have():
    assert PAIRS["seed"].tolist() == [0, 1, 2, 3, 4]
    other = pd.concat([ROWS, ROWS.assign(operation="add"), ROWS.assign(model="NAU")])
    pd.testing.assert_frame_equal(agreement.pairs(other, AUTHORS), PAIRS)


def test_steps_are_compared_where_they_mean_something():
    assert PAIRS["solved_at_authors"].dropna().tolist() == [1000, 2000]


def test_agreement_by_hand():
    found = agreement.of(PAIRS)
    assert found[:5] == (5, 4, 3, 1, 0) and found[6:] == (2, 1, 1500)
    chance = 4 / 5 * 3 / 5 + 1 / 5 * 2 / 5
    assert found.kappa.estimate == pytest.approx((4 / 5 - chance) / (1 - chance))
    assert found.p_value == 1 and found.apart_text == \
        "1 of 5 pairs have different outcomes (solved only here: 1, only by the authors: 0; McNemar's exact test, p = 1)"
    assert (found.share, found.equal_share) == ("4 of 5", "1 of 2")
    assert re.fullmatch(r"0\.55 \[-0\.\d\d, 0\.\d\d\]", found.kappa_text)


def test_pairs_are_counted_by_cell():
    other = PAIRS.assign(operation="add", solved=False)
    assert agreement.counts(pd.concat([PAIRS, other])).tolist() == [[0, 0, 3, 2], [3, 1, 0, 1]]


def test_without_pairs_nothing_is_said():
    found = agreement.of(PAIRS.iloc[:0])
    assert isnan(found.kappa.estimate) and found.kappa_text == ""
    assert found.share == found.equal_share == found.apart_text == "not run yet"


def test_the_table_has_a_line_per_cell():
    table = agreement.table(PAIRS, CELLS)
    assert table.loc[0].drop("kappa").tolist() == [r"\(\times\)", "NMU", "5", "1", "0", "1", "4", "2", "1", "1,500"]
    nothing = table.loc[1].tolist()
    assert nothing[:3] == [r"\(+\)", "NMU", "not run yet"] and set(nothing[3:]) == {"—"}


def test_the_matrix_has_a_place_for_every_cell():
    table = agreement.matrix(PAIRS, [("mul", "NMU"), ("mul", "NAU"), ("add", "NMU")])
    assert table.columns.tolist() == ["model", r"\(\times\)", r"\(+\)"]
    assert table.to_numpy().tolist() == [["NMU", "4 of 5", "not run yet"], ["NAU", "not run yet", "—"]]


def test_undecided_cells_of_the_authors():
    assert agreement.undecided(AUTHORS, CELLS) == [("mul", "NMU")]
    cells = [("mul", m) for m in ("NMU", "NAC_mul_sigma", "NALU", "Gated_NAU_NMU")]
    assert agreement.undecided(published.per_seed(), cells) == [("mul", "NMU")]


def test_the_strip_draws_each_side_of_its_line():
    ax = agreement_figures.strip(ROWS, AUTHORS, CELLS)
    bars = {(tuple(c.get_color()[0][:3]), c.get_alpha()): [s[0, 0] for s in c.get_segments()]
            for c in ax.collections if len(c.get_segments())}
    colour = matplotlib.colors.to_rgb(MODELS["NMU"].colour)
    grey = matplotlib.colors.to_rgb(figures.GREY)
    assert bars == {(colour, 1.0): [0, 1, 2, 3], (grey, 1.0): [4],
                    (colour, figures.FAINT): [0, 1, 2, 5], (grey, figures.FAINT): [3, 4]}
    said = [text.get_text() for text in ax.texts]
    assert said == ["4 of 5\nthe same", "not run yet"]
    assert [label.get_text().split("\n")[1] for label in ax.get_yticklabels()] == ["n = 5", "n = 0"]


def test_steps_are_drawn_one_against_the_other():
    ax = agreement_figures.steps(PAIRS, CELLS)
    points, line = ax.lines
    assert points.get_xydata().tolist() == [[1000, 1000], [2000, 5000]]
    assert points.get_label().endswith("NMU, n = 2") and points.get_color() == MODELS["NMU"].colour
    assert (line.get_xdata() == line.get_ydata()).all()
    assert [t.get_text() for t in agreement_figures.steps(PAIRS.iloc[:0], CELLS).texts] == ["not run yet"]


def test_the_same_strip_has_the_same_bytes(tmp_path):
    for file in ("one.svg", "two.svg"):
        figures.save(agreement_figures.strip(ROWS, AUTHORS, CELLS).figure, tmp_path / file)
    one, two = ((tmp_path / file).read_bytes() for file in ("one.svg", "two.svg"))
    assert one == two
