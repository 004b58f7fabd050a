"""Tests of `nalu.campaign.gpu_lease`, in Numba's simulator; `test_cuda` starts them."""

import sys
import tarfile
import time
import warnings
from types import MappingProxyType

import numpy as np
import pytest

from nalu import experiments
from nalu.campaign import gpu_lease
from nalu.experiments import Experiment, grid
from nalu.report import provenance
from nalu.results import csv_file, origin, runs
from nalu.support import paths
from nalu.tasks import Arithmetic, arithmetic
from nalu.training import Plan
from nalu.training.cuda.engine import Cuda

TABLE = MappingProxyType({e.name: e for e in (
    Experiment("other", "Other", "Nothing", grid(["NMU"], simple=True, iterations=4, seeds=range(2))
               + grid(["NAU"], {"operation": ["add"]}, simple=True, iterations=5, seeds=range(1))),
    Experiment("operations", "Tiny", "Nothing", grid(["NMU", "NALU"], simple=True, iterations=4,
                                                     seeds=range(3)), curves=5),
)})


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A tiny table, few evaluation inputs, and a folder of its own."""
    monkeypatch.setattr(experiments, "EXPERIMENTS", TABLE)
    for module in (paths, provenance):
        monkeypatch.setattr(module, "RUNS", tmp_path)
    monkeypatch.setattr(origin, "commit", lambda: "abc")
    monkeypatch.setattr(arithmetic, "EVALUATION_SIZE", 10)
    monkeypatch.setattr(gpu_lease, "LAST", 0.0)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    sys.setswitchinterval(before)


def test_the_most_important_come_first_and_each_run_once():
    found = [(lane.experiment.name, lane.condition.model, lane.seed) for lane in gpu_lease.queue()]
    assert found == [("operations", model, seed) for seed in range(3) for model in ("NMU", "NALU")] \
        + [("other", "NAU", 0)], "NMU of the other experiment is that of the first"


def test_it_trains_all_and_packs_the_results(tmp_path):
    said, pack = [], tmp_path / "results.tar.gz"
    assert gpu_lease.run(600, device="cpu", pack=pack, say=said.append) == 7
    assert said[-1] == "7 rows added, 0 runs are left"
    assert gpu_lease.queue() == [] and len(runs.results("operations")) == 6
    rows = runs.results("operations").query("model == 'NMU'").set_index("seed")
    machine = Cuda(Plan("NMU", Arithmetic(simple=True), (2,), 4, stream="authors"))
    machine.advance(5)
    assert rows.loc[2, "valid_mse"] == np.nanmin(machine.history.values[0, :, 1])
    assert set(rows["engine"]) == {"cuda"}
    with tarfile.open(pack) as archive:
        assert sorted(archive.getnames()) == ["operations/history.csv.gz", "operations/results.csv", "other/results.csv"]
        archive.extractall(tmp_path / "elsewhere", filter="data")
    packed = csv_file.read(tmp_path / "elsewhere" / "operations" / "results.csv")
    assert packed == csv_file.read(tmp_path / "operations" / "results.csv")
    assert gpu_lease.run(600, device="cpu", say=said.append) == 0


def test_what_does_not_fit_is_not_begun(monkeypatch):
    said = []
    assert gpu_lease.run(1, device="cpu", pace=1.0, say=said.append) == 0
    assert said == ["0 rows added, 7 runs are left"]


def test_what_turns_out_too_long_is_halved(monkeypatch):
    sizes, said = [], []

    def train(lanes, device, deadline, say, check):
        sizes.append(len(lanes))
        return None, 1e9

    monkeypatch.setattr(gpu_lease, "train", train)
    assert gpu_lease.run(5, device="cpu", say=said.append) == 0
    assert sizes == [6, 3, 1]


def test_results_that_cannot_be_recorded_end_the_lease(monkeypatch):
    """Or the GPU would go on training what is lost, too."""
    begun = []

    def train(lanes, device, deadline, say, check):
        begun.append(len(lanes))
        while len(begun) > 1:
            check()
        return {}, 1e9

    def full(*_):
        raise OSError(28, "No space left on device", "results.csv")

    monkeypatch.setattr(gpu_lease, "train", train)
    monkeypatch.setattr(gpu_lease, "record", full)
    with pytest.raises(OSError, match="No space left"):
        gpu_lease.run(600, device="cpu", size=2, say=lambda line: None)
    assert len(begun) <= 2


def test_it_ends_in_time_whatever_the_pace(monkeypatch):
    begun, said = time.monotonic(), []
    monkeypatch.setattr(gpu_lease, "TRIAL", 0.0)
    slow = grid(["NALU"], simple=True, iterations=10**6, seeds=range(2))
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"slow": Experiment("slow", "S", "N", slow)})
    assert gpu_lease.run(4, device="cpu", pace=1e9, say=said.append) == 0
    assert time.monotonic() - begun < 30 and "2 runs are left" in said[-1]


def test_the_benchmark_in_miniature(monkeypatch):
    monkeypatch.syspath_prepend(str(paths.ROOT / "benchmarks"))
    from importlib import util

    where = util.spec_from_file_location("gpu_benchmark", paths.ROOT / "benchmarks/gpu.py")
    cuda = util.module_from_spec(where)
    where.loader.exec_module(cuda)
    tiny = {"device": "cpu", "batch_size": 4}
    monkeypatch.setattr(cuda, "task_of", lambda model: Arithmetic(simple=True))
    rows = [row for part in (cuda.of_models(("NMU",), 2, 1, 0.0, 10, **tiny),
                             cuda.of_batches(2, 1, 0.0, 10, **tiny)) for found in part for row in found]
    assert {row.part for row in rows} == {"gpu", "gpu_numbers"} and all(row.value > 0 for row in rows)


def test_an_archive_that_cannot_be_written_is_found_before_the_training(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_lease, "train", None)
    with pytest.raises(FileNotFoundError):
        gpu_lease.run(1000, device="cuda", pack=tmp_path / "nowhere" / "x.tar.gz")
