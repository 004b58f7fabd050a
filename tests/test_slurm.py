"""The same campaign through a real Slurm gives the same results as without."""

import pytest
import tiny
from one_node_slurm import lacking, running

pytestmark = pytest.mark.slow

pytest.importorskip("snakemake_executor_plugin_slurm", reason="needs the extra 'slurm'")

QUICK = ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1",
         "--seconds-between-status-checks", "1", "--latency-wait", "5", "--set-threads", "train=1"]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A Slurm of one node."""
    if reason := lacking():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


def campaign(folder, environment, profile, *config, options=()):
    """Run it with a shipped profile; return the exit status and all that it printed."""
    process = tiny.start(
        folder / "runs", "-m", "snakemake", "--snakefile", str(tiny.ROOT / "Snakefile"),
        "--directory", str(folder), "--workflow-profile", str(tiny.ROOT / "profiles" / profile),
        *QUICK, *options, "--config", *config, environment=environment)
    out, err = process.communicate(timeout=600)
    return process.returncode, out + err


@pytest.mark.slow
def test_shards_through_slurm_are_the_run_of_this_machine(slurm, tmp_path):
    """And a job that fails is tried once again, said and not finished."""
    (tmp_path / "slurm" / "runs" / "unlucky").mkdir(parents=True)
    code, text = campaign(tmp_path / "slurm", slurm, "slurm-cpu", "experiment=spark,unlucky", "shard=2")
    assert code == 1 and "unlucky NAU, seeds 0: failed: RuntimeError: no luck; log: " in text, text
    assert (tmp_path / "slurm" / "runs" / "unlucky" / "attempts").read_text() == ".."
    assert text.count("has been submitted with SLURM jobid") == 4 + 2, text
    code, out, err = tiny.run(tmp_path / "here", "train", "spark", "--direct")
    assert code == 0, out + err
    assert tiny.without_seconds(tmp_path / "slurm" / "runs", "spark") == \
        tiny.without_seconds(tmp_path / "here", "spark")


def test_gpu_profile_asks_for_a_gpu(slurm, tmp_path):
    """Slurm gives it; that it is none of PyTorch's ends the job before it begins."""
    code, text = campaign(tmp_path, slurm, "slurm-gpu", "experiment=unlucky", "device=cuda", options=[
        "--retries", "0", "--verbose"])
    assert code == 1 and "--gpus=1" in text, text
