"""What catalogues of software read says the same everywhere."""
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import nalu
from nalu.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
ZENODO = json.loads((ROOT / ".zenodo.json").read_text("utf8"))


def test_version_licence_and_words_are_one():
    assert PROJECT["version"] == CITATION["version"] == ZENODO["version"] == nalu.__version__
    assert PROJECT["license"] == CITATION["license"] == ZENODO["license"]
    assert CITATION["title"] == ZENODO["title"] and CITATION["keywords"] == ZENODO["keywords"]
    assert [a["name"] for a in CITATION["authors"]] == [a["name"] for a in ZENODO["creators"]] == [a["name"] for a in PROJECT["authors"]]


def test_both_name_the_papers():
    cited = {i["value"] for paper in CITATION["references"] for i in paper["identifiers"]}
    assert cited == {related["identifier"] for related in ZENODO["related_identifiers"]} and len(cited) == 2


def test_the_changelog_begins_with_this_version():
    assert re.search(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text("utf8"), re.MULTILINE)[1] == PROJECT["version"]


# -- containers, Binder and the workflow do what the README says --------------------------

def text(name):
    return (ROOT / name).read_text("utf8")


@pytest.mark.parametrize("name", ["Dockerfile", ".devcontainer/devcontainer.json", ".github/workflows/book.yml", ".ci/run"])
def test_they_make_what_there_is(name):
    targets = {*re.findall(r'\bmake"?,? "?([\w./-]+)', re.sub(r"(?m)^\s*#.*$", "", text(name)))}
    known = {*re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE), ".venv/.installed", ".venv/.slurm", ".venv-versions/.installed"}
    assert targets <= known and (targets or name == ".github/workflows/book.yml"), targets - known


def test_all_have_the_python_of_the_lock():
    python = re.search(r"on Python (\d\.\d+)", text("requirements.lock"))[1]
    assert f"FROM python:{python}-slim\n" in text("Dockerfile")
    assert json.loads(text(".devcontainer/devcontainer.json"))["image"].endswith(f":{python}")
    assert text("binder/runtime.txt") == f"python-{python}\n"
    jobs = yaml.safe_load(text(".github/workflows/book.yml"))["jobs"].values()
    assert {step["with"]["python-version"] for job in jobs for step in job["steps"] if "setup-python" in step.get("uses", "")} == {python}


def test_binder_installs_the_lock_and_the_package():
    assert "-r ../requirements.lock" in text("binder/requirements.txt").splitlines()
    assert "pip install --no-deps --editable ." in text("binder/postBuild") and os.access(ROOT / "binder/postBuild", os.X_OK)


def test_the_workflow_is_off_until_it_is_enabled():
    jobs = yaml.safe_load(text(".github/workflows/book.yml"))["jobs"]
    assert all(job.get("if") == "vars.NALU_WORKFLOWS == 'on'" or job["needs"] == "test" for job in jobs.values())


@pytest.mark.parametrize("path", ["Dockerfile", ".devcontainer/devcontainer.json", "binder/requirements.txt", "binder/postBuild",
                                  ".github/workflows/book.yml", "pyproject.toml", "CITATION.cff", ".zenodo.json"])
def test_no_address_of_the_repository_is_made_up(path):
    """It would stand in `tool.nalu` only."""
    assert not [found for found in re.findall(r"git(?:hub|lab)\.com/[\w-]+/[\w-]+", text(path)) if "OWNER/NAME" not in found]


def test_nothing_is_tracked_that_a_command_made():
    """An environment that was added by mistake stays in the history for good."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no repository")
    tracked = [Path(name) for name in listed.stdout.split("\0") if name]
    assert not [path for path in tracked if {"site-packages", "node_modules", "__pycache__", "_build"} & {*path.parts}]
    assert not [path for path in tracked if (ROOT / path).exists() and (ROOT / path).stat().st_size > 2_000_000]
