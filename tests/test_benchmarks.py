"""The benchmarks measure what they say, and the book's page reads what they write."""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import tiny_digits
import torch

from nalu.support.paths import NOTEBOOKS, ROOT
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.fused.engine import Fused

pytestmark = pytest.mark.slow

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module", autouse=True)
def beside_each_other():
    """The modules of a script import each other by their plain names."""
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def engines():
    import engines

    return engines


@pytest.mark.parametrize("name", ["NMU", "Linear", "NAU", "Gated_NAU_NMU"])
def test_the_plain_loop_does_what_the_engine_does(name):
    from original import Loop

    task, steps = Arithmetic(input_size=20), 120
    plain = Loop(name, task, 3)
    assert plain.advance(steps) == steps
    fused = Fused(Plan(name, task, (3,), steps, stream="authors", log_every=1))
    fused.advance(steps)
    losses = [loss.item() for loss in plain.losses]
    np.testing.assert_allclose(losses, fused.history.values[0, :steps, 0], rtol=1e-4)
    np.testing.assert_allclose(plain.errors[0], fused.history.values[0, 0, 1:3], rtol=1e-5)
    assert len(plain.errors) == 1


def test_the_plain_loop_is_regularised_and_evaluated_on_time():
    from original import Loop

    plain = Loop("NAU", Arithmetic("add", simple=True), 0)
    plain.iteration = 5_900
    plain.advance(150)
    assert len(plain.errors) == 1 and plain.row.lambda_start == 5_000
    assert plain.regularised and not Loop("NALU", Arithmetic(simple=True), 0).regularised
    assert [W.shape for W in plain.matrices] == [(2, 4), (1, 2)]
    plain.model.first.W.data[0, 0] = np.nan
    with pytest.raises(ValueError, match="^NAU, seed 0: nan detected$"):
        plain.advance(1)


def test_a_measurement_is_a_median_with_its_extremes(engines):
    from timing import Row, measured

    row = measured("plain", "fused / plain loop", np.array([90.0, 120.0, 110.0]), "×", target=">= 100")
    assert (row.value, row.lowest, row.highest, row.met) == (110, 90, 120, True)
    assert Row("a", "b", 99.9, "×", target=">= 100").met is False
    assert Row("a", "b", 9.0, "%", target="< 10").met is True
    assert Row("a", "b", 9.0, "%").met is None
    assert engines.records([row])[0]["value"] == "110"


def test_a_seed_that_stops_is_not_measured():
    import speed

    job = speed.fused("NMU", "philox", 0.001)
    job.machine.lanes.parameters[0] = np.nan
    with pytest.raises(RuntimeError, match="^a seed of NMU became NaN and stopped$"):
        job()


def test_jobs_take_turns():
    from timing import rates

    calls, clock = [], iter(np.arange(100.0))

    def job(name, done):
        return lambda: calls.append(name) or done

    found = rates({"a": job("a", 5), "b": job("b", 7)}, 3, lambda: next(clock))
    assert calls == ["a", "b"] * 3
    assert found["a"].tolist() == [5] * 3 and found["b"].tolist() == [7] * 3


def test_the_smallest_pieces_run(engines):
    import scaling
    import speed

    rows = [*speed.against_plain_loop(("NMU",), 1, 0.01), *speed.against_random_numbers(("NMU",), 1, 0.01),
            *scaling.with_threads(1, 0.01), *scaling.of_logging(("NMU",), 1, 0.01)]
    assert {row.part for row in rows} == {"plain", "numbers", "threads", "logging"}
    ratios = [row.value for row in rows if row.what == "fused / plain loop"]
    assert min(ratios) > 10
    assert all(np.isfinite(row.value) for row in rows)


def test_what_is_trained_together_is_the_same_and_costs_less(engines):
    import together

    chosen = together.plans("operations", step=9)
    count, alone, company, ratio = together.against_alone("operations", chosen, 3, 1000)
    assert 1 < count.value <= len(chosen) and {row.part for row in (count, alone)} == {"together"}
    assert ratio.value > 1 and alone.value > company.value > 0
    broken = together.plans("ranges")[-1:]  # the gated NAU/NMU, from 10 to 20: NaN at once
    count, *_ = together.against_alone("ranges", [*broken, *together.plans("ranges")[:2]], 1, 1000)
    assert count.value == 2


def test_the_plain_loop_on_sequences_does_what_ours_does(engines, monkeypatch, tmp_path):
    import sequences

    from nalu.tasks import digits

    tiny_digits.use_here(monkeypatch, tmp_path)
    loop = sequences.Loop(tiny_digits.condition(), (0,))
    plain = sequences.Plain(loop)
    one, ours = sequences.training(loop, plain, 5)
    assert one() == ours() == 18 * 2  # the last of five batches has two sequences of two
    for name, p in plain.network.named_parameters():
        torch.testing.assert_close(loop.parameters[name][0], p.detach(), rtol=1e-3, atol=1e-5)
    rows = [*sequences.against_plain_loop(tiny_digits.condition(), 2, 2)]
    assert [row.part for row in rows] == ["sequences"] * 6 and all(row.value > 0 for row in rows)
    digits.load.cache_clear()


def test_the_table_is_written_whole(engines, tmp_path):
    from timing import Row

    path = tmp_path / "engines.csv"
    engines.write([Row("memory", "100 seeds", 93.25, "MB", target="< 500")], path)
    (line,) = csv.DictReader(path.open(encoding="utf8"))
    assert list(line) == engines.COLUMNS and (line["value"], line["met"], line["lowest"]) == ("93.25", "True", "")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("script", ["engines", "gpu", "sequences"])
def test_a_script_starts_as_the_readme_says(script):
    """Its folder comes first on the path: a name such as cuda.py would hide a package from PyTorch."""
    done = subprocess.run([sys.executable, BENCHMARKS / f"{script}.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "usage" in done.stdout, done.stderr


def test_every_column_and_part_is_documented(engines):
    readme = (BENCHMARKS / "README.md").read_text("utf8")
    rows = re.findall(r"^\| (`.*?) \|", readme, re.MULTILINE)
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    assert set(engines.COLUMNS) <= named
    parts = set(re.findall(r'(?:Row|measured)\("(\w+)"', "".join(
        path.read_text("utf8") for path in BENCHMARKS.glob("*.py"))))
    assert parts | {"hidden_size", "input_size"} <= named


def test_the_committed_table_has_these_columns(engines):
    if not engines.CSV.is_file():
        pytest.skip("not measured yet")
    lines = list(csv.DictReader(engines.CSV.open(encoding="utf8")))
    assert all(list(line) == engines.COLUMNS for line in lines)
    assert {line["part"] for line in lines} >= {"machine", "plain", "conditions", "start", "memory"}


def test_the_page_reads_the_table():
    notebook = json.loads((NOTEBOOKS / "cost.ipynb").read_text("utf8"))
    code = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert "benchmarks/engines.csv" in code and "note_read" in code and "benchmarks/together.csv" in code
    assert "benchmarks/sequences.csv" in code
    assert not re.search(r"perf_counter|process_time|%time", code), "a page is the same at every execution"
