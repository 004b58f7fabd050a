"""The campaign under Snakemake: killed at any moment it ends as if it had not been."""

import random
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tiny
import yaml

from nalu.results import csv_file

pytestmark = pytest.mark.slow

pytest.importorskip("snakemake", reason="needs the extra 'grid'")

PROFILES = sorted(path.parent.name for path in (tiny.ROOT / "profiles").glob("*/config.yaml"))


def start(folder, *options, profile="local", **config):
    """Start Snakemake in a folder of its own, with the small table."""
    given = [f"{name}={value}" for name, value in config.items()]
    return tiny.start(
        folder / "runs", "-m", "snakemake", "--snakefile", str(tiny.ROOT / "Snakefile"),
        "--directory", str(folder), "--workflow-profile", str(tiny.ROOT / "profiles" / profile),
        *options, *(["--config", *given] if given else []))


def campaign(folder, *options, **config):
    """Run it to its end; return the exit status and all that it printed."""
    process = start(folder, *options, **config)
    out, err = process.communicate(timeout=600)
    return process.returncode, out + err


def scheduled(text):
    """The jobs that a run announced."""
    return sorted(line.split(": ", 1)[1] for line in text.splitlines()
                  if line.startswith("Job ") and ", seeds " in line)


def left_behind(folder):
    """What has to be the same: rows without their seconds, curves, full histories."""
    runs = folder / "runs"
    files = {str(path.relative_to(runs)): path for path in sorted(runs.rglob("*")) if path.is_file()}
    content = {}
    for name, path in files.items():
        if path.name == "history.npz":
            with np.load(path) as arrays:
                content[name] = {key: arrays[key].tobytes() for key in arrays if key != "origins"}
        elif path.suffix == ".csv":
            content[name] = [line.rpartition(",")[0] for line in path.read_text().splitlines()]
        else:
            content[name] = path.read_bytes() if path.suffix == ".gz" else None
    return content


def kill(process):
    """Kill the driver, its workers and their kernels, without a warning."""
    try:
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []  # it was through before its moment came
    for member in family:
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            pass
    process.communicate()


def test_dry_run_says_what_would_run_and_writes_nothing(tmp_path):
    code, text = campaign(tmp_path, "--dry-run", seeds="0-5", shard=4)
    assert code == 0, text
    assert scheduled(text) == [
        "spark NAU-add, seeds 0-2", "spark NAU-sub, seeds 0-2",
        "tiny NALU, seeds 0-3", "tiny NALU, seeds 4-5", "tiny NMU, seeds 0-3", "tiny NMU, seeds 4-5",
        "unlucky NAU, seeds 0"]
    assert not (tmp_path / "runs").exists()


def test_dry_run_of_make_is_a_summary(tmp_path):
    """The table alone, not a paragraph for each of more than a thousand jobs."""
    flags = re.search(r"\(DRY\),(.*?)\)", (tiny.ROOT / "Makefile").read_text("utf8"))[1].split()
    code, text = campaign(tmp_path, *flags, seeds="0-5", shard=1)
    assert code == 0 and scheduled(text) == [] and len(text.splitlines()) < 20, text
    assert "spark       6     6     " in text and "tiny        12    12    " in text
    assert "19 jobs with 19 runs; one job after the other: " in text


@pytest.mark.parametrize(("config", "message"), [
    ({"experiment": "sprak"}, "unknown experiment 'sprak'; did you mean 'spark'"),
    ({"seeds": "0..9"}, "seeds must look like '0-99'"),
    ({"experiment": "spark", "shard": "some"}, "shard must be an integer of at least 0, got 'some'"),
    ({"seeds": "010"}, "seeds must look like '0-99' or '0-9,70,85', got '010'"),
    ({"seeds": "1_0"}, "seeds must look like '0-99' or '0-9,70,85', got '1_0'"),
    ({"shard": "1_0"}, "shard must be an integer of at least 0, got '1_0'"),
    ({"threads": "02"}, "threads must be an integer of at least 1, got '02'"),
    ({"experimnt": "spark"}, "unknown setting 'experimnt'; did you mean 'experiment'"),
    ({"engine": "fast"}, "unknown engine 'fast'; allowed: auto, fused, cuda, reference"),
])
def test_wrong_setting_is_said_before_anything_runs(tmp_path, config, message):
    code, text = campaign(tmp_path, "--dry-run", **config)
    assert code == 1 and message in text and "Traceback" not in text
    assert not (tmp_path / "runs").exists()


def test_a_job_runs_where_names_have_a_space_and_an_apostrophe(tmp_path, monkeypatch):
    """The interpreter's, that of the results, and that of the working folder."""
    folder = tmp_path / "Ada's own folder"
    folder.mkdir()
    (folder / "it's python").symlink_to(sys.prefix)
    monkeypatch.setattr(sys, "executable", str(folder / "it's python" / "bin" / "python"))
    code, text = campaign(folder, experiment="spark", seeds=1)
    assert code == 0, text
    assert "spark: 0 of 2 conditions, 2 of 6 runs" in text


def test_failed_job_is_tried_again_reported_and_not_finished(tmp_path):
    """The others are trained; with better luck the rest is, too, and then there is nothing to do."""
    luck = tmp_path / "runs" / "unlucky" / "luck"
    luck.parent.mkdir(parents=True)
    code, text = campaign(tmp_path, experiment="spark,unlucky")
    assert code == 1, text
    assert (luck.parent / "attempts").read_text() == "..", "one retry"
    assert "spark: 2 of 2 conditions, 6 of 6 runs\n" in text
    assert "unlucky: 0 of 1 conditions, 0 of 1 runs, 1 failed" in text
    assert "unlucky NAU, seeds 0: failed: RuntimeError: no luck; log: " in text
    assert not list(tmp_path.rglob("unlucky/NAU/*/rows.csv"))
    _, table, _ = tiny.run(tmp_path / "runs", "status")
    assert "unlucky  NAU      failed    0 of 1 seeds" in table

    luck.touch()
    code, text = campaign(tmp_path, experiment="spark,unlucky")
    assert code == 0 and scheduled(text) == ["unlucky NAU, seeds 0"], text
    before = tiny.tree(tmp_path / "runs")
    code, text = campaign(tmp_path, experiment="spark,unlucky")
    assert code == 0 and "Nothing to be done" in text
    assert tiny.tree(tmp_path / "runs") == before

    results = tmp_path / "runs" / "unlucky" / "results.csv"
    content = results.read_bytes()
    results.unlink()
    _, table, _ = tiny.run(tmp_path / "runs", "status", "unlucky")
    assert "declared  0 of 1 seeds" in table
    code, text = campaign(tmp_path, experiment="unlucky")
    assert code == 0 and "solved the task" not in text, "handed in again, not trained"
    assert results.read_bytes() == content


@pytest.mark.slow
def test_killed_at_three_random_moments_is_uninterrupted(tmp_path):
    config = {"experiment": "tiny", "seeds": "0-1", "threads": 1, "engine": "reference"}
    clock = time.monotonic()
    code, text = campaign(tmp_path / "once", **config)
    assert code == 0, text
    duration, chance = time.monotonic() - clock, random.Random()
    moments = [chance.uniform(0, duration) for _ in range(3)]
    for moment in moments:
        process = start(tmp_path / "killed", **config)
        until = time.monotonic() + moment
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        kill(process)
    code, text = campaign(tmp_path / "killed", **config)
    assert code == 0, (moments, text)
    assert left_behind(tmp_path / "killed") == left_behind(tmp_path / "once"), moments


def test_together_is_one_job_for_what_has_the_same_batches(tmp_path):
    """Killed or not, it leaves the rows and histories of training one after the other."""
    config = {"experiment": "tiny,spark", "seeds": "0-1", "together": 1}
    code, text = campaign(tmp_path, "--dry-run", **config)
    assert code == 0 and scheduled(text) == [
        "spark 2 conditions together, seeds 0-1", "tiny 2 conditions together, seeds 0-1"], text
    process = start(tmp_path, **config)
    until = time.monotonic() + 300
    while not list(tmp_path.glob("runs/tiny/NALU/*/spec.json")) and time.monotonic() < until:
        time.sleep(0.05)
    kill(process)
    code, text = campaign(tmp_path, **config)
    assert code == 0, text
    before = tiny.tree(tmp_path / "runs")
    code, text = campaign(tmp_path, **config)
    assert code == 0 and "Nothing to be done" in text and tiny.tree(tmp_path / "runs") == before
    for name in ("tiny", "spark"):
        assert tiny.run(tmp_path / "alone" / "runs", "train", name, "--direct", "--seeds", "0-1")[0] == 0
    together, alone = left_behind(tmp_path), left_behind(tmp_path / "alone")
    files = [name for name in alone if name.endswith((".npz", "results.csv", ".gz"))]
    assert len(files) >= 6 and {name: together[name] for name in files} == {name: alone[name] for name in files}

    (tmp_path / "runs" / "tiny" / "results.csv").unlink()
    code, text = campaign(tmp_path, **config)
    assert code == 0 and scheduled(text) == ["tiny 2 conditions together, seeds 0-1"]
    assert "compiling" not in text and "iterations/s" not in text, "handed in again, not trained"


def test_jobs_run_in_the_order_of_the_campaign(tmp_path):
    """Short before long, and within the same batches low seeds first; Snakemake takes any order without being told."""
    (tmp_path / "runs" / "unlucky").mkdir(parents=True)
    (tmp_path / "runs" / "unlucky" / "luck").touch()
    code, text = campaign(tmp_path, "--cores", "1", seeds="0-2", shard=1, together=1)
    assert code == 0, text
    assert [line.split(": ", 1)[1] for line in text.splitlines() if line.startswith("Job ") and ", seeds " in line] == [
        "spark, unlucky 3 conditions together, seeds 0",
        *(f"spark 2 conditions together, seeds {seed}" for seed in (1, 2)),
        *(f"tiny 2 conditions together, seeds {seed}" for seed in (0, 1, 2))]
    [rows] = tmp_path.glob("runs/spark/together/0.*/rows.csv")
    assert [row["experiment"] for row in csv_file.read(rows)] == ["spark", "spark", "unlucky"]
    assert "unlucky: 1 of 1 conditions, 1 of 1 runs" in text


def test_orphan_of_a_killed_driver_is_waited_for(tmp_path):
    """Its job goes on: another of the same seeds must neither fail nor write beside it."""
    config = {"experiment": "tiny", "seeds": 0, "engine": "reference"}
    process = start(tmp_path, "--cores", "1", **config)
    until = time.monotonic() + 300
    while not list(tmp_path.glob("runs/tiny/NMU/*/spec.json")) and time.monotonic() < until:
        time.sleep(0.05)
    orphans = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for orphan in orphans:
        orphan.suspend()
    second = start(tmp_path, **config)
    said = next((line for line in second.stdout if "waiting" in line), "")
    for orphan in orphans:
        orphan.resume()
    out, err = second.communicate(timeout=300)
    process.communicate()
    assert said == "tiny NMU: waiting for the process that trains it\n", out + err
    assert second.returncode == 0 and "tiny: 0 of 2 conditions, 2 of 20 runs" in out, out + err
    assert len((tmp_path / "runs" / "tiny" / "results.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_goes_on_after_failures_and_kills(profile):
    settings = yaml.safe_load((tiny.ROOT / "profiles" / profile / "config.yaml").read_text())
    assert settings["keep-going"] and settings["rerun-incomplete"] and settings["nolock"]
    assert settings["retries"] == 1 and settings["rerun-triggers"] == ["mtime"]


def test_retries_are_not_in_the_snakefile():
    """There, a job under Slurm would try as often again for each of the driver's tries."""
    assert "retries:" not in Path(tiny.ROOT / "Snakefile").read_text()
    assert sys.executable not in Path(tiny.ROOT / "Snakefile").read_text()
