"""A condition is trained once, in whatever pieces, and the results are the same bytes."""

import json
import os
import random
import signal
import time

import numpy as np
import pytest
import tiny

from nalu import cli, experiments
from nalu.campaign import launch
from nalu.results import curves, runs
from nalu.results.workfolder import WorkFolder
from nalu.support import files, seed_lists
from nalu.training import checkpoint

pytestmark = pytest.mark.slow

TRAIN = ("from nalu.campaign.launch import train_condition\n"
         "train_condition('tiny', 'NMU', engine='reference', checkpoint_seconds=0.1)")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Make a named runs folder the one in use."""
    def here(name):
        tiny.use_here(monkeypatch, tmp_path / name)
        return tmp_path / name

    return here


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    """Seeds 0 to 9 in one uninterrupted training, and the full history."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("once") / "runs"
        tiny.use_here(patch, folder)
        train()
        return folder, nmu().history()


def train(seeds="", engine="reference", device="cpu"):
    """Train NMU with the engine that is slow enough to be interrupted."""
    return launch.train_condition("tiny", "NMU", seeds, engine, device)


def nmu():
    """Its work folder."""
    entry = experiments.get("tiny")
    return WorkFolder(entry, entry.condition("NMU"))


def same_histories(one, other):
    """Whether two histories are the same to the last bit."""
    return list(one) == list(other) and all(
        np.array_equal(one[c], other[c], equal_nan=True) for c in one)


def test_training_leaves_what_the_readme_says(at_once):
    folder, history = at_once
    assert sorted(path.name for path in (folder / "tiny").iterdir()) == [
        ".merge", "NMU", "history.csv.gz", "results.csv"]
    (shard,) = (folder / "tiny" / "NMU").iterdir()
    assert sorted(path.name for path in shard.iterdir()) == ["history.npz", "lock", "spec.json"]
    assert history["step"].tolist() == [0, 1000] * 10


def test_shards_are_one_run(at_once, here, capsys):
    """Seeds 3 and 5 alone give their rows of the full run; with the others, the full file."""
    once, history = at_once
    lines = tiny.without_seconds(once)
    few = here("few")
    assert train("3,5")["seed"].tolist() == [3, 5]
    assert tiny.without_seconds(few) == [lines[0], lines[4], lines[6]]
    merged = here("merged")
    train([9, 0, 1, 2, 4, 6, 7, 8])
    assert cli.main(["results", "tiny", "--from", str(few)]) == 0
    assert "tiny: 2 rows added" in capsys.readouterr().out
    assert tiny.without_seconds(merged) == lines
    before = tiny.tree(merged)
    assert cli.main(["results", "tiny", "--from", str(few)]) == 0
    assert tiny.tree(merged) == before
    train()
    assert tiny.tree(merged) == before
    kept = history[~history["seed"].isin([3, 5])].reset_index(drop=True)
    assert same_histories(nmu().history(), kept)


def test_killed_and_resumed_is_uninterrupted(at_once, here, capsys):
    once, history = at_once
    folder = here("killed")
    process = tiny.start(folder, "-c", TRAIN)
    until = time.monotonic() + 60
    while not list(folder.glob("tiny/NMU/*/checkpoint-*.npz")) and time.monotonic() < until:
        time.sleep(0.02)
    assert cli.main(["train", "tiny", "NMU", "--direct"]) == 2
    assert f"{nmu().shard(range(10)).path} is in use" in capsys.readouterr().err
    time.sleep(random.uniform(0, 0.3))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "tiny" / "results.csv").exists() and not nmu().busy()
    cli.main(["status", "tiny"])
    assert "NMU   stopped   0 of 10 seeds" in capsys.readouterr().out
    (state,) = folder.glob("tiny/NMU/*/checkpoint-*.npz")
    assert 0 < checkpoint.load(state)[1]["iteration"] < 1101
    train()
    assert tiny.without_seconds(folder) == tiny.without_seconds(once)
    assert (folder / "tiny" / "history.csv.gz").read_bytes() == (once / "tiny" / "history.csv.gz").read_bytes()
    assert same_histories(nmu().history(), history)
    assert not list(folder.glob("tiny/NMU/*/checkpoint-*")) and len(nmu().trainings()) == 1


def test_a_checkpoint_that_other_code_has_left_is_not_continued_and_named(here, capsys):
    folder = here("old")
    left = nmu().shard(range(10)).path / "checkpoint-0123456789ab.npz"
    files.write(left, b"of the code before")
    train()
    assert f"{left} was left by another training or by other code, and is not continued" in capsys.readouterr().out
    assert left.exists() and len(runs.results("tiny")) == 10 and folder.is_dir()


def test_results_are_recovered_from_the_history(at_once, here):
    """A process may die after its training and before its results are merged."""
    once, history = at_once
    folder = here("recovered")
    origin = {"engine": "reference", "device": "cpu", "commit": "abc", "seconds": 1.0}
    nmu().shard(range(10)).keep(history, dict.fromkeys(range(10), origin))
    clock = time.monotonic()
    assert len(train()) == 10 and time.monotonic() - clock < 2
    assert len(curves.thinned_history("tiny")) == 20
    assert [line.split(",")[:29] for line in tiny.without_seconds(folder)] == [
        line.split(",")[:29] for line in tiny.without_seconds(once)]


def test_finished_condition_is_left_alone(at_once, monkeypatch):
    folder, _ = at_once
    tiny.use_here(monkeypatch, folder)
    before = tiny.tree(folder)
    assert len(train()) == 10 and len(train("3")) == 1
    assert tiny.tree(folder) == before


@pytest.mark.parametrize(("wrong", "message"), [
    ({"seeds": "0-10"}, "condition 'NMU' has no seed 10; allowed: 0-9"),
    ({"seeds": [-1]}, "a seed must be an integer of at least 0, got -1"),
    ({"seeds": [1, 1]}, "seeds must differ, but 1 occurs twice"),
    ({"seeds": [0.5]}, "a seed must be an integer"),
    ({"engine": "refrence"}, "unknown engine 'refrence'; did you mean 'reference'"),
    ({"device": "cuda"}, "there is no device 'cuda' here; allowed: cpu"),
    ({"device": "gpu"}, "there is no device 'gpu' here; allowed: cpu"),
])
def test_wrong_argument_writes_nothing(here, monkeypatch, wrong, message):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    folder = here("untouched")
    with pytest.raises(ValueError, match=message):
        train(**wrong)
    assert not folder.exists()


@pytest.mark.parametrize(("arguments", "message"), [
    ({"iterations": 0}, "iterations must be an integer of at least 1, got 0"),
    ({"hidden_size": 0}, "hidden_size must be an integer of at least 1, got 0"),
    ({"model": "NUM"}, "unknown model 'NUM'; did you mean 'NMU'"),
])
def test_wrong_setting_is_one_clear_line(arguments, message):
    from nalu.training import train

    settings = experiments.get("ten_parameters").condition("NMU").plan_arguments()
    with pytest.raises(ValueError, match=message):
        train(seeds=[0], **settings | arguments)


@pytest.mark.parametrize(("seeds", "free"), [("2-5", False), ("0,3", False), ("4", True)])
def test_a_seed_of_another_list_is_locked_too(here, capsys, seeds, free):
    here(f"overlap-{seeds}")
    with nmu().shard([*range(4)]).lock():
        shard = nmu().shard(seed_lists.parse(seeds))
        assert shard.busy() == (not free)
        code = cli.main(["train", "tiny", "NMU", "--direct", "--seeds", seeds, "--engine", "reference"])
    assert code == (0 if free else 2)
    err = capsys.readouterr().err
    assert free or err.startswith(f"nalu: {nmu().shard(range(4)).path} is in use; add --wait") and err.count("\n") == 1
    assert shard.path.exists() == free
    other = nmu().shard([seed_lists.parse(seeds)[-1], *range(6, 10)])
    with shard.lock(), pytest.raises(ValueError, match="is in use"), other.lock():
        pass


def test_a_list_too_long_for_a_name_may_have_any_seed(here, monkeypatch):
    here("untold")
    monkeypatch.setattr("nalu.results.shard.LONGEST", 3)
    with nmu().shard([0, 2, 4]).lock():
        assert nmu().shard([1]).busy()


@pytest.mark.slow
def test_who_waits_for_a_seed_of_another_list_does_not_train_it_again(tmp_path):
    """Two lists that overlap, begun at once: every seed is trained by one process."""
    lists = ("0-2", "1-3")
    started = [tiny.start(tmp_path / "runs", "-m", "nalu", "train", "tiny", "NMU", "--direct", "--wait", "--seeds", seeds,
                          "--engine", "reference") for seeds in lists]
    ended = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    specs = [json.loads(path.read_text())["trainings"] for path in sorted(tmp_path.glob("runs/tiny/NMU/*/spec.json"))]
    trained = [seed for (training,) in specs for seed in seed_lists.parse(training["seeds"])]
    assert sorted(trained) == [0, 1, 2, 3], ended


def test_truncated_checkpoint_is_refused_and_left_alone(here, capsys):
    folder = here("truncated")
    shard = nmu().shard([3, 5])
    with shard.lock():
        path = shard.checkpoint([3, 5], "reference")
        checkpoint.save(path, {"W": np.ones(1000)}, {"iteration": 7})
    path.write_bytes(path.read_bytes()[:500])
    before = tiny.tree(folder)
    order = ["train", "tiny", "NMU", "--direct", "--seeds", "3,5", "--engine", "reference"]
    assert cli.main(order) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"nalu: {path} is truncated or no checkpoint") and err.count("\n") == 1
    changed = {name for name, content in tiny.tree(folder).items() if before[name] != content}
    assert changed <= {str(shard.lock_file.relative_to(folder))}


def test_full_disk_is_one_clear_line_and_the_same_command_continues(at_once, here, capsys, monkeypatch):
    once, _ = at_once
    folder = here("full")

    def no_space(_):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", no_space)
        order = ["train", "tiny", "NMU", "--direct", "--seeds", "3,5", "--engine", "reference"]
        assert cli.main(order) == 2
        err = capsys.readouterr().err
        path = nmu().shard([3, 5]).path
        assert err == f"nalu: {path}/spec.json: cannot write: No space left on device\n"
        assert tiny.tree(folder).keys() == {str((path / "lock").relative_to(folder)), "tiny/.merge/NMU"}  # locks
    train("3,5")
    lines = tiny.without_seconds(once)
    assert tiny.without_seconds(folder) == [lines[0], lines[4], lines[6]]
    assert len(runs.results("tiny")) == 2
