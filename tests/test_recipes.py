"""The recipes of the README, followed to the letter in a copy of the repository."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from readme_blocks import ROOT, blocks, commands, section

UNIT, EXPERIMENT = section("Add a unit"), section("Add an experiment")
DIGESTS = """
import json
from nalu.report import provenance, refresh
print(json.dumps([{name: provenance.record(path) for name, path in refresh.sources().items()}, dict(refresh.stale())]))"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What git tracks, as it stands in the working tree."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    folder = tmp_path_factory.mktemp("copy")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def run(folder, command):
    """Run a command in the copy; its output."""
    words = [sys.executable if word == ".venv/bin/python" else word for word in shlex.split(command)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NALU_", "PYTEST_"))}
    done = subprocess.run(words, cwd=folder, env=kept | {"PYTHONPATH": str(folder)}, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def pages(folder):
    """What each page is made from, and which copies are stale."""
    return json.loads(run(folder, shlex.join([sys.executable, "-c", DIGESTS])))


def add_the_unit(folder):
    (code,) = blocks(UNIT, "python")
    Path(folder, "nalu/units/my_unit.py").write_text(code)
    rows = re.findall(r"^ +\| \[`(.*?)`\]\(\1\) \| `(.*?)` \| `(.*?)` \|$", UNIT, re.MULTILINE)
    assert len(rows) == 6
    for name, below, line in rows:
        path = folder / name
        place = re.compile(rf"^{re.escape(below)}.*\n", re.MULTILINE)
        indent = "" if line.startswith("from") else "    "
        text, times = place.subn(lambda found, new=f"{indent}{line}\n": found[0] + new, path.read_text("utf8"))
        assert times == 1, (name, below)
        path.write_text(text)
    (entry,) = blocks(UNIT, "markdown")
    api = folder / "book" / "api" / "units.md"
    api.write_text(f"{api.read_text('utf8')}\n{entry}")


def add_the_experiment(folder):
    (code,) = blocks(EXPERIMENT, "python")
    Path(folder, "nalu/experiments/own.py").write_text(code)


@pytest.mark.slow
def test_the_recipes_work_and_make_no_other_page_stale(copy):
    before, stale = pages(copy)
    add_the_unit(copy)
    for command in commands(UNIT):
        said = run(copy, f"{command} -p no:cacheprovider -k 'My or every'")
        assert "MyUnit" not in said and " passed" in said
    add_the_experiment(copy)
    for command in commands(EXPERIMENT):
        if not command.startswith("make"):
            run(copy, command)
    after, stale_now = pages(copy)
    page = after.pop("experiments/my_experiment")
    assert (after, stale_now) == (before, stale)
    assert page["source"] not in {record["source"] for record in before.values()}
    executed = json.loads((copy / "runs/notebooks/experiments/my_experiment.ipynb").read_text("utf8"))
    assert "**Answer.** Solved runs: my model: 0 of 3." in json.dumps(executed["cells"][-1]["outputs"])
    assert len((copy / "runs/my_experiment/results.csv").read_text().splitlines()) == 4
    run(copy, ".venv/bin/python -m pytest -q -p no:cacheprovider tests/test_notebooks.py tests/test_experiments.py tests/test_readme.py -k 'my_experiment or page_of_the_api or every_report_notebook or as_many or rooms'")
