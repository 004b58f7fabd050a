"""The claims page: every number once, the artefacts by what is known of them, and its table."""

import json
import math
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
from simulated_papers import SPARSITY, printed, rate, rows

from nalu import experiments
from nalu.analysis import comparisons, differences, summary
from nalu.analysis.statistics import Interval, success_rate
from nalu.analysis.summary import Cell
from nalu.analysis.verdict import ARTEFACT, COMPATIBLE, CONTRADICTED, FEW, NOT_COMPARABLE, REPRODUCED, SHORTER, VERDICTS
from nalu.experiments import EXPERIMENTS
from nalu.pages import claims_table, operation_panels
from nalu.paper import artefacts, claims, evidence, matched, published, sequences, sweeps
from nalu.paper import numbers as printing
from nalu.paper.claims import judge
from nalu.paper.evidence import Evidence
from nalu.results import runs
from nalu.sequential import outcomes
from nalu.support import paths
from nalu.support.notation import NOT_RUN

pytestmark = pytest.mark.slow

AUTHORS = published.per_seed()


@pytest.fixture(scope="module")
def numbers():
    return printing.numbers()


@pytest.fixture(scope="module")
def found():
    return claims.all_claims()


def test_every_printed_number_is_there_once(numbers):
    folder = paths.ROOT / "nalu" / "paper" / "published"
    tables = pd.read_csv(folder / "paper_results.csv")
    points = pd.read_csv(folder / "paper_figures.csv")
    points = points[points["panel"].str.startswith("success_rate")]
    wanted = [*map(repr, tables["value"]), *map(repr, points["mean"])]
    assert sorted(repr(n.cell.estimate) for n in numbers) == sorted(wanted)
    about = [(n.source, n.operation, n.model, n.at, n.metric) for n in numbers]
    assert len({*about}) == len(about) == len(tables) + len(points) == 408 + 834


def test_every_number_has_a_place(numbers):
    """Those of sequential MNIST in an experiment on that task, at the length of the test sequences."""
    assert all(n.place for n in numbers)
    with_length = {n.source for n in numbers if n.place.length is not None}
    assert with_length == {name for name in published.FIGURES if name.startswith("sequential_mnist")}
    of_length = [n for n in numbers if n.place.length is not None]
    assert len(of_length) == 360 and {n.place.experiment.name for n in of_length} == {"mnist_product", "mnist_sum"}
    for n in of_length:
        assert n.at == f"length {n.place.length}" and n.place.length in n.place.condition.task.test_lengths
        paper = sequences.printed([n.source]).query("condition == @n.place.condition.id and test_length == @n.place.length")
        assert paper.query("metric == 'success_rate'")[["k", "n"]].values.tolist() == [[n.cell.k, n.cell.n]]


def test_a_place_is_that_of_the_experiments_own_comparison(numbers):
    """What an experiment calls its published values stands at the same condition here."""
    own = [n for n in numbers if n.place.length is None
           and n.source == n.place.experiment.published.format(operation=n.operation)]
    assert len(own) > 500
    for n in own[::7]:
        value = matched.printed(n.place.experiment, n.place.condition)[n.metric]
        assert repr(value) == repr(n.cell), n


def test_other_tables_print_the_same_runs(numbers):
    place = {(n.source, n.operation, n.model, n.at): n.place for n in numbers}
    for source, operation, model, at, other in [
        ("function_task_static", "add", "NAU", "", "function_task_static_all"),
        ("function_task_static_reproduce", "div", "NALU", "", "function_task_static_all"),
        ("simple_function_static_mul_range_reproduce", "mul", "NALU", "range [0,1]", "simple_function_static_mul_range"),
        ("simple_function_static_mul_parameter", "mul", "NALU", "overlap ratio 1", "simple_function_static_mul_overlap"),
        ("simple_function_static_mul_parameter", "mul", "NAC•", "hidden size 3", "simple_function_static_mul_hidden_size"),
    ]:
        assert place[source, operation, model, at] == place[other, operation, model, at]
    gated = place["function_task_static_nalu", "add", "NALU (shared)", ""]
    assert (gated.experiment.name, gated.condition.id) == ("gating", "NAC_then_NALU-add")
    assert place["function_task_static_all", "mul", "NMU", ""].experiment.name == "operations"


def test_names_in_also_are_tables_or_figures():
    names = {name for e in EXPERIMENTS.values() for name in e.also}
    assert names and names <= {*published.TABLES, *published.FIGURES}


def cell_of(operation, model):
    return AUTHORS[(AUTHORS["operation"] == operation) & (AUTHORS["model"] == model)]


@pytest.mark.parametrize("operation, model, metric, value, defects", [
    ("add", "NAU", "solved_at_mean", 3.9e5, (artefacts.GAMMA, artefacts.ORDER)),
    ("add", "Linear", "solved_at_mean", 6.3e4, (artefacts.GAMMA,)),
    ("add", "Linear", "solved_at_mean", 6.2e4, ()),
    ("add", "NAU", "solved_at_mean", 1.9e5, (artefacts.ORDER,)),
    ("mul", "NMU", "solved_at_median", 1.4e6, ()),
    ("add", "NAC_add", SPARSITY, 0.23, (artefacts.BETA,)),
    ("sub", "NAU", SPARSITY, 0.066, (artefacts.BETA,)),
    ("mul", "NMU", SPARSITY, 4.2e-7, ()),
    ("mul", "NMU", SPARSITY, 9e-7, (artefacts.OTHER,)),
])
def test_defects_are_told_apart(operation, model, metric, value, defects):
    assert artefacts.find(value, cell_of(operation, model), metric).defects == defects


def test_success_rates_are_those_of_the_authors_runs(numbers):
    known = [n for n in numbers if n.source == "function_task_static_all" and n.metric == "success_rate"
             and len(cell_of(n.operation, n.place.condition.model))]
    assert len(known) == 60
    for n in known:
        assert n.cell.k == cell_of(n.operation, n.place.condition.model)["solved"].sum()


def test_a_reanalysis_by_other_means_has_the_same_corrected_values():
    again = published.reanalysis().dropna(subset="beta05_mle_mean")
    for row in again.itertuples():
        correct = artefacts.find(1.0, cell_of(row.operation, row.model), SPARSITY).correct
        assert correct.estimate == pytest.approx(row.beta05_mle_mean, rel=2e-2)


def test_medians_by_hand():
    # one value beside a median of one: it is below it in half of the cases
    assert comparisons.median([1.0], 2.0, 0.0, 1) == 1
    # ours all below the only one of theirs: 1 of 4 orders
    assert comparisons.median([1.0, 2, 3], 9.0, 0.0, 1) == pytest.approx(2 / 4)
    assert comparisons.median(np.arange(10), 100.0, 0.0, 11) == pytest.approx(comparisons.median_smallest(10, 11))
    assert comparisons.median(np.full(10, 5.0), 5.2, 0.5, 11) == 1
    assert comparisons.median_interval(range(1, 11)) == Interval(5.5, 2, 9)
    assert all(map(math.isnan, comparisons.median_interval([1, 2, 3])[1:]))


def test_means_by_hand():
    # the two samples of three are the most extreme of 20 orders, on either side
    assert comparisons.means([1, 2, 3], [11, 12, 13]) == pytest.approx(2 / 20, abs=0.01)
    assert comparisons.means_smallest(3, 3) == 2 / 20
    near = Cell(1.0, 0.9, 1.1, 30, 30)
    assert comparisons.printed_mean(np.full(10, 1.04), near, 0.05) == 1
    assert math.isnan(comparisons.printed_mean(np.full(10, 2.0), near._replace(lower=math.nan), 0.05))


@pytest.mark.parametrize("n, m", [(1, 25), (2, 7), (3, 4), (4, 4)])
def test_the_smallest_p_value_of_means_is_that_of_the_farthest_sides(n, m):
    far = comparisons.means(np.arange(n) + 1000.0, np.arange(m))
    assert far == pytest.approx(comparisons.means_smallest(n, m), rel=0.2)


def test_a_printed_mean_beside_zeros():
    theirs = Cell(2e-5, 1e-5, 3e-5, 20, 20)
    assert 0 < comparisons.printed_mean(np.zeros(12), theirs, 5e-7) < 0.01
    assert comparisons.printed_mean(np.linspace(0, 2e-6, 12), theirs._replace(estimate=0.0), 0.0) > 0.05


def test_a_corrected_mean_of_few_runs_has_no_bounds():
    few = cell_of("sub", "Linear")
    solved = artefacts.sample(few, "solved_at_mean")
    assert 1 < len(solved) < 5
    correct = artefacts.find(1.0, few, "solved_at_mean").correct
    assert correct.estimate == pytest.approx(solved.mean()) and math.isnan(correct.lower + correct.upper)


def test_benjamini_and_hochberg_by_hand():
    """The worked example of their paper (1995, section 3.2): at 5 % four of fifteen are rejected."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
         0.6528, 0.7590, 1.0]
    assert comparisons.rejected(p).tolist() == [True] * 4 + [False] * 11
    assert comparisons.rejected([]).tolist() == []


def test_runs_after_a_gap_do_not_count():
    runs = pd.DataFrame({"seed": [0, 1, 3, 2, 70]})
    assert evidence.unbroken(runs, range(100))["seed"].tolist() == [0, 1, 3, 2]
    assert evidence.unbroken(runs, [1, 0, 5])["seed"].tolist() == [0, 1]
    assert evidence.unbroken(runs, [9, 0]).empty


def number(metric, value, k=50, n=100, interval=(math.nan, math.nan)):
    return printed(metric, value, interval, k, n)


def said(item):
    return judge([item])[0].verdict


def test_each_verdict():
    half = number("success_rate", 0.5)
    assert said(Evidence(number(SPARSITY, math.nan), rows([False] * 20))) == NOT_COMPARABLE
    assert said(Evidence(half)) == said(Evidence(half, rows([]))) == NOT_RUN
    assert said(Evidence(half, rows([True] * 3))) == FEW
    assert said(Evidence(half, rows([True] * 50 + [False] * 50))) == COMPATIBLE
    assert said(Evidence(half, rows([True] * 15 + [False] * 15))) == FEW, "without the power for 25 points"
    assert said(Evidence(half, rows([True] * 100))) == CONTRADICTED
    assert said(Evidence(number("success_rate", 1.0, 100), rows([True] * 100))) == REPRODUCED
    steps = np.linspace(9e4, 1.1e5, 9)
    assert said(Evidence(number("solved_at_mean", 1e5), rows([True] * 9, steps))) == FEW
    assert said(Evidence(number("solved_at_median", 1e5), rows([False] * 9))) == FEW
    authors = cell_of("add", "NAU")
    claim = judge([Evidence(number("solved_at_mean", 3.9e5, 100), None, authors)])[0]
    assert claim.verdict == ARTEFACT and claim.corrected.estimate == pytest.approx(1.77e4, rel=0.01)
    ours = rows([True] * 100, cell_of("add", "NAU")["solved_at"].to_numpy() * 30)
    assert "beside the corrected value" in judge([Evidence(number("solved_at_mean", 3.9e5, 100), ours, authors)])[0].note
    assert said(Evidence(number("solved_at_median", 1.8e4, 100), ours, authors)) == CONTRADICTED


def test_a_claim_that_is_printed_often_is_tested_once():
    """Twenty copies of a small p-value would let others pass that it alone does not."""
    def at(k, name):
        return Evidence(number("success_rate", 0.5), rows([True] * k + [False] * (100 - k)), None, name)

    small, doubtful = at(75, "small"), [at(64, f"doubtful {i}") for i in range(3)]
    noise = [at(50, f"noise {i}") for i in range(20)]
    alone = judge([small, *doubtful, *noise])
    often = judge([small] * 200 + doubtful + noise)
    assert alone[0].verdict == CONTRADICTED and alone[1].verdict == COMPATIBLE
    assert [c.verdict for c in often[200:]] == [c.verdict for c in alone[1:]]
    assert {c.verdict for c in often[:200]} == {CONTRADICTED}
    assert claims_table.prose(often)["contradicted"] == "1" and claims_table.prose(often)["again"] == "199"


def test_counts_that_were_digitised_twice_are_one_claim(found):
    """The figures of both papers show the same runs; their points differ in the fourth digit."""
    def at(source):
        return next(c for c in found if c.printed.source == source and c.printed.model == "NAC•"
                    and c.printed.at == "range [1,2]")

    iclr, sedl = map(at, ("simple_function_static_mul_range", "simple_function_static_mul_range_reproduce"))
    assert iclr.printed.cell.estimate != sedl.printed.cell.estimate
    assert iclr.same == sedl.same and iclr.p == sedl.p


def test_pairs_are_tested_as_pairs():
    """Twelve seeds solved there alone: of the two rates, 50 and 38 of 100, no test says that they are unequal."""
    solved = np.arange(100) < 50
    authors = pd.DataFrame({"seed": range(100), "solved": solved})
    item = Evidence(number("success_rate", 0.5), rows(solved & (np.arange(100) >= 12)), authors)
    claim, = judge([item])
    assert claim.verdict == CONTRADICTED and claim.p == pytest.approx(2 / 2**12)
    assert claim.note == "of the same 100 seeds, 50 are solved there; 0 are solved only here, 12 only there"
    assert claim.effect == differences.of_pairs(0, 12, 100)
    apart, = judge([item._replace(authors=None)])
    assert apart.verdict == COMPATIBLE and apart.effect == differences.of_rates(38, 100, 50, 100)
    # seeds, not lines: in another order they are the same pairs
    assert judge([item._replace(authors=authors[::-1])]) == [claim]


def test_what_is_reproduced_and_told_apart_says_so():
    authors = cell_of("mul", "NMU")
    ours = rows([True] * 100, errors=np.linspace(4.6e-7, 5e-7, 100))
    claim, = judge([Evidence(number(SPARSITY, 4.2e-7, 98), ours, authors)])
    assert claim.verdict == REPRODUCED and claim.p < 0.05 and claim.note == "told apart, by less than the margin"


def test_counts_add_up(found):
    counted = claims_table.prose(found)
    total = sum(int(counted[claims_table.verdict_class(v)].replace(",", "")) for v in VERDICTS)
    assert total == int(counted["all"].replace(",", "")) == len({c.same for c in found})
    assert counted["printed"] == "1,242" and total + int(counted["again"].replace(",", "")) == 1242
    table = claims_table.counts(found).set_index("verdict")
    assert table.loc["all", "claims"] == counted["all"]
    assert (table.map(lambda text: int(text.replace(",", ""))).eval("`success rates` + `solved at` + `sparsity errors` == claims")).all()
    assert claims_table.by_source(found)["claims"].map(int).sum() >= total


@pytest.mark.parametrize("name", [e.name for e in EXPERIMENTS.values() if e.published])
def test_every_page_has_the_verdict_of_the_claims(name, found):
    """The points of figures, the cells of tables and the command line all say what the list of claims says."""
    entry = experiments.get(name)
    about = {(c.printed.source, runs.settings(c.printed.place.condition)): c for c in found
             if c.printed.metric == "success_rate" and c.printed.place.length is None}
    points = {p.condition.id: p.verdict for p in sweeps.points(name)}
    cells = {case.id: word for case, word in zip(entry.conditions, operation_panels.verdicts(
        operation_panels.judged(entry), summary.by_model(runs.results(name))), strict=True)} if not entry.varies else points
    for case in entry.conditions[::max(1, len(entry.conditions) // 20)]:
        claim = about.get((entry.published.format(operation=case.task.operation), runs.settings(case)))
        last = (matched.lines(entry, case) or [("",)])[-1]
        if claim is None:
            assert points[case.id] in ("not printed", NOT_RUN) and last == ("",)
            continue
        assert points[case.id] == cells[case.id] == claim.verdict
        assert (last[:2] == ("verdict on the rates", claim.verdict)) == (claim.ours.n > 0)


def test_mnist_says_that_its_runs_are_shorter_or_that_there_are_none(found):
    about = [c for c in found if c.printed.source.startswith("sequential_mnist")]
    assert {c.verdict for c in about} == {SHORTER, NOT_RUN}
    for claim in about:
        place = claim.printed.place
        short = experiments.get(f"{place.experiment.name}_short").condition(place.condition.id)
        rows = outcomes.of(f"{place.experiment.name}_short").query("condition == @short.id and test_length == @place.length")
        assert (claim.verdict == NOT_RUN) == rows.empty and math.isnan(claim.p)
        if len(rows):
            kept = evidence.unbroken(rows, short.seeds)["solved"]
            assert (claim.ours.k, claim.ours.n) == (kept.sum(), len(kept))
            higher, paper = kept.mean() - claim.printed.cell.estimate, "20 of 1,000 epochs: "
            assert claim.note == paper + ("higher" if higher > 0 else "lower" if higher < 0 else "the same rate")


def test_runs_of_the_papers_length_are_tested_as_all_others():
    """And one that is shorter reproduces nothing, whatever its rate."""
    item = rate(np.random.default_rng(0), 0.9, 0.9, same="one")
    assert judge([item])[0].verdict == COMPATIBLE
    assert judge([item._replace(shorter="20 of 1,000 epochs")])[0].verdict == SHORTER


class Table(HTMLParser):
    """Lines of cells, each the list of its texts, and all links."""

    def __init__(self, text):
        super().__init__()
        self.lines, self.links, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.lines.append([])
        elif tag in ("td", "th"):
            self.lines[-1].append([])
        elif tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data):
        if self.lines and self.lines[-1] and data.strip():
            self.lines[-1][-1].append(data)


def test_the_table_has_a_line_for_each_number_and_is_small(found):
    text = claims_table.html(found).data
    table = Table(text)
    assert len(table.lines) == 1 + len(found) and {*map(len, table.lines)} == {len(claims_table.COLUMNS)}
    assert len(text) < 1_000_000
    assert text.count('<th scope="row">') == len(claims_table.HEADS) * len(found)
    verdicts = [line[-1][0] for line in table.lines[1:]]
    assert verdicts == [c.verdict for c in found]


def test_links_lead_to_notebooks_and_filters_to_lines(found):
    for link in {*Table(claims_table.html(found).data).links}:
        assert (paths.NOTEBOOKS / link).is_file(), link
    column = {name: i for i, name in enumerate(claims_table.COLUMNS.values()) if name}
    lines = Table(claims_table.html(found).data).lines[1:]
    links = [link for frame in (claims_table.by_source(found), claims_table.counts(found))
             for link in Table("".join(f"<tr><td>{t}" for t in frame.iloc[:, 0])).links]
    assert len(links) == len(published.TABLES) + len(published.FIGURES) + len({c.verdict for c in found})
    for link in links:
        (name, (value,)), = parse_qs(link.removeprefix("#")).items()
        assert value in {line[column[name]][0] for line in lines}, link


def test_text_is_escaped():
    odd = rate(np.random.default_rng(0), 0.5)
    odd = odd._replace(printed=odd.printed._replace(model="<script>&", at='"<b>'))
    text = claims_table.html(judge([odd])).data
    assert "<script>" not in text and "&lt;script&gt;&amp;" in text and "<b>" not in text
    assert Table(text).tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "small", "a"}


@pytest.mark.parametrize("metric, value, text", [
    ("success_rate", Cell(*success_rate([1] * 94 + [0] * 6), 100, 94), "94 % [88, 97]"),
    ("solved_at_mean", Cell(1.434e6, 1.38e6, 1.5e6, 1, 1), "1.43 [1.38, 1.5] · 10⁶"),
    (SPARSITY, Cell(4.2e-7, math.nan, math.nan, 1, 1), "4.2 · 10⁻⁷"),
    (SPARSITY, Cell(0.23, 0.224, 0.236, 1, 1), "0.23 [0.224, 0.236]"),
    (SPARSITY, Cell(math.nan, math.nan, math.nan, 1, 1), "—"),
])
def test_numbers_as_text(metric, value, text):
    assert claims_table.number(metric, value) == text


@pytest.mark.parametrize("call, message", [
    (lambda: claims_table.label("simple_mull"), "unknown table or figure 'simple_mull'; did you mean 'simple_mul'"),
    (lambda: claims_table.sign("times"), "unknown operation 'times'"),
    (lambda: claims_table.verdict_class("contradict"), "unknown verdict 'contradict'; did you mean 'contradicted'"),
])
def test_an_unknown_name_is_one_clear_line(call, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        call()
    assert "\n" not in str(error.value)


def test_what_is_contradicted_is_told_in_sentences(numbers):
    place = next(n.place for n in numbers if n.source == "simple_mul" and n.model == "NMU")
    item = rate(np.random.default_rng(0), 0.9, 0.2, same="one")
    outcome = item.rows.assign(test_mse=1.0)
    claim = judge([item._replace(printed=item.printed._replace(place=place), rows=outcome)] * 2)
    text = claims_table.contradicted(claim)
    assert text.count("* ") == 1 and text.startswith("* NMU, ×, success rate (ICLR, table 1: the ten-parameter task; ")
    assert re.search(r"; −\d\d points \[−\d\d, −\d\d\], p = ", text)
    assert claims_table.contradicted([]) == "None: of the 0 claims that are tested, none is contradicted."
    steps = number("solved_at_mean", 1e5, 100)
    later = Evidence(steps, rows([True] * 100, np.linspace(1.8e5, 2.2e5, 100)))
    assert "; ratio 2 [" in claims_table.contradicted(judge([later]))
    exact = Evidence(number(SPARSITY, 4e-7, 100), rows([True] * 100, errors=np.linspace(7e-7, 9e-7, 100)))
    assert "matter of rounding, 13 and 7 times the distance" in claims_table.contradicted(judge([exact]))


def test_labels_are_different():
    labels = [claims_table.label(name) for name in [*published.TABLES, *published.FIGURES]]
    assert len({*labels}) == len(labels)


def test_the_script_filters_the_columns_that_the_table_names():
    heads = re.findall(r"data-filter=(\w+)", claims_table.html([]).data)
    assert heads == ["source", "operation", "network", "metric", "verdict"]
    script = (paths.BOOK / "_static" / "claims.js").read_text("utf8")
    assert "dataset.filter" in script and not re.search(r"https?://|import\s|fetch\(", script)
    assert json.dumps("div.claims") in script
