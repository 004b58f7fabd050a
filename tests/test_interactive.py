"""The figure that can be turned: what the book's script finds in the page."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from nalu.pages import plot3d
from nalu.support import paths

pytestmark = pytest.mark.slow

LINE = np.linspace(0, 1, 3)
SURFACES = {name: (LINE, LINE, np.outer(LINE, LINE)) for name in ("one", "two", "three")}


@pytest.fixture
def figure():
    return plot3d.surfaces(SURFACES, {"two": ([0], [0], [0])}, ("x", "y", "z"))


def test_each_button_shows_one_surface(figure):
    (menu,) = figure.layout.updatemenus
    assert [button.label for button in menu.buttons] == [*SURFACES]
    shown = [button.args[0]["visible"] for button in menu.buttons]
    assert np.array_equal(np.array(shown)[:, ::2], np.eye(3))
    assert [trace.visible for trace in figure.data] == shown[0], "the first is chosen at first"


def test_the_page_has_a_described_picture_and_the_data(figure, monkeypatch):
    shown = []
    monkeypatch.setattr(plot3d, "display", lambda data, raw: shown.append(data["text/html"]))
    still = plt.figure(figsize=(1, 1))
    plot3d.show(figure, still, 'a "bowl" </script>')
    plt.close(still)
    page = BeautifulSoup(shown[0], "html.parser")
    box = page.select_one("div.plot3d")
    assert page.img["alt"] == 'a "bowl" </script>' and box["aria-label"] != page.img["alt"], "would be read twice"
    assert json.loads(page.script.string)["layout"]["updatemenus"][0]["buttons"][2]["label"] == "three"
    with pytest.raises(ValueError, match="alt is empty"):
        plot3d.show(figure, still, " ")


def test_the_script_stays_in_the_book():
    script = (paths.BOOK / "_static" / "plot3d.js").read_text("utf8")
    assert "aria-pressed" in script and "sendChartToCloud" in script and not re.search(r"https?://", script)
