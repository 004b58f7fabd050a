"""Every table of results: settings that changed between two trainings, a row twice, a damaged file."""

import gzip
from dataclasses import replace
from types import MappingProxyType

import pandas as pd
import pytest
import tiny
import tiny_digits

from nalu import experiments
from nalu.results import csv_file, merging, recorded, runs, store, tables

ORIGIN = {"engine": "reference", "device": "cpu", "commit": "abc", "seconds": 0.1, "stopped_at": None}
TABLES = [pytest.param(name, table, id=name) for name in ("tiny", "digits") for table in (
    ("outcomes", "history") if name == "tiny" else ("outcomes", "passed", "digits"))]


def of_arithmetic(seeds, value):
    """A history of the experiment ``tiny``."""
    steps = [(s, t) for s in seeds for t in (0, 1000)]
    measures = dict.fromkeys(("train_loss", "valid_mse", "test_mse", "penalty", "sparsity_error", "gate"), value)
    return pd.DataFrame(steps, columns=["seed", "step"]).assign(**measures)


def of_sequences(seeds, value):
    """A history of the experiment with tiny digits."""
    table = pd.DataFrame([(s, t) for s in seeds for t in (0, 5)], columns=["seed", "step"])
    table = table.assign(valid_mse=value, sparsity_error=0.1, image_weight=1.0, state_weight=1.0)
    lengths = {f"test_mse/{n}": value / (1 + table["step"]) for n in tiny_digits.TASK.test_lengths}
    digits = {f"digit_{what}/{d}": float(d) for d in range(10) for what in ("mean", "sd")}
    return table.assign(**lengths, **digits)


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Use one of the two small tables in an empty runs folder."""
    def use(name):
        (tiny if name == "tiny" else tiny_digits).use_here(monkeypatch, tmp_path / "runs")
        return "NMU" if name == "tiny" else "LSTM"

    return use


def record(condition, seeds, value):
    """Record some runs of a condition, whose errors have a value."""
    entry = experiments.get("tiny")
    case = entry.condition(condition)
    history = (of_arithmetic if store.kind(entry) is tables.ARITHMETIC else of_sequences)(seeds, value)
    history.attrs["origins"] = dict.fromkeys(seeds, ORIGIN)
    return merging.merge("tiny", recorded.rows(entry, case, history))


def change(condition, **settings):
    """Declare a condition with other settings, as an edited table of experiments would."""
    entry = experiments.get("tiny")
    cases = [replace(c, **settings) if c.id == condition else c for c in entry.conditions]
    which = "EXPERIMENTS" if store.kind(entry) is tables.ARITHMETIC else "SEQUENTIAL"
    table = getattr(experiments, which)
    setattr(experiments, which, MappingProxyType({**table, "tiny": replace(entry, conditions=tuple(cases))}))


def read(table):
    """What the reading side gets, and its file."""
    entry = experiments.get("tiny")
    kind = store.kind(entry)
    if table == "outcomes":
        return runs.results("tiny"), runs.results_file(entry)
    return runs.details("tiny", table), store.path(entry, kind.details[table])


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_trainings_with_other_settings_are_told_apart(task, name, table):
    condition = task(name)
    record(condition, (0, 1), 0.5)
    before, file = read(table)
    change(condition, learning_rate=0.5)
    assert read(table)[0].empty and runs.missing("tiny")[condition] == experiments.get("tiny").condition(condition).seeds
    record(condition, (0, 1), 0.25)
    after, _ = read(table)
    assert len(after) == len(before), "no row of the old settings stands beside those of the new"
    if "test_mse" in after:
        assert after["test_mse"].max() == before["test_mse"].max() / 2
    rows = len(csv_file.read(file, *columns(table)))
    assert rows == 2 * len(after), "the old rows are still there"
    change(condition, learning_rate=1e-3)
    pd.testing.assert_frame_equal(read(table)[0], before)


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_a_run_is_recorded_once_in_all_tables(task, name, table):
    condition = task(name)
    record(condition, (0,), 0.5)
    before = read(table)[1].read_bytes()
    assert record(condition, (0,), 0.25) == 0
    assert read(table)[1].read_bytes() == before
    record(condition, (1,), 0.25)
    assert read(table)[0]["seed"].unique().tolist() == [0, 1]


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_details_without_outcomes_are_neither_read_nor_kept(task, name, table):
    condition = task(name)
    record(condition, (0,), 0.5)
    runs.results_file(experiments.get("tiny")).unlink()
    assert read(table)[0].empty
    record(condition, (0,), 0.25)
    found = read(table)[0]
    assert len(found) and ("test_mse" not in found or found["test_mse"].max() == 0.25)


@pytest.mark.parametrize(("name", "table"), TABLES)
@pytest.mark.parametrize(("spoil", "message"), [
    (lambda text: text + text.splitlines()[-1] + "\n", "repeats seed"),
    (lambda text: text[:-1], "is cut off: its last line has no end"),
    (lambda text: text.replace("seed", "sed", 1), "has other columns: missing seed; unknown sed"),
    (lambda text: text.rpartition(",")[0] + "\n", "columns"),
])
def test_a_damaged_table_is_one_line_and_stays(task, name, table, spoil, message):
    condition = task(name)
    record(condition, (0,), 0.5)
    file = read(table)[1]
    packed = file.suffix == ".gz"
    text = (gzip.decompress(file.read_bytes()) if packed else file.read_bytes()).decode()
    file.write_bytes(csv_file.packed(file, spoil(text).encode()))
    before = tiny.tree(file.parent)
    for use in (lambda: read(table), lambda: record(condition, (1,), 0.25)):
        with pytest.raises(ValueError) as error:
            use()
        assert str(file) in str(error.value) and message in str(error.value) and "\n" not in str(error.value)
    assert tiny.tree(file.parent) == before


def columns(table):
    """Columns and key of a table of the task in use."""
    kind = store.kind(experiments.get("tiny"))
    wanted = kind.outcomes if table == "outcomes" else kind.details[table]
    return wanted.columns, wanted.key
