"""The playground trains as `nalu.training` does: its own files, run under Node."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from nalu import experiments
from nalu.pages.playground import Place, training_data
from nalu.results import runs
from nalu.training import Plan
from nalu.training.fused.engine import Fused
from nalu.units.initialisation import nac_bound

BOOK = Path(__file__).resolve().parents[1] / "book"
ENGINE = (BOOK / "playground" / "engine.js").read_text("utf8")
CONDITIONS = {c.model: c for c in experiments.get("playground").conditions}
SEEDS = (0, 7)

node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


def trained_by_node(tmp_path, engine, updates, cases):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"engine": engine, "updates": updates, "cases": cases}), "utf8")
    script = Path(__file__).with_name("playground_node.cjs")
    return json.loads(subprocess.run(["node", script, file], check=True, capture_output=True, text=True).stdout)


def trained_here(model, updates):
    """Parameters before the first and after the last update, and the history, of all seeds."""
    arguments = CONDITIONS[model].plan_arguments() | {"iterations": updates}
    engine = Fused(Plan(seeds=SEEDS, **arguments))
    begun = engine.members[0].parameters.copy()
    engine.advance(updates)
    ended = engine.members[0].parameters.copy()
    engine.advance(updates + 1)
    return begun, ended, engine.lanes.values[0]


@node
@pytest.mark.slow
@pytest.mark.parametrize("model", CONDITIONS)
def test_every_weight_and_error_is_equal_to_the_last_bit(model, tmp_path):
    updates = 2000
    begun, ended, values = trained_here(model, updates)
    for k, found in enumerate(trained_by_node(tmp_path, ENGINE, updates, [[model, seed] for seed in SEEDS])):
        np.testing.assert_array_equal(np.float32(found["begun"]), begun[k])
        np.testing.assert_array_equal(np.float32(found["ended"]), ended[k])
        assert len(found["logged"]) == 3
        for row, logged in enumerate(found["logged"]):
            assert [logged["valid"], logged["test"], logged["sparsity"]] == [*values[k, row, 1:3], values[k, row, 4]]


@node
@pytest.mark.slow
def test_a_recorded_run_is_solved_at_its_update(tmp_path):
    rows = runs.results("playground")
    rows = rows[(rows["model"] == "NMU") & (rows["seed"] == 1)]
    assert rows["solved"].tolist() == [True]
    (found,) = trained_by_node(tmp_path, ENGINE, int(rows["solved_at"].iloc[0]), [["NMU", 1]])
    below = [logged["iteration"] for logged in found["logged"] if logged["test"] < rows["threshold"].iloc[0]]
    assert below == [rows["solved_at"].iloc[0]]


CHANGED = {
    "the key of the stream": ("0x4E414C55", "0x4E414C56"),
    "the keys of the rounds": ("k0 + 0x9E3779B9", "k0 + 0x9E3779BB"),
    "a round of the stream": ("round < 10", "round < 9"),
    "the learning rate": ("RATE = 1e-3", "RATE = 1.0001e-3"),
    "the first moment": ("BETA1 = 0.9,", "BETA1 = 0.9001,"),
    "the second moment": ("BETA2 = 0.999,", "BETA2 = 0.9990001,"),
    "epsilon": ("EPSILON = f(1e-8)", "EPSILON = f(1e-6)"),
    "the projection of an NMU": ("project: (p) => clamp(p, 0, 1)", "project: (p) => clamp(p, 0.4, 1)"),
    "the projection of a NAU": ("project: (p) => clamp(p, -1, 1)", "project: (p) => clamp(p, -0.3, 1)"),
    "the initial weights": ("times < 2", "times < 1"),
    "rounding once": ("const other = sum + off;\n    if (f(other) !== other) return near;", "return f(f(product) + z);"),
}


@node
@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGED)
def test_the_comparison_notices(change, tmp_path):
    old, new = CHANGED[change]
    assert ENGINE.count(old) == 1
    _, ended, _ = trained_here("NMU", 200)
    (found,) = trained_by_node(tmp_path, ENGINE.replace(old, new), 200, [["NMU", 0]])
    assert (np.float32(found["ended"]) != ended[0]).any()


def test_constants_of_the_initial_weights():
    text = re.search(r"NAC_BOUND = (\{.*?\})", ENGINE)[1]
    assert text == f"{{ 6: {nac_bound(4, 2)!r}, 3: {nac_bound(2, 1)!r} }}"
    networks = re.search(r"NETWORKS = \{(.*?)\};", ENGINE)[1]
    assert re.findall(r'(\w+): \["(\w+)", "(\w+)"\]', networks) == [(c.model, *c.parts) for c in CONDITIONS.values()]
    assert f"ITERATIONS = {CONDITIONS['NMU'].iterations}" in ENGINE


def test_the_scripts_are_small_and_ask_the_network_for_nothing():
    texts = {path: path.read_text("utf8") for path in [*(BOOK / "playground").glob("*.js"), BOOK / "_static" / "playground.js"]}
    assert sum(map(len, texts.values())) < 150_000
    for text in texts.values():
        assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)|fetch\(|XMLHttpRequest|WebSocket|import\(", text)


def test_a_place_has_its_picture_and_its_data():
    rows = pd.DataFrame({"model": ["NMU", "NMU"], "seed": [0, 1], "solved_at": [np.nan, 15_000.0]})
    data = training_data(rows, ["NMU", "NALU"], 2e-6)
    assert data["networks"]["NMU"]["runs"] == {0: {"solved_at": None}, 1: {"solved_at": 15_000}}
    assert data["networks"]["NALU"]["runs"] == {}
    html = Place("train", plt.figure(), "two <runs>", data)._repr_html_()
    assert json.loads(re.search("<script[^>]*>(.*?)</script>", html)[1])["threshold"] == 2e-6
    assert '<div class="train">' in html and 'alt="two &lt;runs&gt;"' in html and not plt.get_fignums()
    with pytest.raises(ValueError, match="alt"):
        Place("train", plt.figure(), " ")
    with pytest.raises(ValueError, match="no part"):
        Place("nothing", plt.figure(), "a picture")
    plt.close("all")
