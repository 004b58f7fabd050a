"""Films: what the page is given, and where its line is drawn."""

import base64
import json
import re

import numpy as np
import pytest

from nalu.pages.film import PANELS, Film, Run, steps

pytestmark = pytest.mark.slow

STEPS = np.array(steps(1000, 5))


def run(title="one", errors=None, shown=STEPS):
    T = len(shown)
    weights = np.linspace(-1, 1, T * 8).reshape(T, 2, 4), np.linspace(0, 1, T * 2).reshape(T, 1, 2)
    return Run(title, shown, weights, np.geomspace(1, 1e-9, T) if errors is None else errors)


def data(film):
    return json.loads(re.search("<script[^>]*>(.*)</script>", film._repr_html_())[1])


def test_the_page_gets_every_step():
    found = data(Film([run(), run("two")], 1e-6, "#009e73", "two runs"))
    assert found["steps"] == STEPS.tolist() and STEPS[0] == 0 and STEPS[-1] == 1000
    assert len(found["runs"]) == 2 and np.shape(found["runs"][1]["weights"][0]) == (len(STEPS), 2, 4)
    np.testing.assert_allclose(found["runs"][0]["weights"][1], run().weights[1], atol=1e-3)
    np.testing.assert_allclose(found["runs"][0]["errors"], run().errors, rtol=1e-3)


def test_the_line_is_where_the_curve_is():
    """The curve of the error in the picture passes through the places that the script is given."""
    film = Film([run()], 1e-6, "#009e73", "a run")
    svg = base64.b64decode(re.search("base64,([^\"]*)", film._repr_html_())[1]).decode()
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1])
    paths = [np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", d), float) for d in re.findall(r'<path d="([^"]*)"', svg)]
    left, _, wide, _ = PANELS[1]
    expected = width * (left + wide * np.array(data(film)["places"]))
    assert any(len(p) == len(STEPS) and np.allclose(p[:, 0], expected, atol=0.1) for p in paths)


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match="alt"):
        Film([run()], 1e-6, "#009e73", " ")
    with pytest.raises(ValueError, match="same steps"):
        Film([run(), run(shown=STEPS[:-1])], 1e-6, "#009e73", "two runs")
