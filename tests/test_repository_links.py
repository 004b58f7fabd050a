"""Where the repository lives is said in one place, and links to it appear once it is."""
import re
import subprocess
import sys

import pytest

from nalu.support.paths import ROOT

CONF = """
import sys
sys.path[:0] = [{root!r}, {extensions!r}]
import bookrepository
bookrepository.address = lambda: {where!r}
extensions, html_theme = ["myst_nb", "sphinx_book_theme", "bookrepository"], "sphinx_book_theme"
nb_execution_mode = "off"
"""
NOTEBOOK = """{"cells": [{"cell_type": "markdown", "id": "b", "metadata": {}, "source": ["# B"]}],
"metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}"""


@pytest.fixture
def built(tmp_path):
    """Build a book of two pages as if the repository lived there; the links of each, and what Sphinx said."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "index.md").write_text("# A\n\n```{toctree}\nnotebooks/b\n```\n")
    (tmp_path / "notebooks/b.ipynb").write_text(NOTEBOOK)

    def build(where):
        (tmp_path / "conf.py").write_text(CONF.format(root=str(ROOT), extensions=str(ROOT / "book/_ext"), where=where))
        done = subprocess.run([sys.executable, "-m", "sphinx", "-q", tmp_path, tmp_path / "out"], capture_output=True, text=True)
        pages = [tmp_path / "out" / page for page in ("index.html", "notebooks/b.html")]
        links = [{link for link in re.findall(r'href="([^"]+)"', page.read_text("utf8")) if "OWNER" in link or "binder" in link}
                 for page in pages if page.exists()]
        return links, done.stderr

    return build


def test_nothing_is_linked_as_long_as_there_is_no_address(built):
    assert built("") == ([set(), set()], "")


def test_pages_link_to_their_sources(built):
    where = "https://github.com/OWNER/NAME"
    (page, notebook), _ = built(where)
    assert {where, f"{where}/edit/main/book/index.md"} <= page and not any("binder" in link for link in page)
    assert f"{where}/edit/main/notebooks/b.ipynb" in notebook
    assert [link for link in notebook if "binder" in link] == [
        "https://mybinder.org/v2/gh/OWNER/NAME/main?urlpath=lab/tree/notebooks/b.ipynb"]
    assert any(link.startswith(f"{where}/issues/new") for link in page)


def test_an_address_that_is_none_is_refused(built):
    links, said = built("github.com/OWNER")
    assert not links and "repository is 'github.com/OWNER'; allowed: empty, or https://github.com/OWNER/NAME" in said
