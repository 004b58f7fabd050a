"""Pages of results in the book: their answer and command on top, their code behind one button."""

import copy
import json
import re
import sys

import pytest

from nalu import experiments
from nalu.report import refresh
from nalu.support.paths import BOOK, EXECUTED

sys.path.insert(0, str(BOOK / "_ext"))
bookresults = pytest.importorskip("bookresults")

RESULTS = [name for name in refresh.sources() if bookresults.shows_results(name)]


def arranged(name):
    """An executed copy before and after, and its first cell."""
    before = json.loads((EXECUTED / f"{name}.ipynb").read_text("utf8"))
    after = copy.deepcopy(before)
    bookresults.arrange(name, after)
    return before, after, "".join(after["cells"][0]["source"])


def tags(notebook):
    return [cell["metadata"].get("tags", []) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", RESULTS)
def test_all_code_of_a_page_of_results_is_behind_the_button(name):
    _, after, _ = arranged(name)
    assert tags(after) and all("page-code" in found and not {"hide-input", "hide-cell"} & {*found} for found in tags(after))


@pytest.mark.parametrize("name", RESULTS)
def test_a_page_of_results_begins_with_its_answer(name):
    before, after, first = arranged(name)
    question = first.index("**Question.**")
    blocks = first[question:].split("\n\n")
    assert blocks[1].startswith(":::{div} page-answer\n**Answer.**")
    computed = "".join(before["cells"][-1]["outputs"][-1]["data"]["text/markdown"])
    assert computed in first and not after["cells"][-1]["outputs"], "stands on top only"
    assert first.startswith("".join(before["cells"][0]["source"])[:question])


@pytest.mark.parametrize("name", [name for name in RESULTS if name.startswith("experiments/")])
def test_an_experiment_has_the_command_for_its_figures(name):
    _, _, first = arranged(name)
    train, report = re.findall(r"^\.venv/bin/python -m nalu (.*)$", first, re.MULTILINE)
    words = train.split()
    assert words[0] == "train" and len(words) > 1 and all(experiments.get(word).name == word for word in words[1:])
    assert report == f"report {name}" and report.split()[1] in refresh.sources()


def test_nobody_is_told_to_train_for_days_what_the_page_does_not_show():
    """The papers' setting of the digits is declared beside shorter ones, which were run."""
    _, _, first = arranged("experiments/mnist_product")
    assert "nalu train mnist_product_short digits_product\n" in first and "{doc}`/cluster`" in first


@pytest.mark.parametrize("name", [name for name in refresh.sources() if name not in RESULTS])
def test_pages_that_explain_keep_their_code(name):
    """Those of units get a link into the playground, and nothing else is changed."""
    before, after, first = arranged(name)
    assert before["cells"][1:] == after["cells"][1:]
    linked = name in bookresults.PLAYGROUND
    assert linked == ("playground.html?" in first) and (linked or before == after)


@pytest.mark.parametrize("name", bookresults.PLAYGROUND)
def test_links_into_the_playground_choose_what_exists(name):
    chosen, section, _ = bookresults.PLAYGROUND[name]
    scripts = "".join(path.read_text("utf8") for path in (BOOK / "playground").glob("*.js"))
    for key, value in (pair.split("=") for pair in chosen.split("&")):
        assert f'state.get("{key}")' in scripts and (value.isdigit() or f"{value}:" in scripts)
    source = refresh.sources()["playground"].read_text("utf8").lower().replace(" ", "-")
    assert f"##-{section}" in source


def test_units_and_theory_explain_and_the_others_show_results():
    assert {name.split("/")[0] for name in refresh.sources()} - {name.split("/")[0] for name in RESULTS} == {"start_here", "units", "theory", "tasks"}


def test_a_page_that_was_not_run_has_its_command_and_says_so():
    import bookpages

    name = "experiments/hidden_size"
    first, note, *_ = json.loads(bookpages._source_only(name, refresh.sources()[name]))["cells"]
    text = "".join(first["source"])
    assert "nalu train hidden_size\n" in text and "page-answer" not in text and "not been executed" in "".join(note["source"])


def test_a_folded_table_stays_folded():
    _, after, _ = arranged("experiments/hidden_size")
    (rates,) = [cell for cell in after["cells"] if cell["id"] == "rates"]
    assert "hide-output" in rates["metadata"]["tags"]


def test_only_marked_code_is_hidden_and_only_with_the_script():
    style = (BOOK / "_static" / "book.css").read_text("utf8")
    (rule,) = re.findall(r"^(.*code-hidden.*)$", style, re.MULTILINE)
    assert "html.code-hidden .bd-article .tag_page-code .cell_input" in rule and rule.startswith("html.code-hidden")
    assert 'classList.add("code-hidden")' in (BOOK / "_static" / "code.js").read_text("utf8")
