"""Figures: what is written and drawn on them, and that their bytes repeat."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from reading_cases import MODELS, NO_ROWS, PRINTED, ROWS

from nalu.analysis import summary
from nalu.pages import figures, headline
from nalu.registry import MODELS as REGISTRY

pytestmark = pytest.mark.usefixtures("one_style")

OURS, PAPER = summary.by_model(ROWS), summary.as_printed(PRINTED)
HISTORY = pd.DataFrame({"seed": [0, 0, 0, 1, 1], "step": [0, 1000, 2000, 0, 1000],
                        "test_mse": [10.0, 1e-3, 1e-9, 20.0, 5.0]})
HISTORY.attrs["stopped_at"] = {1: 1500}

DRAWN = {
    "success_panel": lambda rows, ours: figures.success_panel(ours, PAPER, MODELS),
    "solved_at_strip": lambda rows, ours: figures.solved_at_strip(rows, ours, PAPER, MODELS),
    "seeds_strip": lambda rows, ours: figures.seeds_strip(rows, ours, MODELS),
    "solved_by": lambda rows, ours: figures.solved_by(rows, MODELS),
    "learning_curves": lambda rows, ours: figures.learning_curves(HISTORY, "NMU", 1e-6),
}


def words(ax):
    """Everything that is written in a figure."""
    legend = ax.get_legend()
    entries = [text.get_text() for text in legend.get_texts()] if legend else []
    ticks = [label.get_text() for label in ax.get_yticklabels()]
    return " | ".join([*entries, *ticks, *(text.get_text() for text in ax.texts)]).replace("\n", " ")


def lines(ax, colour):
    return [line for line in ax.lines if line.get_color() == colour]


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_states_n(name):
    assert "n = " in words(DRAWN[name](ROWS, OURS))


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_figure_has_the_same_bytes(name, tmp_path):
    for file in ("one.svg", "two.svg"):
        figures.save(DRAWN[name](ROWS, OURS).figure, tmp_path / file)
    one, two = ((tmp_path / file).read_bytes() for file in ("one.svg", "two.svg"))
    assert one == two
    assert b"dc:date" not in one and b"Matplotlib v" not in one


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"learning_curves", "solved_by"}))
def test_without_results_a_figure_says_so(name):
    said = words(DRAWN[name](NO_ROWS, summary.by_model(NO_ROWS)))
    assert said.count("not run yet") == len(MODELS) and "NMU n = 0" in said


def test_without_results_there_are_no_curves():
    assert not DRAWN["solved_by"](NO_ROWS, OURS).lines


def test_success_panel_draws_points_with_their_intervals():
    ax = DRAWN["success_panel"](ROWS, OURS)
    ours_bar, ours_point, paper_bar, paper_point = lines(ax, REGISTRY["NMU"].colour)
    rate = summary.cell(OURS, "NMU", "success_rate")
    assert list(ours_bar.get_xdata()) == [rate.lower, rate.upper]
    assert list(ours_point.get_xdata()) == [0.75]
    assert list(paper_bar.get_xdata()) == [0.88, 0.97] and paper_bar.get_alpha() < 1
    assert list(paper_point.get_xdata()) == [0.94]
    assert "3 of 4" in words(ax) and "95 % interval" in words(ax)


def test_solved_at_strip_has_a_dot_per_solved_seed_and_counts_the_rest():
    ax = DRAWN["solved_at_strip"](ROWS, OURS)
    dots = lines(ax, REGISTRY["NMU"].colour)[0]
    assert list(dots.get_xdata()) == [1000, 2000, 6000]
    assert np.ptp(dots.get_ydata()) > 0, "dots on top of each other"
    assert "1 of 4 not solved" in words(ax) and "2 of 2 not solved" in words(ax)


def test_seeds_strip_has_a_bar_for_every_run():
    ax = DRAWN["seeds_strip"](ROWS, OURS)
    assert list(lines(ax, REGISTRY["NMU"].colour)[0].get_xdata()) == [0, 1, 3]
    assert [list(line.get_xdata()) for line in lines(ax, figures.GREY)] == [[2], [0, 1], []]


def test_solved_by_rises_to_the_success_rate_of_all_runs():
    curve = DRAWN["solved_by"](ROWS, OURS).lines[0]
    assert list(curve.get_xdata()) == [0, 1000, 2000, 6000, 9000]
    assert list(curve.get_ydata()) == [0, 0.25, 0.5, 0.75, 0.75]


def test_learning_curves_end_in_a_cross_where_a_run_became_nan():
    ax = DRAWN["learning_curves"](ROWS, OURS)
    assert [line.get_marker() for line in ax.lines[:2]] == ["None", "x"]
    assert ax.get_yscale() == "log" and "n = 2" in words(ax)


def test_a_figure_can_be_drawn_into_given_axes():
    ax = plt.subplots()[1]
    assert figures.success_panel(OURS, PAPER, MODELS, ax=ax) is ax


def test_the_headline_is_drawn_from_what_is_recorded(tmp_path):
    one, two = headline.write(tmp_path / "one.svg"), headline.write(tmp_path / "two.svg")
    assert one.read_bytes() == two.read_bytes()
    assert b"fill: #ffffff" in one.read_bytes(), "the README needs a background of its own"
