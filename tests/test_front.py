"""The front of the book: the bar of verdicts, its links into the claims, cards of claims, and what the pages are made of."""

import json
import re
from urllib.parse import parse_qs

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup

from nalu.analysis.verdict import VERDICTS
from nalu.pages import claim_cards, claims_table, edge_figures, verdict_bar
from nalu.paper import claims, wording
from nalu.support.paths import BOOK, EXECUTED

pytestmark = pytest.mark.usefixtures("one_style")


@pytest.fixture(scope="module")
def found():
    return claims.all_claims()


@pytest.fixture(scope="module")
def bar(found):
    return BeautifulSoup(verdict_bar.html(found, "notebooks/claims.html").data, "html.parser")


def number(text):
    return int(re.search(r"[\d,]+", text)[0].replace(",", ""))


def counted(found):
    words = [c.verdict for c in claims_table.distinct(found)]
    return {v: words.count(v) for v in VERDICTS}


def test_the_bar_counts_every_claim_once(bar, found):
    shares = {part["class"][0]: int(part["style"].removeprefix("flex-grow:")) for part in bar.select(".verdict-bar i")}
    assert shares == {claims_table.verdict_class(v): n for v, n in counted(found).items() if n}
    said = bar.select_one(".verdict-bar")["aria-label"]
    assert number(said) == sum(shares.values()) and all(f"{n:,} {v}" in said for v, n in counted(found).items() if n)


def test_tiles_and_sentence_say_the_same_as_the_bar(bar, found):
    expected = counted(found)
    shown = {}
    for link in bar.select("a"):
        page, _, state = link["href"].partition("#")
        assert page == "notebooks/claims.html"
        shown[parse_qs(state)["verdict"][0]] = number(link.get_text())
    assert shown == {v: n for v, n in expected.items() if n or v in verdict_bar.TILES}
    assert len(bar.select(".verdict-tiles a")) == 4


def test_each_link_chooses_lines_of_the_list(bar, found):
    """The list filters by the first line of a cell under a head with this name."""
    table = BeautifulSoup(claims_table.html(found).data, "html.parser")
    heads = [th.get("data-filter") for th in table.select("thead th")]
    column = heads.index("verdict")
    values = {next(row.find_all(["th", "td"])[column].strings) for row in table.select("tbody tr")}
    linked = {parse_qs(a["href"].partition("#")[2])["verdict"][0] for a in bar.select("a") if number(a.get_text())}
    assert linked == values


def test_a_card_shows_its_numbers_with_runs_and_verdict():
    card = claim_cards.Card([claim_cards.number("NMU", "ten_parameters", "NMU"), claim_cards.number("NALU", "ten_parameters", "NALU")], "two rates")
    page = BeautifulSoup(card._repr_html_(), "html.parser")
    lines = page.select("tbody tr")
    assert page.img["alt"] == "two rates" and len(lines) == 2
    for line, shown in zip(lines, card.numbers, strict=True):
        text, claim = line.get_text(" ").replace("\N{NO-BREAK SPACE}", " "), shown.claim
        assert [small.get_text() for small in line.select("small")[:2]] == [f"{side.k} of {side.n}" for side in (claim.ours, claim.printed.cell)]
        assert next(line.find_all("td")[-1].strings) == claim.verdict and wording.effect(claim) in text


def test_a_card_needs_a_text_one_metric_and_printed_numbers():
    nmu = claim_cards.number("NMU", "ten_parameters", "NMU")
    with pytest.raises(ValueError, match="alt"):
        claim_cards.Card([nmu], " ")
    with pytest.raises(ValueError, match="one metric"):
        claim_cards.Card([nmu, claim_cards.number("NMU", "ten_parameters", "NMU", "solved_at_median")], "two")
    with pytest.raises(ValueError, match="is printed"):
        claim_cards.number("NAC•,σ", "ten_parameters", "NAC_mul_sigma")
    with pytest.raises(ValueError, match="condition"):
        claim_cards.number("NMU", "ten_parameters", "nobody")


def test_weights_that_come_back_from_the_edge():
    weights = np.array([[0.2, 0.5, 0.1], [0.0, 0.8, -0.1], [0.1, 1.0, -0.2], [0.0, 1.0, -0.2]])
    assert edge_figures.surplus(weights).tolist() == [True, False, True]
    assert edge_figures.returns(weights[:, :1]) == pytest.approx(1 / 3)
    assert edge_figures.returns(weights[:, 2:]) == 0
    assert np.isnan(edge_figures.returns(weights[:, 1:2]))


def test_the_front_answers_before_anything_else():
    page = (BOOK / "intro.md").read_text("utf8")
    answer, hero, bar, figure = (page.index(text) for text in ("**Mostly yes.**", "ten_parameters:trajectories", "does_it_work:verdict_bar", "does_it_work:fig_headline"))
    findings, ways, paths = (page.index(text) for text in (":class-container: findings", "Clone and run", "## Three ways to read"))
    assert answer < page.index("\n## ") and answer < hero < bar < figure < findings < ways < paths
    assert page.count("{grid-item-card}") == 6


def test_the_sidebar_has_parts_and_no_more():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text("utf8"))
    assert [part["file"] for part in toc["chapters"]] == ["try", "holds", "notebooks/what_was_wrong", "why", "appendix"]
    assert all(part["sections"] for part in toc["chapters"])
    config = yaml.safe_load((BOOK / "_config.yml").read_text("utf8"))
    assert config["sphinx"]["config"]["html_theme_options"]["show_navbar_depth"] == 1


def test_the_front_and_the_list_of_claims_were_made_from_the_same_results():
    """Each is a copy that was executed by itself."""
    def glued(name):
        cells = json.loads((EXECUTED / f"{name}.ipynb").read_text("utf8"))["cells"]
        outputs = [out for cell in cells for out in cell.get("outputs", ()) if "scrapbook" in out.get("metadata", {})]
        return {out["metadata"]["scrapbook"]["name"]: {mime.split("/papermill.record/")[-1]: "".join(text) for mime, text in out["data"].items()} for out in outputs}

    counts, page = glued("claims"), glued("does_it_work")["verdict_bar"]["text/html"]
    said = BeautifulSoup(page, "html.parser").select_one(".verdict-bar")["aria-label"]
    assert said.split()[0] == counts["all"]["text/plain"].strip("'")
    for verdict in (v for v in VERDICTS if f" {v}" in said):
        assert f"{counts[claims_table.verdict_class(verdict)]['text/plain'].strip(chr(39))} {verdict}" in said
