"""Points of a sweep: what is drawn and said of them, with all runs, with some, and with none."""

from types import MappingProxyType

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tiny

from nalu import experiments
from nalu.experiments import EXPERIMENTS, SEQUENTIAL, get
from nalu.pages import figures, sweep_panels
from nalu.paper import sweeps, wording
from nalu.registry import MODELS
from nalu.results import csv_file, merging

SWEEPS = [entry.name for entry in EXPERIMENTS.values() if entry.varies]


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch):
    """An empty folder of results, and the one style."""
    tiny.use_here(monkeypatch, tmp_path / "runs")
    monkeypatch.setattr(experiments, "EXPERIMENTS", MappingProxyType({**EXPERIMENTS}))
    monkeypatch.setattr(experiments, "SEQUENTIAL", SEQUENTIAL)  # a verdict is about all claims
    with plt.style.context(figures.STYLE):
        yield
    plt.close("all")


def record(name, condition, solved):
    """Add runs of a condition: seed by seed, whether it is solved."""
    case = get(name).condition(condition)
    outcome = {True: {"solved": True, "solved_at": 10_000, "sparsity_error": 1e-3}, False: {"solved": False}}
    rows = [{"experiment": name, "seed": seed} | outcome[yes] for seed, yes in enumerate(solved)]
    merging.merge(name, [csv_file.row(case.settings() | row) for row in rows])


def chosen(name="overlap", operation="mul"):
    return [p for p in sweeps.points(name) if p.condition.task.operation == operation]


def of(model, points):
    return sweeps.by_model(points)[model]


def words(figure):
    """Everything that is written in a figure, its ticks left out."""
    entries = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    titles = [ax.get_title("left") for ax in figure.axes]
    return " | ".join([*entries, *titles, *(text.get_text() for ax in figure.axes for text in ax.texts)])


def lines(ax, model):
    """The lines of a model, ours and then the paper's."""
    mine = [line for line in ax.lines if line.get_color() == MODELS[model].colour and len(line.get_xdata())]
    return [[line for line in mine if (line.get_alpha() or 1) == alpha] for alpha in (1, figures.FAINT)]


@pytest.mark.parametrize("name", SWEEPS)
def test_without_results_everything_is_not_run_yet(name):
    points = sweeps.points(name)
    assert {p.verdict for p in points} == {"not run yet"}
    figure = sweep_panels.compare(points, "x")
    assert words(figure).count("not run yet") == len(sweeps.by_model(points)) + 1
    assert f"{len(points)} of {len(points)} points not run yet" in words(figure)
    assert "not run yet" in words(sweep_panels.seeds(points, "x"))
    assert f"not run yet: {len(points)} of {len(points)} conditions" in sweeps.verdicts(points)
    assert set(sweeps.table(points, "x")["solved here"]) == {"not run yet"}


def test_a_point_has_a_tick_and_both_sides():
    record("overlap", "NMU-overlap_ratio=0", [True] * 9 + [False])
    first, *rest = of("NMU", chosen())
    assert [p.x for p in (first, *rest)] == ["0", "0.1", "0.25", "0.5", "0.75", "1"]
    assert first.rate()[3:] == (10, 9) and first.rate("paper")[3:] == (50, 50)
    assert first.verdict == "too few runs" and {p.verdict for p in rest} == {"not run yet"}
    assert sweeps.text(1e-5) == "1e-5" and sweeps.text("[1,2]") == "[1,2]" and sweeps.text(3) == "3"


def panels(figure, name):
    """The three panels of the row that begins with that name."""
    first = next(k for k, ax in enumerate(figure.axes) if ax.get_title("left").startswith(f"{name}, "))
    return figure.axes[first : first + 3]


def test_ours_is_full_and_the_papers_faint_beside_it():
    record("overlap", "NMU-overlap_ratio=0", [True] * 9 + [False])
    figure = sweep_panels.compare(chosen(), "overlap ratio")
    ours, paper = lines(panels(figure, "NMU")[0], "NMU")
    curve, points = paper
    assert np.nanmin(points.get_ydata()) == 0.72 and points.get_markerfacecolor() == "white"
    mine = ours[1]
    assert mine.get_ydata()[0] == 0.9 and np.isnan(mine.get_ydata()[1:]).all()
    assert mine.get_markerfacecolor() == MODELS["NMU"].colour
    assert 0 < points.get_xdata()[0] - mine.get_xdata()[0] < 0.5, "both stand in one band"
    assert "NMU, n = 0–10 of 50" in words(figure) and "in the paper, n = 50" in words(figure)


def test_a_model_has_its_own_panels():
    record("hidden_size", "NMU-hidden_size=3", [True])
    figure = sweep_panels.compare(chosen("hidden_size"), "hidden units")
    for model in sweeps.by_model(chosen("hidden_size")):
        for ax in panels(figure, MODELS[model].plain):
            colours = {line.get_color() for line in ax.lines if len(line.get_xdata())}
            assert colours <= {MODELS[model].colour}


def test_a_cross_stands_for_every_point_that_was_not_run():
    record("overlap", "NMU-overlap_ratio=0.5", [True])
    figure = sweep_panels.compare(chosen(), "overlap ratio")
    crosses = [line for ax in figure.axes[::3] for line in ax.lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == len(chosen()) - 1
    assert "35 of 36 points not run yet" in words(figure)


def test_ranges_are_not_joined():
    assert not [line for line in sweep_panels.compare(chosen("ranges"), "range").axes[0].lines
                if line.get_linestyle() == "-" and len(line.get_xdata())]


def test_a_model_can_have_several_rows():
    points = chosen("learning_rate")
    figure = sweep_panels.compare(points, "learning rate", split=lambda p: p.optimizer)
    assert len(figure.axes) == 3 * len(sweeps.by_model(points)) * 3
    assert all(name in words(figure) for name in ("Adam", "SGD", "SGD with momentum"))
    assert [*sweeps.table(points, "learning rate")][:3] == ["model", "optimiser", "learning rate"]


def test_seeds_are_tall_where_solved():
    record("overlap", "NMU-overlap_ratio=0.1", [True, False, True])
    figure = sweep_panels.seeds(chosen(), "overlap ratio")
    ax = next(ax for ax in figure.axes if "NMU: 2 of 3 runs solved" in [t.get_text() for t in ax.texts])
    tall, short = (line for line in ax.lines if len(line.get_xdata()))
    assert [*tall.get_xdata()] == [0, 2] and tall.get_color() == MODELS["NMU"].colour
    assert [*short.get_xdata()] == [1] and short.get_color() == figures.GREY
    assert {*tall.get_ydata(), *short.get_ydata()} == {1}


def test_a_table_has_a_line_per_point():
    record("overlap", "NMU-overlap_ratio=0.75", [False] * 10)
    line = sweeps.table(of("NMU", chosen()), "overlap ratio").iloc[4]
    assert [*line] == ["NMU", "0.75", "10 of 50", "0 of 10, 0–28 %", "36 of 50, 58–83 %", "−72 points [−83, −41]", "contradicted"]
    assert [*sweeps.table(sweeps.points("ablation_table"))] == \
        ["model", "runs", "solved here", "in the paper", "difference", "verdict"]


def test_words_count_verdicts_and_name_what_is_contradicted():
    record("overlap", "NMU-overlap_ratio=0.75", [False] * 10)
    record("overlap", "NMU-overlap_ratio=1", [True] * 10)
    points = of("NMU", chosen())
    assert sweeps.pooled(points) == "10 of 20 runs" and sweeps.pooled(points, "paper") == "286 of 300 runs"
    assert sweeps.spans(points) == "NMU 0–100 % (n = 10, at 2 of 6 points)"
    assert sweeps.spans(points, "paper") == "NMU 72–100 % (n = 50)"
    assert sweeps.verdicts(points) == (
        "20 of 300 declared runs are recorded (not run yet: 4 of 6 conditions). Verdicts on the 6 published success rates: "
        "1 contradicted, 1 too few runs, 4 not run yet. Contradicted: NMU at 0.75 "
        "(0 of 10, 0–28 % here; 36 of 50, 58–83 % in the paper).")
    assert sweeps.both(points) == "in most runs here (10 of 20) and in nearly every run of the paper (286 of 300)"
    assert sweeps.beside({"NMU": points}) == "| network | solved here | in the paper |\n| --- | --- | --- |\n| NMU | 10 of 20 | 286 of 300 |"
    assert sweeps.reach(points).endswith("| NMU | 0–100 % (n = 10, at 2 of 6 points) | 72–100 % (n = 50) |")
    assert [*sweeps.totals(points).iloc[0]] == ["NMU", "10 of 20 runs", "286 of 300 runs"]


def test_a_share_has_a_word_and_its_counts():
    said = [wording.often(k, 50, " here") for k in (50, 45, 44, 25, 24, 5, 4, 0)]
    assert [text.removeprefix("in ").partition(" here")[0] for text in said] == [
        "every run", "nearly every run", "most runs", "most runs", "some runs", "some runs", "few runs", "no run"]
    assert said[1] == "in nearly every run here (45 of 50)" and wording.often(3, 4) == "in 3 of 4 runs"
    assert "not run yet" in wording.often(0, 0)


def test_without_runs_a_comparison_says_so():
    assert sweeps.both(of("NMU", chosen())) == "in nearly every run of the paper (286 of 300); here it is not run yet"


def test_what_is_not_printed_is_not_compared():
    record("number_of_subsets", "NMU-number_of_subsets=2-hidden_size=2", [True] * 3)
    points = sweeps.points("number_of_subsets")
    assert of("NMU", points)[0].verdict == "not printed" and "published" not in sweeps.verdicts(points)
    assert "in the paper" not in words(sweep_panels.compare(points, "factors"))


def test_runs_between_the_two_thresholds_are_judged_otherwise():
    case = get("subset").condition("NMU-subset_ratio=0.5")
    low, high = case.task.threshold(), case.task.threshold_as_published()
    row = {"experiment": "subset", "solved": False, "test_mse": (low + high) / 2, "seed": 0}
    merging.merge("subset", [csv_file.row(case.settings() | row)])
    assert sweeps.rejudged(sweeps.points("subset")) == (1, 1)


def test_the_same_figure_has_the_same_bytes(tmp_path):
    record("overlap", "NMU-overlap_ratio=0.1", [True, False, True])
    for file in ("one.svg", "two.svg"):
        figures.save(sweep_panels.compare(chosen(), "overlap ratio"), tmp_path / file)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
