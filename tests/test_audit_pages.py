"""What the pages of the audit show: the script of the thresholds, tables with and without our runs, figures."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from nalu.analysis import summary
from nalu.pages import audit_figures as drawn
from nalu.pages import figures
from nalu.paper import published
from nalu.paper.audit import cells, row_order
from nalu.paper.audit import threshold_script as script
from nalu.registry import MODELS
from nalu.tasks import OPERATIONS, Arithmetic
from nalu.tasks.threshold import with_ends

AUTHORS = published.per_seed()
NOTHING = summary.by_model(AUTHORS.iloc[:0])


@pytest.fixture(autouse=True)
def one_style():
    with plt.style.context(figures.STYLE):
        yield
    plt.close("all")


def test_ranges_with_their_end():
    task = Arithmetic()
    assert with_ends(task) == ((0, 26), (13, 39)) and task.layout == ((0, 25), (13, 38))
    simple = Arithmetic(simple=True)
    assert with_ends(simple) == simple.layout


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_simulation_is_the_expectation(operation):
    task = Arithmetic(operation)
    for subsets, exact in ((with_ends(task), task.threshold_as_published()), (task.layout, task.threshold())):
        mean, error = script.simulate(task, subsets, 30_500)
        assert abs(mean - exact) < 4 * error and error < 0.02 * mean


def test_a_simulation_is_repeatable_and_uses_all_samples():
    task = Arithmetic("add", input_size=10)
    assert script.simulate(task, task.layout, 12_000) == script.simulate(task, task.layout, 12_000)
    one, more = (script.simulate(task, task.layout, n) for n in (10_000, 40_000))
    assert more.error == pytest.approx(one.error / 2, rel=0.05)


def test_every_published_case_is_a_task():
    cases = script.tasks()
    ratio = [t.threshold_as_published() / t.threshold() for t in cases["task"]]
    assert np.max(abs(np.array(ratio) / cases["ratio"] - 1)) < 0.02
    assert cases.loc[cases["mirrored"], "x"].tolist() == ["±[2,6]"]
    assert set(cases["x"]) >= {"mul", "4", "0.05", "[20,40]"}


def test_published_constants_are_those_of_longer_subsets():
    for operation, constant in script.PUBLISHED.items():
        assert constant == pytest.approx(Arithmetic(operation).threshold_as_published(), rel=3e-3)
    assert script.PUBLISHED["add"] != pytest.approx(Arithmetic("add").threshold(), rel=0.05)


@pytest.mark.parametrize("column", cells.METRICS)
def test_cells_without_our_runs(column):
    found = cells.audited(column, NOTHING, AUTHORS)
    assert len(found) == 21 and cells.compared(found) == "Our runs: not run yet."
    table = cells.table(found, {"more": ["x"] * 21})
    assert set(table["ours"]) == {"not run yet"} and table.columns[-2] == "more"


def test_cells_with_our_runs():
    ours = summary.by_model(AUTHORS[AUTHORS["model"] == "NMU"])
    found = cells.audited("solved_at", ours, AUTHORS)
    mine = [c for c in found if c.ours.n]
    assert {c.model for c in mine} == {"NMU"}
    assert all(c.ours.estimate == pytest.approx(c.correct.estimate) for c in mine)
    ends = [text.partition("n = ")[2] for text in cells.table(mine)["ours"]]
    assert ends == [str(len(c.values)) for c in mine]
    assert cells.compared(found).startswith("Our interval is known in 3 cells. It contains the mean of the authors' runs in 3")


def test_some_runs_only():
    all_, clean = (cells.audited("solved_at", NOTHING, rows) for rows in (AUTHORS, AUTHORS[~AUTHORS["rows_permuted"]]))
    find = lambda found: next(c for c in found if (c.operation, c.model) == ("add", "NAU"))
    assert len(find(all_).values) == 100 and len(find(clean).values) == 94
    assert find(all_).printed == find(clean).printed and find(clean).correct.estimate == pytest.approx(17_659.6, abs=0.1)
    assert find(all_).name == "NAU $+$" and find(all_).ratio == pytest.approx(2.062, abs=1e-3)


def test_cells_are_ordered_by_operation():
    order = [c.operation for c in cells.audited("solved_at", NOTHING, AUTHORS)]
    assert order == sorted(order, key=[*OPERATIONS].index)


def test_every_cell_is_drawn_once():
    found = cells.audited("sparsity_error", NOTHING, AUTHORS)
    axes = drawn.halved(found).axes
    for ax in axes:
        at = sorted(line.get_xdata()[0] for line in ax.lines if len(np.atleast_1d(line.get_xdata())) == 1)
        assert at == pytest.approx(sorted(c.correct.estimate for c in found))


def test_the_strokes_lie_where_the_variance_is_held():
    found = [c for c in cells.audited("solved_at", NOTHING, AUTHORS) if c.model == "NAU"]
    ax = drawn.off_the_mean(found)
    strokes = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "|" and len(line.get_xdata())]
    assert strokes == pytest.approx([c.ratio for c in found], rel=0.01)


def test_the_likelihood_of_a_held_variance_is_largest_at_the_published_mean():
    c = next(c for c in cells.audited("solved_at", NOTHING, AUTHORS) if (c.operation, c.model) == ("add", "NAU"))
    free, held = drawn.likelihoods(c).lines[:2]
    gap = np.array(free.get_ydata()) - np.array(held.get_ydata())
    assert (gap > -1e-6).all()
    assert held.get_xdata()[np.argmax(held.get_ydata())] == pytest.approx(c.printed.estimate, rel=0.03)
    assert free.get_xdata()[np.argmax(free.get_ydata())] == pytest.approx(c.values.mean(), rel=0.03)


def test_moved_runs_are_in_colour():
    order = row_order.merged([0, 0, 1, 1] * 2, [6] * 8)
    ax = drawn.orders([order], ["x"], [list("abcdefgh")]).axes[0]
    assert [line.get_color() for line in ax.lines].count("C1") == 2
    assert [text.get_text() for text in ax.texts] == list("abcdefgh")


def test_thresholds_have_a_panel_for_each_thing_that_varies():
    cases = script.tasks().query("not simple").assign(intended=lambda c: c["threshold_intended"])
    figure = drawn.thresholds(cases)
    assert [ax.get_xlabel() for ax in figure.axes] == [*drawn.CASES.values()]
    assert sum(len(ax.lines[-1].get_xdata()) for ax in figure.axes) == len(cases)


def test_replays_join_moved_runs_alone():
    pairs = pd.DataFrame({"operation": "add", "model": "NAU", "seed": [0, 1, 2], "solved_at_authors": [17e3, 18e3, 4e6],
                          "solved_at": [17e3, 18e3, 16e3], "rows_permuted": [False, False, True]})
    ax = drawn.replays(pairs).axes[0]
    (joined,) = ax.collections[0].get_segments()
    assert joined[:, 1].tolist() == [16e3, 4e6]
    assert ax.lines[-1].get_color() == MODELS["NAU"].colour and len(ax.lines[-1].get_xdata()) == 3
