"""Figures and sentences on sequential MNIST: with results, with some, and with none."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from nalu import experiments
from nalu.pages import sequential_figures, sequential_sentences
from nalu.results import runs
from nalu.sequential import outcomes

SHORT = experiments.get("mnist_product_short")
NOTHING = outcomes.curves(pd.DataFrame(columns=["condition", "test_length"]))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def curve(condition, rates):
    """Success rates at lengths 1, 2, ..."""
    return pd.DataFrame([(condition, n + 1, "success_rate", r, max(r - 0.1, 0), min(r + 0.1, 1), 10, round(10 * r))
                         for n, r in enumerate(rates)], columns=[*NOTHING])


def text(figure):
    return " | ".join([t.get_text() for ax in figure.axes for t in ax.texts]
                      + [t.get_text() for legend in figure.legends for t in legend.get_texts()])


def test_a_panel_without_runs_says_so_and_one_with_runs_draws_them():
    figure = sequential_figures.compare({"paper": curve("NMU-Rz", [1.0, 0.5]), "here": NOTHING}, SHORT, ["success_rate"])
    left, right = figure.axes
    assert text(figure).count("not run yet") == 1 and "NMU, $R_z$" in text(figure)
    line = next(line for line in left.lines if len(line.get_xdata()) == 2)
    assert line.get_ydata().tolist() == [1.0, 0.5] and line.get_linestyle() == "-"
    assert not [line for line in right.lines if len(line.get_xdata())]


def test_a_unit_without_rz_is_dashed_where_the_paper_has_it():
    figure = sequential_figures.compare({"a": pd.concat([curve("NMU", [1.0, 1.0]), curve("LSTM", [0.0, 0.0])])}, SHORT,
                            ["success_rate"], wide=1)
    styles = {line.get_color(): line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata())}
    assert sorted(styles.values()) == ["-", "--"]


def test_a_choice_that_is_not_the_authors_is_dotted():
    lines = {case.id: sequential_figures._style(case)["linestyle"] for case in SHORT.conditions}
    assert {name for name, line in lines.items() if line == ":"} == {
        "NMU-Rz_image", "NAC_mul_NMU-Rz_image", "NALU-h0=1", "LSTM-20"}
    for entry in experiments.SEQUENTIAL.values():
        looks = [(case.model, sequential_figures._style(case)["linestyle"]) for case in entry.conditions if case.model != "reference"]
        assert len(set(looks)) == len(looks), "each line can be told from the others"


def test_numbers_beside_an_axis_have_no_factor_at_its_end():
    assert [sequential_figures._plain(x) for x in (0.25, -10, -4000, 2.5e6)] == ["0.25", "−10", "−4 k", "2.5 M"]
    outputs = pd.DataFrame({"condition": "NMU", "seed": 0, "digit": range(1, 10), "mean": 3e6, "sd": 1e5})
    ax = sequential_figures.digits(outputs, SHORT).axes[0]
    ax.figure.draw_without_rendering()
    assert ax.yaxis.get_offset_text().get_text() == ""
    assert any(tick.get_text().endswith("M") for tick in ax.get_yticklabels())


def test_labels_tell_all_conditions_apart():
    for entry in experiments.SEQUENTIAL.values():
        names = [sequential_figures.label(case) for case in entry.conditions]
        assert len(set(names)) == len(names)
    assert sequential_figures.label(experiments.get("mnist_product").condition("NALU-h0=1")) == "NALU, h₀ = 1"


def test_errors_are_drawn_over_their_threshold():
    rows = pd.DataFrame({"condition": "NMU-Rz", "seed": 0, "test_length": [1, 2], "test_mse": [2.0, 30.0],
                         "threshold": [4.0, 10.0]})
    figure = sequential_figures.errors(rows, SHORT)
    assert [list(line.get_ydata()) for line in figure.axes[0].lines
            if line.get_linewidth() == 1] == [[0.5, 3.0]]
    assert "not run yet" in text(sequential_figures.errors(rows.iloc[:0], SHORT))


def test_slopes_are_one_where_the_digit_is_given():
    outputs = pd.DataFrame([("a", s, d, f * d, 0.1) for s, f in ((0, 1.0), (1, 1.0), (2, -1.0)) for d in range(1, 10)],
                           columns=["condition", "seed", "digit", "mean", "sd"])
    assert sequential_sentences.slopes(outputs)["a"] == pytest.approx(1.0)
    assert sequential_sentences.slopes(outputs[outputs["seed"] == 2])["a"] == pytest.approx(-1.0)
    assert sequential_sentences.slopes(outputs.iloc[:0]).empty


@pytest.mark.parametrize("rates, said", [
    ([1.0, 0.5, 0.4, 1.0], "at lengths 1–2, 4 (of 1 to 4)"), ([0.4, 1.0], "at length 2 (of 1 to 2)"),
    ([1.0, 1.0], "at all lengths up to 2"), ([0.0, 0.4, 0.0], "at no length (of 1 to 3)"), ([], "not run yet")])
def test_at_which_lengths_a_condition_is_solved(rates, said):
    assert sequential_sentences.where_solved(curve("NMU", rates), "NMU") == said


def test_a_table_names_what_is_missing(tmp_path, monkeypatch):
    from nalu.support import paths

    monkeypatch.setattr(paths, "RUNS", tmp_path)
    results = runs.results(SHORT.name)
    table = sequential_sentences.table(SHORT, results, NOTHING, curve("NMU-Rz", [1.0]), (1,))
    assert table["runs"].tolist()[1] == "0 of 5" and set(table["solved at length 1: here"]) == {"not run yet"}
    assert "10 of 10" in table["1: paper"].tolist()
    some = sequential_sentences.table(SHORT, results, NOTHING, NOTHING, (1,), ["NMU", "NMU-Rz"])
    assert some["model"].tolist() == ["NMU", r"NMU, \(R_z\)"]
    assert "not run yet" in sequential_sentences.recorded(SHORT) and sequential_sentences.cost(SHORT, results) == "not run yet"


def test_pictures_stand_in_the_order_of_their_sequences():
    images = np.arange(2 * 3 * 28 * 28).reshape(2, 3, 28, 28)
    figure = sequential_figures.sequences(images, np.ones((2, 3)), np.array([[1, 2, 3], [4, 5, 6]]))
    assert [ax.get_title() for ax in figure.axes] == list("123456")
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), images[1, 1])
