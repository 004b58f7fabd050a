"""Recorded results are trained again, once in a checkout, and compared; nothing is overwritten."""

import pytest
import tiny

from nalu import cli, experiments
from nalu.campaign import launch, repeat, request
from nalu.results import csv_file, origin, runs
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder

pytestmark = pytest.mark.slow

COMMAND = ["train", "spark", "NAU-add", "--direct", "--engine", "reference", "--repeat"]
SAME = "spark NAU-add: 3 of 3 seeds with the recorded outcome, 3 equal to the last digit"


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A clone: the results of ``spark`` are committed, its work folders are not."""
    tiny.use_here(monkeypatch, tmp_path / "elsewhere")
    for operation in ("add", "sub"):
        launch.train_condition("spark", f"NAU-{operation}", engine="reference")
    committed = (tmp_path / "elsewhere" / "spark" / "results.csv").read_bytes()
    tiny.use_here(monkeypatch, tmp_path / "runs")
    monkeypatch.setattr(origin, "commit", lambda: "later")
    (tmp_path / "runs" / "spark").mkdir(parents=True)
    (tmp_path / "runs" / "spark" / "results.csv").write_bytes(committed)
    return tmp_path / "runs"


def spark():
    """Work folder of the condition that is trained again."""
    entry = experiments.get("spark")
    return WorkFolder(entry, entry.condition("NAU-add"))


def edited(change):
    """Give the committed rows of NAU-add other values: ``change`` maps a row to new cells."""
    path = runs.results_file(spark().experiment)
    rows = [row | (change(row) if row["operation"] == "add" else {}) for row in csv_file.read(path)]
    path.write_bytes(csv_file.dump(rows))


def said(capsys):
    """The last line of standard output."""
    return capsys.readouterr().out.splitlines()[-1]


def test_recorded_results_are_trained_again_once_and_stay(shelf, capsys, monkeypatch):
    before = (shelf / "spark" / "results.csv").read_bytes()
    assert cli.main(COMMAND) == 0
    out = capsys.readouterr().out
    assert "spark NAU-add: 3 seeds to train\n" in out and out.endswith(f"{SAME}\n")
    assert spark().trained() == {0, 1, 2} and spark().trainings()[0]["commit"] == "later"
    assert (shelf / "spark" / "results.csv").read_bytes() == before
    monkeypatch.setattr(launch, "run", None)
    assert cli.main(COMMAND) == 0
    assert capsys.readouterr().out == f"spark NAU-add: finished\n{SAME}\n"
    assert (shelf / "spark" / "results.csv").read_bytes() == before


def test_an_interrupted_repetition_trains_the_rest(shelf, capsys):
    assert cli.main([*COMMAND, "--seeds", "1"]) == 0
    assert said(capsys) == SAME.replace("3", "1")
    assert cli.main(COMMAND) == 0
    assert "2 seeds to train" in (out := capsys.readouterr().out) and out.endswith(f"{SAME}\n")
    assert [training["seeds"] for training in spark().trainings()] == ["1", "0,2"]


def test_without_repeat_recorded_results_are_finished(shelf, capsys, monkeypatch):
    monkeypatch.setattr(launch, "run", None)
    assert cli.main(COMMAND[:-1]) == 0
    assert capsys.readouterr().out == "spark NAU-add: finished\n"


def test_seeds_that_differ_are_named(shelf, capsys):
    edited(lambda row: {"solved": "True"} if row["seed"] == "1" else {})
    assert cli.main(COMMAND) == 0
    assert said(capsys) == ("spark NAU-add: 2 of 3 seeds with the recorded outcome (not 1), "
                            "2 equal to the last digit (not 1)")
    edited(lambda row: {"test_mse": "0.5"} if row["seed"] != "1" else {})
    assert repeat.sentence(spark()) == (
        "spark NAU-add: 2 of 3 seeds with the recorded outcome (not 1), "
        "0 equal to the last digit (not 0-2)")


def test_the_end_of_a_repetition(shelf, capsys):
    assert cli.main(["results", "spark", "--repeated"]) == 0
    assert capsys.readouterr().out == "spark: nothing that was recorded elsewhere has been trained here\n"
    before = (shelf / "spark" / "results.csv").read_bytes()
    assert cli.main(COMMAND) == cli.main(["results", "spark", "--repeated"]) == 0
    *_, head, rates, _, digits, where = capsys.readouterr().out.splitlines()
    assert head.split() == ["solved", "your", "runs", "recorded", "runs", "in", "the", "paper"]
    assert rates.split() == ["NAU-add", "0", "of", "3", "0", "of", "3", "—"]
    assert digits == "3 of your 3 runs have the recorded outcome, and 3 are equal to the last digit."
    assert "runs/spark/" in where and (shelf / "spark" / "results.csv").read_bytes() == before
    edited(lambda row: {"solved": "True"} if row["seed"] == "1" else {})
    _, rates, _, digits, why, _ = repeat.closing(spark().experiment)
    assert rates.split()[4:] == ["1", "of", "3", "—"] and digits.startswith("2 of your 3 runs") and "column commit" in why


def test_the_rate_of_the_paper_stands_beside(monkeypatch):
    entry = experiments.get("ten_parameters")
    monkeypatch.setattr(WorkFolder, "rows", lambda folder: [
        row | {"commit": "mine"} for row in csv_file.read(runs.results_file(entry)) if row["model"] == folder.condition.model])
    rates = {line.split()[0]: line.split("  ")[-1].strip() for line in repeat.closing(entry)[1:4]}
    assert rates == {"NAC_mul": "13 %", "NAC_mul_sigma": "—", "NALU": "26 %"}


def test_engine_device_commit_and_seconds_are_no_difference(shelf):
    edited(lambda row: {"engine": "fused", "device": "gpu", "commit": "x", "seconds": "9.0"})
    launch.train_condition("spark", "NAU-add", engine="reference", repeat=True)
    assert repeat.sentence(spark()) == SAME


def test_missing_rows_are_added_and_no_comparison(shelf):
    path = shelf / "spark" / "results.csv"
    path.write_bytes(csv_file.dump(csv_file.read(path)[1:]))
    rows = launch.train_condition("spark", "NAU-add", engine="reference", repeat=True)
    assert rows["commit"].tolist() == ["later"] * 3, "what was trained here is returned"
    assert runs.results("spark")["commit"].tolist() == ["later", "abc", "abc", "abc", "abc", "abc"]
    assert repeat.sentence(spark()) == SAME.replace("3", "2")


def test_own_results_are_no_comparison(shelf):
    (shelf / "spark" / "results.csv").unlink()
    nothing = "spark NAU-add: nothing that was recorded elsewhere has been trained here"
    assert repeat.sentence(spark()) == nothing
    launch.train_condition("spark", "NAU-add", engine="reference")
    assert repeat.sentence(spark()) == nothing and len(runs.results("spark")) == 3


def test_the_kernel_is_asked_to_repeat(shelf, capsys, monkeypatch):
    asked = []

    def execute(_, target, values, **__):
        asked.append(values["repeat"])
        launch.train_condition(**values | {"engine": "reference"})

    monkeypatch.setattr(request, "run_notebook", execute)
    assert cli.main(["train", "spark", "--repeat"]) == 0
    assert asked == [True, True]
    assert capsys.readouterr().out.splitlines()[-2:] == [SAME, SAME.replace("add", "sub")]


def test_processes_beside_each_other_say_it_once(shelf):
    code, out, err = tiny.run(shelf, "train", "spark", "--jobs=2", "--direct", "--engine=reference",
                              "--repeat")
    assert (code, err) == (0, "")
    assert sorted(line for line in out.splitlines() if "recorded outcome" in line) == [
        f"NAU-add | {SAME}", f"NAU-sub | {SAME.replace('add', 'sub')}"]


def test_a_history_is_stored_before_its_checkpoint_goes(tmp_path, monkeypatch):
    tiny.use_here(monkeypatch, tmp_path / "runs")

    def full(*_):
        raise OSError(28, "No space left on device", "history.npz")

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "keep", full)
        with pytest.raises(OSError, match="No space left"):
            launch.train_condition("spark", "NAU-add", engine="reference", checkpoint_seconds=0)
    assert list(spark().path.glob("*/checkpoint-*")) and not spark().trained()
    launch.train_condition("spark", "NAU-add", engine="reference")
    assert not list(spark().path.glob("*/checkpoint-*")) and spark().trained() == {0, 1, 2}


def test_the_report_draws_the_headline(monkeypatch):
    done = []
    monkeypatch.setattr("nalu.report.refresh.run", lambda names, jobs: done.append("notebooks") or 1)
    monkeypatch.setattr("nalu.pages.headline.write", lambda: done.append("headline"))
    assert cli.main(["report"]) == 1 and done == ["notebooks", "headline"]
