"""Where the repository lives is said in one place, and links to it appear once it is."""
import importlib.util
import re

import pytest
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

from nalu.support.paths import ROOT

SPEC = importlib.util.spec_from_file_location("bookrepository", ROOT / "book/_ext/bookrepository.py")


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Build a book of two pages as if the repository lived there; the links of each."""
    module = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(module)
    monkeypatch.setitem(__import__("sys").modules, "bookrepository", module)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "index.md").write_text("# A\n\n```{toctree}\nnotebooks/b\n```\n")
    (tmp_path / "notebooks/b.ipynb").write_text(
        '{"cells": [{"cell_type": "markdown", "id": "b", "metadata": {}, "source": ["# B"]}], "metadata": '
        '{"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}')

    def build(where):
        monkeypatch.setattr(module, "address", lambda: where)
        app = Sphinx(tmp_path, None, tmp_path / "out", tmp_path / "doc", "html", {
            "extensions": ["myst_nb", "sphinx_book_theme", "bookrepository"], "html_theme": "sphinx_book_theme",
            "nb_execution_mode": "off"}, status=None)
        app.build()
        return [{link for link in re.findall(r'href="([^"]+)"', (tmp_path / "out" / page).read_text()) if "OWNER" in link or "binder" in link}
                for page in ("index.html", "notebooks/b.html")]

    return build


def test_nothing_is_linked_as_long_as_there_is_no_address(pages):
    assert pages("") == [set(), set()]


def test_pages_link_to_their_sources(pages):
    where = "https://github.com/OWNER/NAME"
    page, notebook = pages(where)
    assert {where, f"{where}/edit/main/book/index.md"} <= page and not any("binder" in link for link in page)
    assert f"{where}/edit/main/notebooks/b.ipynb" in notebook
    assert [link for link in notebook if "binder" in link] == [
        "https://mybinder.org/v2/gh/OWNER/NAME/main?urlpath=lab/tree/notebooks/b.ipynb"]
    assert any(link.startswith(f"{where}/issues/new") for link in page & {*page})


def test_an_address_that_is_none_is_refused(pages):
    with pytest.raises(ConfigError, match=r"repository is 'github.com/OWNER'; allowed: empty, or https://github.com/OWNER/NAME"):
        pages("github.com/OWNER")
