"""What catalogues of software read says the same everywhere."""
import json
import re
import tomllib

import yaml

from nalu.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
ZENODO = json.loads((ROOT / ".zenodo.json").read_text("utf8"))


def test_version_licence_and_words_are_one():
    assert PROJECT["version"] == CITATION["version"] == ZENODO["version"]
    assert PROJECT["license"] == CITATION["license"] == ZENODO["license"]
    assert CITATION["title"] == ZENODO["title"] and CITATION["keywords"] == ZENODO["keywords"]
    assert [a["name"] for a in CITATION["authors"]] == [a["name"] for a in ZENODO["creators"]] == [a["name"] for a in PROJECT["authors"]]


def test_both_name_the_papers():
    cited = {i["value"] for paper in CITATION["references"] for i in paper["identifiers"]}
    assert cited == {related["identifier"] for related in ZENODO["related_identifiers"]} and len(cited) == 2


def test_the_changelog_begins_with_this_version():
    assert re.search(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text("utf8"), re.MULTILINE)[1] == PROJECT["version"]
