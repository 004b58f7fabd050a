"""Every command that the README and the book tell to type exists; every number is recorded."""
import ast
import functools
import re
import shlex
import subprocess
import sys

import pytest
from readme_blocks import README, ROOT, blocks, commands, section

from nalu.analysis import summary
from nalu.pages import headline
from nalu.paper import published
from nalu.registry import MODELS
from nalu.results import runs

PAGES = [ROOT / "README.md", *sorted((ROOT / "book").glob("*.md"))]
MAKE = (ROOT / "Makefile").read_text("utf8")


def mentioned(text):
    """Commands named in running text."""
    return re.findall(r"`((?:make|python -m nalu) [^`\n]+)`", text)


COMMANDS = sorted({(path.name, command) for path in PAGES for text in [path.read_text("utf8")]
                   for command in [*commands(text), *mentioned(text)]})


@functools.cache
def help_of(command):
    """What a command of the package says of its options."""
    done = subprocess.run([sys.executable, "-m", "nalu", command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page, command", COMMANDS, ids=lambda value: value)
def test_command_exists(page, command):
    words = shlex.split(command, comments=True)
    while "=" in words[0]:
        words.pop(0)
    for path in (word for word in words if re.search(r"\.(ipynb|yml|lock|py|mjs)$", word)):
        assert (ROOT / path).exists() or "my" in re.split(r"[-_/]", path), f"{page}: no file {path}"
    if words[0] == "make":
        targets = [word for word in words[1:] if "=" not in word]
        assert targets, f"{page}: {command}"
        for target in targets:
            assert re.search(rf"^{target}:", MAKE, re.MULTILINE), f"{page}: no target {target}"
    if words[1:3] == ["-m", "nalu"]:
        helped = help_of(words[3])
        for option in (word.split("=")[0] for word in words[4:] if word.startswith("--")):
            assert option in helped, f"{page}: {command}: no option {option}"


def test_a_command_that_trains_does_so_in_a_clone():
    """All rows that the README speaks of are recorded, so that without `repeat` nothing would happen."""
    lines = [line for line in commands(README) if " train " in line or "train.ipynb" in line]
    assert len(lines) > 4
    for line in lines:
        assert re.search(r"--repeat|-p repeat True| my_experiment", line), line


@pytest.mark.parametrize("heading", [name for name in re.findall(r"^## (.*)$", README, re.MULTILINE) if not name.startswith("Add ")])
def test_python_runs_as_printed(heading):
    """That of the recipes is followed by a test of its own."""
    for code in blocks(section(heading), "python"):
        exec(compile(code, f"README, {heading}", "exec"), {})


def test_the_names_are_those_of_the_registry():
    rows = re.findall(r"^\| (\S.*?) \| `(\w+)` \| `--layer-type (.*?)` \|$",
                      README, re.MULTILINE)
    assert len(rows) > 5
    for plain, name, flags in rows:
        assert (MODELS[name].plain, MODELS[name].flags) == (plain, flags)


def test_the_report_uses_no_other_commands():
    """What `make report` calls is what a reader can call."""
    called = re.findall(r"^\t@\$\(PY\) -m nalu (\w+)", MAKE, re.MULTILINE)
    assert called == ["train", "report", "results"]


def test_readme_says_the_things_in_order():
    headings = re.findall(r"^## (.*)$", README, re.MULTILINE)
    assert headings == ["Install", "See it work in a minute", "Reproduce Table 1", "Train all the rest", "Build the book",
                        "Where things are", "Add a unit", "Add an experiment", "Names"]


def test_the_map_of_the_rooms_is_that_of_the_package():
    """Every folder is there, in the words in which it describes itself."""
    named = dict(re.findall(r"^\| \[`nalu/(\w+)/`\]\(nalu/\1\) \| (.*) \|$", README, re.MULTILINE))
    rooms = {path.parent.name: path for path in (ROOT / "nalu").glob("*/__init__.py")}
    rooms.pop("recurrent")  # an old name that leads to a room
    assert named == {name: ast.get_docstring(ast.parse(path.read_text("utf8"))).split("\n")[0]
                     for name, path in rooms.items()}


@pytest.fixture(scope="module")
def table_1():
    """Our rows of Table 1, and the success rates of both: model -> `summary.Cell`."""
    rows = runs.results("ten_parameters")
    both = summary.by_model(rows), summary.as_printed(published.table("simple_mul"))
    return rows, *({m: summary.cell(s, m, "success_rate") for m in MODELS} for s in both)


def test_the_table_is_recorded(table_1):
    _, ours, paper = table_1
    plain = {row.plain: name for name, row in MODELS.items()}
    table = re.findall(r"^\| (\S+) \| (\d+ of \d+) \| (\d+ %) \|$", README, re.MULTILINE)
    assert len(table) == 3
    for name, here, there in table:
        model = plain[name]
        assert here == f"{ours[model].k} of {ours[model].n}", f"README: {name} is {ours[model]}"
        assert there == f"{100 * paper[model].estimate:.0f} %"


def test_the_opening_sentence_is_true(table_1):
    """Words for numbers: in nearly every run, seldom."""
    _, ours, _ = table_1
    said = " ".join(README.split())
    assert "in nearly every run and extrapolates. The NALU and the NAC• seldom do." in said
    assert ours["NMU"].lower > 0.8 and max(ours[m].upper for m in ("NALU", "NAC_mul")) < 0.5


def test_no_other_rate_is_claimed(table_1):
    _, ours, paper = table_1
    known = {f"{100 * cell.estimate:.0f}" for cells in (ours, paper) for cell in cells.values() if cell.n}
    assert {*re.findall(r"(\d+)\s?%", README)} <= known | {"95"}, "a rate that is neither ours nor theirs"


def test_the_wall_time_is_the_recorded_one(table_1):
    rows, _, _ = table_1
    (minutes,) = re.findall(r"The recorded training took (\d+) minutes", README)
    assert abs(int(minutes) - rows["seconds"].sum() / 60) <= 1


def test_the_picture_is_of_the_recorded_results(tmp_path):
    drawn = headline.write(tmp_path / "headline.svg")
    assert drawn.read_bytes() == headline.TARGET.read_bytes(), "run: python -m nalu report"
