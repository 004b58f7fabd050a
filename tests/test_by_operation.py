"""Panels and verdicts of several operations: each shows its own, and what was not run."""

import matplotlib

matplotlib.use("agg")

import math

import pandas as pd
import pytest
from reading_cases import MODELS, NO_ROWS, PRINTED, ROWS
from simulated_papers import printed

from nalu.analysis import summary
from nalu.analysis.statistics import Interval
from nalu.analysis.summary import Cell
from nalu.pages import figures, operation_panels
from nalu.paper import wording
from nalu.paper.claims import Claim
from nalu.registry import MODELS as REGISTRY

pytestmark = pytest.mark.usefixtures("one_style")

OPERATIONS = ["mul", "add", "squared"]
BOTH = pd.concat([ROWS, ROWS[ROWS["model"] == "NALU"].assign(operation="add", solved=True, solved_at=7000.0,
                                                             sparsity_error=0.1)])
OURS, PAPER = summary.by_model(BOTH), summary.as_printed(PRINTED)
NOTHING = summary.by_model(NO_ROWS)
CELLS = [(o, m) for o in OPERATIONS for m in MODELS]

DRAWN = {
    "success": lambda rows, ours: operation_panels.success(ours, PAPER, MODELS, OPERATIONS),
    "solved_at": lambda rows, ours: operation_panels.solved_at(rows, ours, PAPER, MODELS, OPERATIONS),
}


def notes(ax):
    return [text.get_text().replace("\n", " ") for text in ax.texts]


def test_a_panel_for_each_operation_with_its_own_runs():
    axes = DRAWN["success"](BOTH, OURS).axes
    assert notes(axes[0]) == ["3 of 4", "0 of 2", "not run yet", r"$\times$"]
    assert notes(axes[1]) == ["not run yet", "2 of 2", "not run yet", "$+$"]
    assert notes(axes[2]) == ["not run yet"] * 3 + ["$z^2$"]
    assert not axes[3].axison
    assert [label.get_text() for label in axes[0].get_yticklabels()] == [REGISTRY[m].plain for m in MODELS]


def test_the_dots_of_a_panel_are_those_of_its_operation():
    axes = DRAWN["solved_at"](BOTH, OURS).axes
    steps = [[list(line.get_xdata()) for line in ax.lines if line.get_color() == REGISTRY["NALU"].colour][0]
             for ax in axes[:2]]
    assert steps == [[], [7000, 7000]]
    assert notes(axes[0])[0] == "1 of 4 not solved"


@pytest.mark.parametrize("name", DRAWN)
def test_without_results_every_lane_says_so(name):
    figure = DRAWN[name](NO_ROWS, NOTHING)
    assert sum(notes(ax).count("not run yet") for ax in figure.axes) == len(CELLS)


@pytest.mark.parametrize("name", DRAWN)
def test_one_key_and_one_axis_are_named_for_all(name):
    figure = DRAWN[name](BOTH, OURS)
    assert all(ax.get_legend() is None and not ax.get_xlabel() for ax in figure.axes)
    assert len(figure.legends) == 1 and figure.get_supxlabel()


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_figure_has_the_same_bytes(name, tmp_path):
    for file in ("one.svg", "two.svg"):
        figures.save(DRAWN[name](BOTH, OURS), tmp_path / file)
    one, two = ((tmp_path / file).read_bytes() for file in ("one.svg", "two.svg"))
    assert one == two


def test_what_was_learned_and_by_whom():
    assert operation_panels.learned(OURS, OPERATIONS) == ["mul", "add"]
    assert operation_panels.learned(OURS, MODELS, "model") == ["NMU", "NALU"]
    assert operation_panels.learned(NOTHING, OPERATIONS) == operation_panels.learned(NOTHING, MODELS, "model") == []


def claim(word, k, n):
    value = printed("success_rate", 0.5, (math.nan, math.nan), 50, 100)
    return Claim(value, Cell(n=n, k=k), word, 0.5, Interval(0.01, -0.02, 0.03), None, "", word)


JUDGED = {("mul", "NMU"): claim("reproduced", 3, 4), ("mul", "NALU"): None, ("add", "NMU"): claim("not run yet", 0, 0), ("squared", "NAC_mul"): None}


def test_verdicts_by_cell():
    said = operation_panels.verdicts(JUDGED, OURS)
    assert said.to_dict() == {("mul", "NMU"): "reproduced", ("mul", "NALU"): "not printed", ("add", "NMU"): "not run yet",
                              ("squared", "NAC_mul"): "not run yet"}


def test_the_matrix_has_a_line_per_model_and_says_n():
    table = operation_panels.matrix(JUDGED, OURS)
    assert table.columns.tolist() == ["model", r"\(\times\)", r"\(+\)", r"\(z^2\)"]
    assert table["model"].tolist() == [REGISTRY[m].plain for m in ("NMU", "NALU", "NAC_mul")]
    assert table.loc[0].tolist() == ["NMU", "reproduced, n = 4", "not run yet", "—"]
    assert table.loc[1].tolist() == ["NALU", "not printed, n = 2", "—", "—"]


def test_rates_of_some_cells():
    table = operation_panels.rates(JUDGED, OURS, [("mul", "NMU"), ("mul", "NALU"), ("add", "NMU"), ("squared", "NAC_mul")])
    assert table.to_numpy().tolist() == [
        [r"\(\times\)", "NMU", "3 of 4", "50 of 100", "+1 points [−2, 3]", "0.5", "", "reproduced"],
        [r"\(\times\)", "NALU", "0 of 2", "not printed", "", "", "", "not printed"],
        [r"\(+\)", "NMU", "not run yet", "50 of 100", "", "", "", "not run yet"],
        [r"\(z^2\)", "NAC•", "not run yet", "not printed", "", "", "", "not run yet"]]


@pytest.mark.parametrize("words, said", [
    (["compatible", "contradicted", "compatible", "not run yet"], "2 compatible, 1 contradicted, 1 not run yet"),
    (["not printed", "reproduced"], "1 reproduced, 1 not printed"),
    ([], ""),
])
def test_counts_in_words(words, said):
    assert wording.counted(words) == said
