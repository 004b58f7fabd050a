"""Tests of `nalu.campaign.gpu_lease` and `nalu.campaign.parcel`, with the kernel on the processor."""

import shutil
import tarfile
import time
from types import MappingProxyType

import cuda_processor
import numpy as np
import pandas as pd
import pytest

from nalu import experiments
from nalu.analysis.outcomes import summarise
from nalu.campaign import bundle, gpu_lease, parcel
from nalu.experiments import Experiment, grid
from nalu.report import provenance
from nalu.results import csv_file, origin, runs
from nalu.support import paths
from nalu.tasks import Arithmetic, arithmetic
from nalu.training import Plan
from nalu.training.cuda.engine import Cuda

pytestmark = pytest.mark.slow

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


def engine(*plans):
    return Cuda(*plans, machine=cuda_processor.Processor(), warps=(3, 1))


def lease(seconds=600, **options):
    """A lease on the processor: rows added, and what it said."""
    said = []
    added = gpu_lease.run(seconds, device="cpu", engine=engine, say=said.append, **options)
    return added, said


kernel = pytest.mark.skipif(cuda_processor.MISSING is not None, reason=str(cuda_processor.MISSING))


def test_the_most_important_come_first_and_each_run_once():
    found = [(lane.experiment.name, lane.condition.model, lane.seed) for lane in gpu_lease.queue()]
    assert found == [("operations", model, seed) for seed in range(3) for model in ("NMU", "NALU")] \
        + [("other", "NAU", 0)], "NMU of the other experiment is that of the first"


@kernel
def test_it_trains_all_and_packs_the_results(tmp_path):
    pack = tmp_path / "results.tar.gz"
    added, said = lease(pack=pack)
    assert added == 7
    assert said[-1] == "7 rows added, 0 runs are left"
    assert gpu_lease.queue() == [] and len(runs.results("operations")) == 6
    rows = runs.results("operations").query("model == 'NMU'").set_index("seed")
    machine = engine(Plan("NMU", Arithmetic(simple=True), (2,), 4, stream="authors"))
    machine.advance(5)
    assert rows.loc[2, "valid_mse"] == np.nanmin(machine.history.values[0, :, 1])
    assert set(rows["engine"]) == {"cuda"}
    with tarfile.open(pack) as archive:
        assert sorted(archive.getnames()) == ["operations/history.csv.gz", "operations/results.csv", "other/results.csv"]
        archive.extractall(tmp_path / "elsewhere")
    packed = csv_file.read(tmp_path / "elsewhere" / "operations" / "results.csv")
    assert packed == csv_file.read(tmp_path / "operations" / "results.csv")
    assert lease() == (0, ["0 rows added, 0 runs are left"])


LONG = {"long": Experiment("long", "Long", "Nothing", grid(["NMU", "NALU"], simple=True, iterations=3000, seeds=range(2)), curves=5)}


def results(folder):
    rows = csv_file.read(folder / "long" / "results.csv")
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows], \
        (folder / "long" / "history.csv.gz").read_bytes()


@kernel
def test_what_a_lease_does_not_finish_the_next_one_does(monkeypatch, tmp_path):
    """On another machine: only the files that are put aside come along. The results are those of one lease."""
    monkeypatch.setattr(experiments, "EXPERIMENTS", LONG)
    monkeypatch.setattr(bundle, "TELL", 0.5)
    folders = [tmp_path / name for name in ("first", "second", "whole")]
    monkeypatch.setattr(paths, "RUNS", folders[0])
    added, said = lease(seconds=1.5)
    assert added == 0 and said[-1] == "0 rows added, 4 runs are left" and "put aside at iteration" in said[-2]
    assert any("more than there are" in line for line in said)
    shutil.copytree(folders[0] / ".lease", folders[1] / ".lease")
    monkeypatch.setattr(paths, "RUNS", folders[1])
    added, said = lease()
    assert added == 4 and said[0].startswith("taken up at iteration ") and said[-1] == "4 rows added, 0 runs are left"
    assert not [*(folders[1] / ".lease").iterdir()]
    monkeypatch.setattr(paths, "RUNS", folders[2])
    assert lease()[0] == 4
    assert results(folders[1]) == results(folders[2])


@kernel
@pytest.mark.parametrize("harm", ["lost", "damaged", "other"])
def test_a_bundle_that_cannot_be_taken_up_is_trained_anew(monkeypatch, tmp_path, harm):
    work = bundle.Work(bundle.first_of(gpu_lease.queue(["other"]), 9), "cpu", engine)
    work.machine.advance(2)
    monkeypatch.setattr(parcel, "PIECE", 3000)
    work.put_aside(tmp_path / ".lease")
    files = sorted((tmp_path / ".lease").iterdir())
    assert 1 < len(files) <= parcel.PIECES and all(file.stat().st_size <= 3000 for file in files)
    if harm == "lost":
        files[1].unlink()
    elif harm == "damaged":
        files[1].write_bytes(files[1].read_bytes()[:-1] + b"x")
    else:
        monkeypatch.setattr(bundle.Work, "identity", lambda self: ["other"])
    said = []
    assert bundle.resume(tmp_path / ".lease", gpu_lease.queue(["other"]), "cpu", said.append, engine) is None
    assert len(said) == (harm == "other")
    assert lease(names=["other"])[0] == 3


def test_too_large_to_be_put_aside(monkeypatch, tmp_path):
    monkeypatch.setattr(parcel, "PIECE", 10)
    with pytest.raises(ValueError, match="at most 80 are kept"):
        parcel.save(tmp_path, {}, {"words": np.zeros((1, 624), np.uint32)}, None)


@pytest.mark.parametrize("window", [1, 4, 9, 10])
def test_the_rows_that_are_kept_decide_as_all_do(window):
    """However the run goes on, and wherever it breaks off."""
    rng, columns = np.random.default_rng(window), ["valid_mse", "test_mse", "penalty", "sparsity_error"]
    whole, reduced = [], []
    for seed in range(400):
        known = int(rng.integers(1, 10))
        values = rng.integers(0, 5, (10, 6)).astype(float)
        values[rng.random((10, 6)) < 0.2] = np.nan
        less = values.copy()
        less[:known][~parcel.needed(values[:known], 10, window, 2.0, np.array([0, 7]))] = np.nan
        rows = int(rng.integers(known, 11))
        for found, of in ((whole, values), (reduced, less)):
            found.append(pd.DataFrame(of[:rows, 1:5], columns=columns).assign(seed=seed, step=np.arange(rows)))
    pd.testing.assert_frame_equal(*(summarise(pd.concat(found), 2.0, window) for found in (whole, reduced)))


@kernel
def test_results_that_cannot_be_recorded_end_the_lease(monkeypatch):
    """Or the GPU would go on training what is lost, too."""
    begun, real = [], gpu_lease.Work

    class Endless(real):
        def train(self, deadline, say, check, keep):
            begun.append(self)
            while len(begun) > 1:
                check()
            return True

        def found(self):
            return {}

    def full(*_):
        raise OSError(28, "No space left on device", "results.csv")

    monkeypatch.setattr(gpu_lease, "Work", Endless)
    monkeypatch.setattr(gpu_lease, "record", full)
    with pytest.raises(OSError, match="No space left"):
        lease(size=2)
    assert len(begun) <= 2


@kernel
def test_it_ends_in_time_and_keeps_copies(monkeypatch, tmp_path):
    begun, copies, real = time.monotonic(), [], bundle.Work.put_aside
    monkeypatch.setattr(bundle, "KEEP", 0.3)
    monkeypatch.setattr(bundle.Work, "put_aside", lambda self, folder: copies.append(folder) or real(self, folder))
    slow = grid(["NALU"], simple=True, iterations=10**6, seeds=range(2))
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"slow": Experiment("slow", "S", "N", slow)})
    added, said = lease(seconds=2, aside=tmp_path / "elsewhere")
    assert added == 0 and time.monotonic() - begun < 30 and "2 runs are left" in said[-1]
    assert len(copies) > 1 and set(copies) == {tmp_path / "elsewhere"}


def test_an_archive_that_cannot_be_written_is_found_before_the_training(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_lease, "Work", None)
    with pytest.raises(FileNotFoundError):
        lease(pack=tmp_path / "nowhere" / "x.tar.gz")
