"""Gates: bins, right sides, the coin, and what is drawn and written in the figures."""

import matplotlib

matplotlib.use("agg")

from math import isnan, nan

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from nalu.pages import figures, gate_figures
from nalu.paper import gates, matched, published

pytestmark = pytest.mark.usefixtures("one_style")

MODEL = "NAC_then_NALU"
ROWS = pd.DataFrame({
    "operation": ["mul"] * 5 + ["add"] * 4, "model": MODEL,
    "seed": [0, 1, 2, 3, 4, 0, 1, 2, 3],
    "solved": [True, False, False, False, False, False, True, False, False],
    "gate": [0.0, 0.999, 0.01, 0.49, nan, 0.0, 1.0, 0.3, 0.6],
})
"""Seed 3 has a gate in the middle bin for the product; seed 4 ended before it had one."""

BARS = gates.bars(ROWS)
NO_BARS = gates.bars(ROWS.iloc[:0])
NAMES = {theirs: ours for ours, theirs in matched.PRINTED_AS.items()}
PAPER = published.gate_histogram().replace({"model": NAMES})


def test_bars_have_the_columns_and_bins_of_the_published_ones():
    assert BARS.columns.tolist() == PAPER.columns.tolist() == NO_BARS.columns.tolist()
    everywhere = ROWS.assign(gate=PAPER["bin_centre"].head(9).to_numpy())
    assert set(gates.bars(everywhere)["bin_centre"].round(5)) <= set(PAPER["bin_centre"])


def test_bars_count_every_run_that_has_a_gate():
    assert BARS["count"].sum() == 8
    first = BARS[(BARS["operation"] == "mul") & (BARS["bin_centre"] == 0)]
    assert dict(zip(first["solved"], first["count"], strict=True)) == {True: 1, False: 1}


def test_choices_by_hand():
    assert gates.choices(BARS, MODEL, "mul") == (4, 2, 1, 1)
    assert gates.choices(BARS, MODEL, "add") == (4, 2, 1, 1)
    assert gates.choices(BARS) == (8, 4, 2, 2)
    assert gates.choices(NO_BARS) == (0, 0, 0, 0)


def test_the_middle_bin_is_on_neither_side():
    middle = BARS[BARS["bin_centre"] == 0.5]
    assert len(middle) == 1
    assert gates.choices(middle).right == 0
    assert gates.choices(middle.assign(operation="add")).right == 0


def test_the_coin():
    """8 of 8 right: one of two extreme outcomes of 2^8."""
    assert gates.Choices(8, 8, 3, 3).p_value == pytest.approx(2 / 2**8)
    assert gates.Choices(8, 8, 3, 3).p_value_solved == pytest.approx(2 / 2**3)
    assert gates.Choices(8, 4, 0, 0).p_value == pytest.approx(1)
    assert isnan(gates.Choices(0, 0, 0, 0).p_value) and isnan(gates.Choices(8, 4, 0, 0).p_value_solved)


def test_the_papers_solved_networks_have_the_right_gate():
    found = gates.choices(PAPER)
    assert found.n == 600 and found.solved == found.solved_right == 230
    assert found.p_value > 0.5


def test_the_table_says_what_was_not_run():
    table = gates.table(BARS, [("mul", MODEL), ("mul", "NAU_then_Gated_NAU_NMU")])
    assert table["right gate"].tolist() == ["2 of 4", "not run yet"]
    assert table["right gate, solved runs"].tolist() == ["1 of 1", "—"]
    assert table["p against a coin"].tolist() == ["1", "—"]


def test_the_histogram_draws_shares_of_all_runs():
    figure = gate_figures.histogram(BARS, PAPER, [MODEL], ["mul", "add"])
    bars = [bar for bar in figure.axes[0].patches if isinstance(bar, plt.Rectangle)]
    colour = matplotlib.colors.to_rgba(gates.MODELS[MODEL].colour)
    ours = [bar.get_height() for bar in bars if bar.get_facecolor() == colour]
    assert ours == [1 / 4]
    outlines = [bar.get_height() for bar in bars if bar.get_facecolor()[3] == 0 and bar.get_height()]
    assert sorted(outlines) == pytest.approx([-0.40, -0.34, -0.01, -0.01, 0.24])
    assert [ax.texts[1].get_text() for ax in figure.axes] == ["n = 4; paper n = 100"] * 2


def test_without_results_the_figures_say_so():
    figure = gate_figures.histogram(NO_BARS, PAPER, [MODEL], ["mul", "add"])
    assert all("not run yet" in ax.texts[1].get_text() for ax in figure.axes)
    assert [t.get_text() for t in gate_figures.sides(ROWS.iloc[:0], [MODEL]).texts] == ["not run yet"]


def test_seeds_that_chose_one_side_for_both():
    both = gates.on_both(ROWS).set_index("seed")["same"]
    assert both.to_dict() == {0: True, 1: True, 2: True, 3: False}
    ax = gate_figures.sides(ROWS, [MODEL])
    assert ax.texts[0].get_text() == "3 of 4\nsame side"
    assert ax.get_yticklabels()[0].get_text() == "NALU (shared)\nn = 8"
    right, wrong = (ax.collections[i].get_segments() for i in (0, 1))
    assert [s[0, 0] for s in right] == [0, 2, 3] and [s[0, 0] for s in wrong] == [1]


@pytest.mark.parametrize("draw", [lambda: gate_figures.histogram(BARS, PAPER, [MODEL], ["mul", "add"]),
                                  lambda: gate_figures.sides(ROWS, [MODEL]).figure])
def test_the_same_figure_has_the_same_bytes(draw, tmp_path):
    for file in ("one.svg", "two.svg"):
        figures.save(draw(), tmp_path / file)
    one, two = ((tmp_path / file).read_bytes() for file in ("one.svg", "two.svg"))
    assert one == two
