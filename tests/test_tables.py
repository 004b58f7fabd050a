"""Tables beside the paper's, cell by cell."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from reading_cases import MODELS, NO_ROWS, PRINTED, ROWS

from nalu.analysis import summary
from nalu.pages import tables
from nalu.paper import published
from nalu.registry import MODELS as REGISTRY

OURS = summary.by_model(ROWS)
TWICE = summary.by_model(pd.concat([ROWS, ROWS]))  # enough values for an interval
TABLE = tables.beside_paper(OURS, PRINTED, MODELS)
LABEL = {name: rf"\({REGISTRY[name].label}\)" for name in MODELS}


def lines(table, source):
    return table[table["source"] == source].set_index("model")


def test_rows_are_the_printed_ones_in_their_order_then_the_others():
    order = [LABEL["NALU"], LABEL["NMU"], LABEL["NAC_mul"]]
    assert TABLE["model"].tolist() == [label for label in order for _ in range(2)]
    assert TABLE["source"].tolist() == ["ours", "paper"] * 3


@pytest.mark.parametrize("model, heading, ours, paper", [
    ("NMU", "runs", "4", "100"),
    ("NMU", "success rate", r"\(75\% {~}^{+20\%}_{-45\%}\)", r"\(\mathbf{94\% {~}^{+3\%}_{-6\%}}\)"),
    ("NMU", "solved at, median", r"\(2.0 \cdot 10^{3}\)", r"\(\mathbf{1.4 \cdot 10^{4}}\)"),
    ("NALU", "runs", "2", "100"),
    ("NALU", "success rate", r"\(0\% {~}^{+66\%}_{-0\%}\)", r"\(26\% {~}^{+9\%}_{-8\%}\)"),
    ("NALU", "solved at, median", "—", r"\(7.0 \cdot 10^{4}\)"),
    ("NAC_mul", "runs", "—", "—"),
    ("NAC_mul", "success rate", "not run yet", "not printed"),
    ("NAC_mul", "sparsity error, mean", "—", "—"),
])
def test_a_pair_of_values(model, heading, ours, paper):
    found = [lines(TABLE, source).loc[LABEL[model], heading] for source in ("ours", "paper")]
    assert found == [ours, paper]


def bold(**solved):
    """Which networks are bold in which column, by how many of how many runs they solve; who solves fewer does so sooner."""
    rows = pd.concat([pd.DataFrame({"operation": "mul", "model": model, "seed": range(n), "solved": [True] * k + [False] * (n - k),
                                    "solved_at": 1000.0 * k, "sparsity_error": 1e-6 * k}) for model, (k, n) in solved.items()])
    table = lines(tables.beside_paper(summary.by_model(rows), PRINTED.iloc[:0]), "ours").drop(columns=["source", "runs"])
    name = {LABEL[m]: m for m in LABEL}
    return {column: {name[m] for m in table.index[table[column].str.contains("mathbf")]} for column in table}


def test_ties_are_all_bold():
    assert bold(NMU=(9, 9), NALU=(9, 9))["success rate"] == {"NMU", "NALU"}


def test_a_network_that_seldom_solves_anything_is_never_the_best():
    """As Linear on differences: the one run of fifty that it solves is solved soonest."""
    assert set(map(frozenset, bold(NMU=(100, 100), NALU=(1, 50)).values())) == {frozenset({"NMU"})}
    beaten = bold(NMU=(40, 50), NALU=(20, 50))
    assert set(map(frozenset, beaten.values())) == {frozenset({"NMU"})}, "enough solved runs, and a success rate that is beaten"
    close = bold(NMU=(40, 50), NALU=(36, 50))
    assert close.pop("success rate") == {"NMU"}
    assert set(map(frozenset, close.values())) == {frozenset({"NALU"})}, "sooner, and as often as a test can tell"


def test_fewer_than_five_solved_runs_are_no_best():
    assert not any(bold(NMU=(4, 4), NALU=(0, 2)).values())
    assert all(bold(NMU=(5, 5), NALU=(0, 2)).values())


def test_each_operation_has_its_own_best():
    both = pd.concat([ROWS.assign(solved=True, solved_at=1000.0, sparsity_error=1e-6, operation=ROWS["model"].map({"NMU": "mul", "NALU": "add"}))] * 3)
    table = lines(tables.beside_paper(summary.by_model(both), PRINTED.iloc[:0]), "ours")
    assert table["success rate"].str.contains("mathbf").tolist() == [True, True]
    assert table["operation"].tolist() == [r"\(\times\)", r"\(+\)"]
    assert "operation" not in TABLE, "a column that says the same in all lines"


def test_without_results_the_table_says_so():
    table = lines(tables.beside_paper(summary.by_model(NO_ROWS), PRINTED, MODELS), "ours")
    assert set(table["success rate"]) == {"not run yet"}
    assert set(table.drop(columns=["source", "success rate"]).to_numpy().ravel()) == {"—"}


def test_ratios_are_the_papers_values_over_ours():
    found = tables.ratios(OURS, PRINTED).set_index("model")
    # .94 / .75, 14000 / 2000, 14000 / 3000; our interval of the rate is .30 to .95
    assert found.loc["NMU"].tolist()[:3] == ["1.25, inside", "7.00", "4.67"]
    assert tables.ratios(TWICE, PRINTED).set_index("model").loc["NMU"].tolist()[:3] == ["1.25, outside", "7.00", "4.67, outside"]
    assert found.loc["NALU"].tolist() == ["—"] * 4  # our rate is 0
    assert set(tables.ratios(summary.by_model(NO_ROWS), PRINTED).iloc[:, 1:].to_numpy().ravel()) == {"not run yet"}


@pytest.mark.parametrize("name", ["simple_mul", "function_task_static", "function_task_static_all",
                                  "function_task_static_reproduce"])
def test_the_papers_tables_fit_in(name):
    printed = published.table(name)
    table = tables.beside_paper(summary.by_model(NO_ROWS), printed)
    assert len(table) == 2 * len(printed[["operation", "model"]].drop_duplicates())
    assert not lines(table, "paper").isin(["not printed"]).to_numpy().any()


def test_a_printed_value_is_known_to_its_last_digit_only():
    """Our interval ends between 10³ and 10⁴; there, half of the last printed digit is 50."""
    upper = summary.cell(TWICE, "NMU", "solved_at_mean").upper
    for printed, said in ((upper + 40, "inside"), (upper + 60, "outside")):
        table = PRINTED.assign(value=PRINTED["value"].mask(PRINTED["metric"] == "solved_at_mean", printed))
        assert 1000 < printed < 10_000
        assert tables.ratios(TWICE, table).set_index("model").loc["NMU", "solved at, mean"].endswith(said)


def test_html_is_the_same_at_every_call_and_scrolls():
    html = tables.html(tables.beside_paper(OURS, PRINTED, MODELS), "some-name", "Some name").data
    assert html == tables.html(tables.beside_paper(OURS, PRINTED, MODELS), "some-name", "Some name").data
    page = BeautifulSoup(html, "html.parser")
    assert "overflow-x: auto" in page.div["style"]
    assert "mathjax_process" in page.table["class"]
    assert all(cell.get_text(strip=True) for cell in page.select("th, td")), "an empty cell"
    assert len(page.select("tbody tr")) == 6


def test_html_is_a_named_region_whose_lines_have_heads():
    page = BeautifulSoup(tables.html(TABLE, "some-name", 'by "model"').data, "html.parser")
    assert (page.div["role"], page.div["tabindex"], page.div["aria-label"]) == ("region", "0", 'by "model"')
    assert [cell["scope"] for cell in page.select("thead th")] == ["col"] * TABLE.shape[1]
    heads = [[cell.get_text() for cell in line.select("th[scope=row]")] for line in page.select("tbody tr")]
    assert heads == TABLE[["model", "source"]].to_numpy().tolist(), "a model has two lines"


@pytest.mark.parametrize("first, second, heads", [("xx", "yy", ["x", "x"]), ("xx", "yz", ["x", "y", "x", "z"]), (["x", ""], "yz", ["x"])])
def test_heads_are_the_columns_that_tell_the_lines_apart(first, second, heads):
    table = pd.DataFrame({"a": [*first], "b": [*second]})
    page = BeautifulSoup(tables.html(table, "n", "Name").data, "html.parser")
    assert [cell.get_text() for cell in page.select("th[scope=row]")] == heads
    assert len(page.select("tbody :is(th, td)")) == 4


def test_prose_says_what_the_table_says():
    said = tables.prose(OURS, PRINTED, MODELS)
    assert said["nmu_success"] == "75 %" and said["nmu_success_ci"] == "30–95 %"
    assert said["nmu_success_paper"] == "94 %" and said["nmu_n"] == 4
    assert said["nac_mul_success"] == "not run yet" and said["nac_mul_n"] == 0
    assert said["nac_mul_success_paper"] == "not printed"
    assert {type(value) for value in said.values()} == {str, int}
