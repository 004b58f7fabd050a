"""Recorded trainings: what the page is given, and the picture of print."""

import base64
import json
import re

import numpy as np
import pytest

from nalu.pages.trajectories import Run, place, steps

pytestmark = pytest.mark.slow

STEPS = np.array(steps(1000, 5))


def run(title="one", shown=STEPS):
    T = len(shown)
    weights = np.linspace(-1, 1, T * 8).reshape(T, 2, 4), np.linspace(0, 1, T * 2).reshape(T, 1, 2)
    return Run(title, shown, weights, np.geomspace(1, 1e-9, T))


def test_the_page_gets_every_step():
    html = place([run(), run("two")], 1e-6, "#009e73", "two <runs>")._repr_html_()
    found = json.loads(re.search("<script[^>]*>(.*)</script>", html)[1])
    assert found["steps"] == STEPS.tolist() and STEPS[0] == 0 and STEPS[-1] == 1000
    assert [one["title"] for one in found["runs"]] == ["one", "two"] and found["threshold"] == 1e-6
    for layer, expected in zip(found["runs"][1]["weights"], run().weights, strict=True):
        np.testing.assert_allclose(layer, expected.reshape(len(STEPS), -1), atol=1e-3)
    np.testing.assert_allclose(found["runs"][0]["errors"], run().errors, rtol=1e-3)
    assert '<div class="trajectories">' in html and 'alt="two &lt;runs&gt;"' in html


def test_the_picture_has_every_curve():
    """Ten weights and an error per run, drawn through all steps."""
    html = place([run(), run("two")], 1e-6, "#009e73", "two runs")._repr_html_()
    svg = base64.b64decode(re.search('base64,([^"]*)', html)[1]).decode()
    assert sum(len(re.findall("[ML] ", d)) == len(STEPS) for d in re.findall(r'<path d="([^"]*)"', svg)) == 2 * (10 + 1)


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match="alt"):
        place([run()], 1e-6, "#009e73", " ")
    with pytest.raises(ValueError, match="same steps"):
        place([run(), run(shown=STEPS[:-1])], 1e-6, "#009e73", "two runs")
