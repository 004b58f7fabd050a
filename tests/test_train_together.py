"""``train --together`` leaves what training one condition after the other leaves, at any kill."""

import json
import signal
import time
from types import MappingProxyType

import numpy as np
import pytest
import tiny

from nalu import cli, experiments
from nalu.campaign import launch, shared_batches
from nalu.campaign.request import chosen
from nalu.experiments import Experiment, grid
from nalu.results import csv_file, runs, status
from nalu.results.workfolder import WorkFolder

pytestmark = pytest.mark.slow

MIXED = Experiment("mixed", "Mixed", "Nothing, Table 3",
                   grid(["NAU", "NMU"], {"operation": ["add", "mul"]}, simple=True, iterations=1100,
                        seeds=range(4))
                   + grid(["NALU"], simple=True, iterations=500, seeds=range(4)))

LIKE = {"simple": True, "iterations": 1100, "seeds": range(4)}  # which learn from the batches of MIXED
OTHER = Experiment("other", "Other", "Nothing, Table 4", grid(["NALU", "NMU"], **LIKE) + grid(
    ["NAU"], {"learning_rate": [1e-2]}, **LIKE))
SAME = Experiment("same", "Same", "Nothing, Table 5", grid(["NAU"], {"operation": ["add", "mul"]}, **LIKE))


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty runs folder and the small table, in this process."""
    tiny.use_here(monkeypatch, tmp_path / "runs")
    monkeypatch.setattr(experiments, "EXPERIMENTS", MappingProxyType(
        {**tiny.TABLE, "mixed": MIXED, "other": OTHER, "same": SAME}))
    return tmp_path / "runs"


def left(folder):
    """What has to be the same: rows without seconds, curves, full histories, specifications."""
    content = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if path.name == "history.npz":
            with np.load(path) as arrays:
                content[name] = {key: arrays[key].tobytes() for key in arrays if key != "origins"}
        elif path.name == "results.csv":
            content[name] = [line.rpartition(",")[0] for line in path.read_text().splitlines()]
        elif path.name == "spec.json":
            spec = json.loads(path.read_text())
            content[name] = {key: spec[key] for key in ("experiment", "condition", "settings")}
        elif path.suffix == ".gz":
            content[name] = path.read_bytes()
        elif path.name != "lock":
            content[name] = None
    return content


def train(*arguments):
    return cli.main(["train", *arguments])


@pytest.mark.parametrize(("names", "said"), [
    (["tiny"], ["tiny: 2 conditions together, seeds 0-2"]),
    (["mixed"], ["mixed: 4 conditions together, seeds 0-2", "mixed: 1 conditions together, seeds 0-2"]),
    (["tiny", "NALU", "mixed", "other", "NALU", "NAU-learning_rate=0.01", "same"],
     ["tiny, mixed, other: 6 conditions together, seeds 0-2", "mixed: 1 conditions together, seeds 0-2"]),
])
def test_together_leaves_what_one_after_the_other_leaves(shelf, monkeypatch, tmp_path, capsys, names, said):
    """Of one experiment or several, some of which declare the same runs and train them once."""
    assert train(*names, "--together", "--seeds", "0-2") == 0
    assert [line for line in capsys.readouterr().out.splitlines() if " together" in line] == said
    monkeypatch.setattr("nalu.support.paths.RUNS", tmp_path / "alone")
    assert train(*names, "--direct", "--seeds", "0-2") == 0
    assert left(shelf) == left(tmp_path / "alone")
    assert not [*shelf.rglob("checkpoint*")]


def test_what_has_results_is_left_out_and_the_rest_is_grouped(shelf, capsys):
    assert train("mixed", "NAU-add", "--direct", "--seeds", "0-1") == 0
    capsys.readouterr()
    assert train("mixed", "--together", "--seeds", "0-2") == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if "together" in line] == [
        "mixed: 3 conditions together, seeds 0-1", "mixed: 4 conditions together, seeds 2",
        "mixed: 1 conditions together, seeds 0-2"]
    assert not any({0, 1, 2} & {*of} for of in runs.missing("mixed").values())
    before = tiny.tree(shelf)
    assert train("mixed", "--together", "--seeds", "0-2") == 0
    assert tiny.tree(shelf) == before


class Stopped(Exception):
    """Where a process dies."""


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_process_that_dies_while_it_stores_loses_nothing(shelf, monkeypatch, tmp_path, kept):
    """The same command goes on at the checkpoint, though some members have results already."""
    names = ["mixed", "NAU-add", "NAU-mul", "NMU-mul", "same", "other", "NALU"]
    arguments = chosen(names[0], names[1:]), "0-2"
    real, calls = launch._keep, []

    def dying(*given):
        if len(calls) == kept:
            raise Stopped
        calls.append(given)
        real(*given)

    monkeypatch.setattr(launch, "_keep", dying)
    with pytest.raises(Stopped):
        shared_batches.train_together(*arguments, checkpoint_seconds=0.0)
    monkeypatch.setattr(launch, "_keep", real)
    assert len([*shelf.rglob("checkpoint*")]) == 1
    begun = []
    monkeypatch.setattr(launch.Progress, "__call__", lambda self, done, total: begun.append(done))
    assert train(*names, "--together", "--seeds", "0-2") == 0
    assert begun[0] > 100 and not [*shelf.rglob("checkpoint*")]
    monkeypatch.setattr("nalu.support.paths.RUNS", tmp_path / "whole")
    shared_batches.train_together(*arguments)
    assert left(shelf) == left(tmp_path / "whole")


def test_killed_without_a_warning(tmp_path):
    folder, command = tmp_path / "runs", ("-m", "nalu", "train", "tiny", "--together")
    for wait in (0.5, 1.0):
        process = tiny.start(folder, *command)
        until = time.monotonic() + 120
        while not [*folder.rglob("spec.json")] and time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert tiny.run(folder, *command[1:][1:])[0] == 0
    assert tiny.run(tmp_path / "whole", "train", "tiny", "--direct")[0] == 0
    assert left(folder) == left(tmp_path / "whole")


@pytest.mark.parametrize(("command", "message"), [
    ("--jobs 2", "--together trains in one process what has no results; leave out --jobs"),
    ("--repeat", "--together trains in one process what has no results; leave out --repeat"),
    ("--engine reference", "engine 'reference' cannot train plans together; allowed: auto, fused, cuda"),
    ("--device cuda", "there is no device 'cuda' here; allowed: cpu"),
    ("--seeds 3-9", "condition 'NAU-add' has no seed 4; allowed: 0-3"),
    ("NAU-add othr", "unknown condition of mixed 'othr'; did you mean 'other'? allowed: NAU-add, NAU-mul, NMU-add, NMU-mul, NALU, tiny, spark, unlucky, mixed, other, same"),
    ("other NMU same NMU", "unknown condition of same 'NMU'; did you mean 'NAU-mul'? allowed: NAU-add, NAU-mul, tiny, spark, unlucky, mixed, other, same"),
])
def test_what_cannot_be_done_is_one_line_and_status_2(shelf, capsys, monkeypatch, command, message):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert train("mixed", *command.split(), "--together") == 2
    err = capsys.readouterr().err
    assert err == f"nalu: {message}\n" and not shelf.exists()


def test_a_failure_is_noted_with_every_condition(shelf, monkeypatch, capsys):
    """And forgotten once they are trained."""
    def fail(*given):
        raise RuntimeError("no luck")

    real = launch.Group.train
    monkeypatch.setattr(launch.Group, "train", fail)
    names = ["NAU-add", "NMU-mul"]
    assert train("mixed", *names, "--together") == 1
    err = capsys.readouterr().err
    assert err.startswith("nalu: mixed, 2 conditions together, failed\n") and err.endswith("RuntimeError: no luck\n")
    shards = [WorkFolder(MIXED, MIXED.condition(name)).shard(range(4)) for name in names]
    assert [shard.failure() for shard in shards] == ["RuntimeError: no luck"] * 2
    monkeypatch.setattr(launch.Group, "train", real)
    assert train("mixed", *names, "--together") == 0
    assert [shard.failure() for shard in shards] == [""] * 2


def test_rows_of_several_conditions_go_to_one_file(shelf, tmp_path, capsys):
    file = tmp_path / "rows.csv"
    assert train("spark", "--rows", str(file)) == 2
    assert capsys.readouterr().err == "nalu: --rows needs one condition or --together, got 2 conditions\n"
    assert train("spark", "--together", "--rows", str(file), "--seeds", "1-2") == 0
    assert [(row["operation"], row["seed"]) for row in csv_file.read(file)] == [
        ("add", "1"), ("add", "2"), ("sub", "1"), ("sub", "2")]


def test_a_name_is_that_of_an_experiment_or_of_a_condition_of_the_last(shelf):
    """All conditions where none follows; each once."""
    def titles(*names):
        return [folder.title for folder in chosen(*names)]

    assert titles("spark") == titles("spark", ["NAU-add", "NAU-sub", "NAU-add"]) == ["spark NAU-add", "spark NAU-sub"]
    assert titles("spark", ["tiny", "NMU", "same", "tiny"]) == [
        "spark NAU-add", "spark NAU-sub", "tiny NMU", "same NAU-add", "same NAU-mul"]


def test_several_experiments_one_after_the_other(shelf, capsys):
    """Without --together; what the first has trained is not trained again for the second."""
    assert train("mixed", "NAU-add", "same", "--direct", "--seeds", "0") == 0
    said = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("NAU solved") for line in said) == 2
    assert [line.partition(";")[0] for line in said[-2:]] == [
        "mixed: 0 of 5 conditions, 2 of 20 runs", "same: 0 of 2 conditions, 2 of 8 runs"]


def test_seeds_that_another_process_trains_are_refused(shelf, capsys):
    shard = WorkFolder(MIXED, MIXED.condition("NMU-mul")).shard(range(4))
    with shard.lock():
        assert train("mixed", "--together") == 2
    assert capsys.readouterr().err.startswith(f"nalu: {shard.path} is in use")
    assert not (shelf / "mixed" / "results.csv").exists()


def test_one_process_with_many_conditions_counts_once(shelf, monkeypatch):
    """What is left takes as long as one process needs, not a share of it for each condition."""
    finished = {"seconds": 100.0, "device": "cpu"}
    monkeypatch.setattr("nalu.results.estimate.Pace.seconds", lambda self, condition: finished["seconds"])
    first, second, *_ = [WorkFolder(MIXED, case).shard(range(4)) for case in MIXED.conditions]
    quiet = status.total("mixed", status.of(MIXED))
    with first.lock(), second.lock():
        busy = status.total("mixed", status.of(MIXED))
        assert [s.state for s in status.of(MIXED)][:3] == ["running", "running", "declared"]
    assert quiet.endswith("left: 0:33:20") and busy.endswith("2 running; left: 0:33:20")
