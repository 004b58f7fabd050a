"""Results on disk: exact, sorted, never overwritten, never half-written."""

import errno
import gzip
import math
import random
import re
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import tiny

from nalu import experiments
from nalu.report.provenance import READ_LOG
from nalu.results import csv_file, curves, merging, origin, runs, store
from nalu.results.workfolder import WorkFolder
from nalu.support import files

CURVES = tuple(curves.HISTORY.columns)
README = (tiny.ROOT / "runs" / "README.md").read_text("utf8")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty runs folder and the small table."""
    tiny.use_here(monkeypatch, tmp_path / "runs")
    return tmp_path / "runs"


def row(seed, condition="NMU", **values):
    """A row of the experiment ``tiny``, as text."""
    case = experiments.get("tiny").condition(condition)
    outcome = {"solved": True, "solved_at": 1000, "sparsity_error": 1e-8, "best_step": 1000,
               "valid_mse": 0.1, "test_mse": 0.2, "threshold": 0.5, "engine": "reference",
               "device": "cpu", "commit": "abc", "seconds": 1.5}
    return csv_file.row({"experiment": "tiny", "seed": seed} | case.settings() | outcome | values)


def history(seeds, steps=(0, 1000, 2000), **values):
    """A history whose values have all their digits."""
    table = pd.DataFrame([(s, t) for s in seeds for t in steps], columns=["seed", "step"],
                         dtype="int64")
    for k, name in enumerate(CURVES[4:]):
        table[name] = np.exp(0.1 * table["seed"] + 1e-6 * table["step"] - 9 * k)
    return table.assign(**values)


def keep(condition, learned):
    """Record some runs of the experiment ``tiny`` with their learning curves."""
    entry = experiments.get("tiny")
    return merging.merge("tiny", {store.OUTCOMES: [row(int(seed), condition) for seed in learned["seed"].unique()],
                               "history": curves.rows(entry, entry.condition(condition), learned)})


@contextmanager
def full_disk(free=1000):
    """No file may grow beyond ``free`` bytes: what a full disk feels like."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def documented(heading):
    """Names in the first column of the table under a heading of the readme."""
    section = README.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_readme_documents_every_column():
    assert documented("Columns of `results.csv`") == list(csv_file.COLUMNS)
    assert documented("Learning curves") == list(CURVES)


def test_columns_of_curves_are_those_of_a_history():
    from nalu.training.history import MEASURES

    assert CURVES == ("condition", "settings", "seed", "step", *MEASURES)


def test_no_results_are_an_empty_table_with_types(shelf):
    table = runs.results("tiny")
    assert list(table) == list(csv_file.COLUMNS) and len(table) == 0
    assert table["solved"].dtype == bool and table["seed"].dtype == np.int64
    assert table["solved_at"].dtype == table["gate"].dtype == np.float64
    assert runs.missing("tiny")["NMU"] == tuple(range(10))
    assert not shelf.exists()


def test_values_survive_exactly(shelf):
    values = {"valid_mse": 0.1 + 0.2, "test_mse": math.inf, "gate": 5e-324, "threshold": 1e300,
              "sparsity_error": math.nan, "stopped_at": None, "solved": False, "solved_at": 2000.0}
    merging.merge("tiny", [row(3, **values)])
    (found,) = runs.results("tiny").to_dict("records")
    assert found["valid_mse"] == 0.1 + 0.2 and found["test_mse"] == math.inf
    assert found["gate"] == 5e-324 and found["threshold"] == 1e300 and found["solved_at"] == 2000
    assert math.isnan(found["sparsity_error"]) and math.isnan(found["stopped_at"])
    assert found["solved"] is False and found["simple"] is True and found["train_range"] == "[1,2]"
    text = (shelf / "tiny" / "results.csv").read_text().splitlines()[1]
    assert ",False,2000,," in text and ",0.30000000000000004,inf," in text


def test_rows_are_sorted_by_condition_and_seed(shelf):
    merging.merge("tiny", [row(9, "NALU"), row(10**9), row(9), row(1, "NALU"), row(2)])
    found = [(line.split(",")[1], int(line.split(",")[21])) for line in
             (shelf / "tiny" / "results.csv").read_text().splitlines()[1:]]
    assert found == [("NMU", 2), ("NMU", 9), ("NALU", 1), ("NALU", 9), ("NMU", 10**9)]


def test_finished_work_is_never_overwritten(shelf):
    assert merging.merge("tiny", [row(1), row(2)]) == 2
    before = tiny.tree(shelf)
    assert merging.merge("tiny", [row(1, solved=False, seconds=9)]) == 0
    assert tiny.tree(shelf) == before
    assert merging.merge("tiny", [row(1, solved=False), row(3)]) == 1
    assert runs.results("tiny")["solved"].tolist() == [True] * 3


def test_rows_with_other_settings_stay_but_are_not_shown(shelf):
    merging.merge("tiny", [row(1), row(1, iterations=7)])
    assert (shelf / "tiny" / "results.csv").read_text().count("\n") == 3
    assert runs.results("tiny")["iterations"].tolist() == [1100]
    assert runs.undeclared("tiny") == 1 and runs.missing("tiny")["NMU"][:2] == (0, 2)


def test_order_of_merging_does_not_matter(shelf):
    rows = [row(seed, name) for name in ("NMU", "NALU") for seed in range(10)]
    merging.merge("tiny", rows)
    at_once = (shelf / "tiny" / "results.csv").read_bytes()
    (shelf / "tiny" / "results.csv").unlink()
    random.Random(1).shuffle(rows)
    for k in range(0, 20, 3):
        merging.merge("tiny", rows[k:k + 4])
    assert (shelf / "tiny" / "results.csv").read_bytes() == at_once


def test_merging_at_the_same_time_loses_nothing(shelf):
    rows = [row(seed, name) for name in ("NMU", "NALU") for seed in range(10)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda r: merging.merge("tiny", [r]), rows)) == 20
    assert len(runs.results("tiny")) == 20


def test_reading_is_noted(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv(READ_LOG, str(tmp_path / "log"))
    runs.results("tiny")
    curves.thinned_history("tiny")
    assert (tmp_path / "log").read_text().split() == ["runs/tiny/results.csv"] * 2 + ["runs/tiny/history.csv.gz"]


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda t: t.replace("solved_at", "solvedat", 1), "has other columns: missing solved_at; unknown solvedat"),
    (lambda t: t.replace("experiment,model", "model,experiment", 1), "has other columns: another order"),
    (lambda t: "", "has other columns: missing experiment"),
    (lambda t: t[:-1], "is cut off: its last line has no end"),
    (lambda t: t[:-5] + "\n", "line 3 has 32 of 33 columns"),
    (lambda t: t.replace(",True,1000,", ",yes,1000,", 1), "line 2: solved is 'yes'; allowed: True or False"),
    (lambda t: t.replace(",0.2,", ",zero,", 1), "line 2: test_mse is 'zero'; allowed: number"),
    (lambda t: t.replace(",authors,1,", ",authors,,", 1), "line 2: seed is ''; allowed: integer"),
    (lambda t: t + t.splitlines()[1] + "\n", "line 4 repeats seed 1 of NMU"),
    (lambda t: t + '"' + "x" * 140_000 + "\n", "is no table of comma-separated values: field larger than"),
    (lambda t: t + "\udcff\n", "is no text in UTF-8"),
])
def test_wrong_file_is_refused_and_left_alone(shelf, spoil, message):
    merging.merge("tiny", [row(1), row(2)])
    path = shelf / "tiny" / "results.csv"
    path.write_text(spoil(path.read_text()), "utf8", "surrogateescape")
    before = tiny.tree(shelf)
    for use in (lambda: runs.results("tiny"), lambda: merging.merge("tiny", [row(5)])):
        with pytest.raises(ValueError) as error:
            use()
        assert f"{path}" in str(error.value) and message in str(error.value)
    assert tiny.tree(shelf) == before


def test_full_disk_leaves_the_old_file(shelf):
    keep("NMU", history([1]))
    before = tiny.tree(shelf)
    with full_disk(), pytest.raises(OSError, match="cannot write: File too large") as error:
        merging.merge("tiny", [row(seed) for seed in range(2, 9)])
    assert error.value.errno == errno.EFBIG and error.value.filename.endswith("tiny/results.csv")
    with full_disk(100), pytest.raises(OSError, match="cannot write"):
        keep("NMU", history(range(10)))
    assert tiny.tree(shelf) == before
    with full_disk(0), pytest.raises(OSError, match="cannot write: .*lock'"), files.locked(shelf / "lock"):
        pass


def test_curves_are_the_same_bytes_in_any_order(shelf):
    for seeds in ([3, 1], [2], [1]):
        keep("NMU", history(seeds))
    keep("NALU", history([1]))
    path = shelf / "tiny" / "history.csv.gz"
    first = path.read_bytes()
    shutil.rmtree(shelf)
    keep("NALU", history([1]))
    keep("NMU", history([1, 2, 3]))
    assert path.read_bytes() == first
    table = curves.thinned_history("tiny")
    assert table["condition"].tolist() == ["NMU"] * 9 + ["NALU"] * 3
    expected = history([1, 2, 3, 1]).drop(columns=["seed", "step"])
    pd.testing.assert_frame_equal(table[list(expected)], expected, check_exact=True)
    assert gzip.decompress(first).decode().startswith(",".join(CURVES) + "\n")


def test_curves_of_a_new_training_replace_the_old(shelf):
    keep("NMU", history([1, 2], gate=0.5))
    results = shelf / "tiny" / "results.csv"
    results.write_bytes(csv_file.dump(csv_file.read(results)[1:]))  # to have the first seed trained again
    keep("NMU", history([1], gate=0.25))
    assert curves.thinned_history("tiny").groupby("seed")["gate"].first().tolist() == [0.25, 0.5]


def test_curves_are_thinned_evenly_in_the_logarithm(shelf):
    steps = range(0, 1_000_001, 1000)
    keep("NMU", history([1], steps))
    kept = curves.thinned_history("tiny")["step"].tolist()
    assert kept[:4] == [0, 1000, 2000, 3000] and kept[-1] == 1_000_000
    assert [sum(10**k <= t < 10 ** (k + 1) for t in kept) for k in (3, 4, 5)] == [5, 5, 5]
    keep("NMU", history([2], range(0, 50_001, 1000)))
    table = curves.thinned_history("tiny")
    assert table.loc[table["seed"] == 2, "step"].tolist() == [t for t in kept if t <= 50_000]


def test_experiment_without_curves_keeps_none(shelf):
    entry = experiments.get("spark")
    assert curves.rows(entry, entry.condition("NAU-add"), history([1])) == []
    with pytest.raises(ValueError, match="experiment 'spark' keeps no learning curves"):
        curves.thinned_history("spark")


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-4],
                                     gzip.compress(b"a,b\n1,2\n", mtime=0)])
def test_wrong_curves_are_refused(shelf, content):
    files.write(shelf / "tiny" / "history.csv.gz", content)
    with pytest.raises(ValueError, match="history.csv.gz (is no text in UTF-8, or cut off|has other columns)"):
        curves.thinned_history("tiny")


ORIGIN = {"engine": "reference", "device": "cpu", "commit": "abc", "seconds": 0.1, "stopped_at": None}


@pytest.fixture
def folder(shelf):
    """The work folder of a small condition."""
    entry = experiments.get("tiny")
    return WorkFolder(entry, entry.condition("NMU"))


@pytest.fixture
def shard(folder):
    """The folder of two of its seeds."""
    return folder.shard([1, 2])


def test_rows_come_from_the_history(folder, shard):
    table = history([1, 2], valid_mse=0.3, test_mse=[1.0, 0, 0, 1, 1, 1], gate=[0, 1, 2, 3, 4, 5.0])
    shard.keep(table, {1: ORIGIN, 2: ORIGIN | {"stopped_at": 2001}})
    assert folder.hand_in() == 2 and folder.hand_in() == 0 and folder.contradictions() == []
    one, two = runs.results("tiny").to_dict("records")
    assert (one["solved"], one["best_step"], one["gate"]) == (False, 0, 0.0)
    assert math.isnan(one["stopped_at"]) and two["stopped_at"] == 2001
    assert one["threshold"] == folder.condition.task.threshold()
    assert len(curves.thinned_history("tiny")) == 6


@pytest.mark.parametrize("others", [[], [1]])
def test_seed_that_is_nan_from_the_start_has_a_row(folder, shard, others):
    shard.keep(history(others), dict.fromkeys(others, ORIGIN) | {2: ORIGIN | {"stopped_at": 0}})
    folder.hand_in()
    two = runs.results("tiny").set_index("seed").loc[2]
    assert not two["solved"] and two["stopped_at"] == 0 and math.isnan(two["best_step"])
    assert 2 not in runs.missing("tiny")["NMU"]


def test_history_keeps_the_first_training_of_a_seed(folder, shard):
    shard.keep(history([2], gate=0.5), {2: ORIGIN})
    shard.keep(history([2, 1], gate=0.25), {1: ORIGIN, 2: ORIGIN | {"commit": "later"}})
    known = folder.history()
    assert known.groupby("seed")["gate"].first().tolist() == [0.25, 0.5]
    assert known["step"].tolist() == [0, 1000, 2000] * 2
    assert known.attrs["origins"][2]["commit"] == "abc"


def test_edited_row_contradicts_its_history(folder, shard, shelf):
    shard.keep(history([1, 2], test_mse=1.0), {1: ORIGIN, 2: ORIGIN})
    folder.hand_in()
    path = shelf / "tiny" / "results.csv"
    path.write_text(path.read_text().replace(",False,", ",True,", 1))
    assert folder.contradictions() == ["seed 1: solved is 'True', from history 'False'"]
    path.write_text(path.read_text().replace(",abc,", ",def,", 1))
    assert folder.contradictions() == []


def test_shards_of_a_condition_are_one_history(folder, shard):
    folder.shard([3, 1]).keep(history([1, 3], gate=0.25), {1: ORIGIN | {"commit": "later"}, 3: ORIGIN})
    shard.keep(history([1, 2], gate=0.5), {1: ORIGIN, 2: ORIGIN})
    known = folder.history()
    assert [path.name.split(".")[0] for path in sorted(folder.path.iterdir())] == ["1,3", "1-2"]
    assert known.groupby("seed")["gate"].first().tolist() == [0.25, 0.5, 0.25]
    assert known.attrs["origins"][1]["commit"] == "later" and folder.trained() == {1, 2, 3}
    assert folder.hand_in() == 3 and folder.contradictions() == []


def test_history_of_other_settings_is_not_found(folder, shard):
    shard.keep(history([1]), {1: ORIGIN})
    other = experiments.Condition("NMU", folder.condition.task, 7, id="NMU")
    assert WorkFolder(folder.experiment, other).trained() == set()
    assert folder.trained() == {1}


def test_name_of_a_shard_is_short_and_tells_what_differs(folder):
    names = [folder.shard(seeds).path.name for seeds in ([0, 1, 2], [0, 2], range(0, 400, 2))]
    assert [name.split(".")[0] for name in names[:2]] == ["0-2", "0,2"]
    assert len({*names}) == 3 and max(map(len, names)) < 120


def test_checkpoint_is_of_these_seeds_engine_device_and_code(shard, monkeypatch):
    same = [shard.checkpoint([1, 2]), shard.checkpoint((2, 1), "auto", "cpu")]
    others = [shard.checkpoint([1]), shard.checkpoint([1, 2], "fused"),
              shard.checkpoint([1, 2], "auto", "cuda")]
    monkeypatch.setattr(origin, "code", lambda: "another")
    assert same[0] == same[1] and len({same[0], *others, shard.checkpoint([1, 2])}) == 5


@pytest.mark.parametrize("name", ["history.npz", "spec.json"])
def test_cut_off_file_is_refused(folder, shard, name):
    shard.keep(history([1]), {1: ORIGIN})
    shard.note({"seeds": "1"})
    path = shard.path / name
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match=f"{name} is cut off or no "):
        folder.history(), folder.trainings()


def test_every_flipped_byte_of_a_history_is_refused_in_one_way(folder, shard):
    shard.keep(history(range(1, 4)), dict.fromkeys(range(1, 4), ORIGIN))
    path = shard.path / "history.npz"
    whole, refused = path.read_bytes(), 0
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1:])
        try:
            folder.history()
        except ValueError as error:
            refused += 1
            assert f"{path} is cut off or no history" in str(error)
    assert refused > len(whole) / 7 / 3


def test_file_that_cannot_be_read_is_not_called_damaged(folder, shard):
    (shard.path / "history.npz").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        folder.history()


def test_lock_refuses_and_waits(tmp_path):
    lock = tmp_path / "deep" / "lock"
    assert not files.is_locked(lock)
    with files.locked(lock):
        assert files.is_locked(lock)
        with pytest.raises(ValueError, match=r"^busy \(process \d+ on .+\)$"), files.locked(lock, "busy"):
            pass
    assert not files.is_locked(lock)


def test_code_of_a_training_is_its_statements(tmp_path, monkeypatch):
    def code(**modules):
        for name, text in modules.items():
            files.write(tmp_path / "nalu" / f"{name}.py", text.encode())
        return origin.code.__wrapped__()

    monkeypatch.setattr(origin, "ROOT", tmp_path)
    first = code(models='"""Models."""\ndef f():\n    """One."""\n    return 1\n')
    assert code(models='"""M."""\ndef f():\n    return 1  # one\n', cli="1") == first
    assert code(models="def f():\n    return 2\n") != first
    attribute = code(models='class A:\n    x: int = 1\n    """One."""\n\nB = 2\n"""Two."""\n')
    assert code(models='class A:\n    x: int = 1\n    """Ein."""\n\nB = 2\n"""Zwei."""\n') == attribute
    assert code(models='class A:\n    x: int = 2\n    """One."""\n\nB = 2\n"""Two."""\n') != attribute


def test_code_of_a_training_holds_its_kernels(tmp_path, monkeypatch):
    def code(text):
        files.write(tmp_path / "nalu/training/cuda/kernel.cu", text.encode())
        return origin.code.__wrapped__()

    monkeypatch.setattr(origin, "ROOT", tmp_path)
    first = code("int x = 1;  // one\n")
    assert code("int x = 1;  // why it is one\n") == first != code("int x = 2;  // one\n")


def test_commit_says_when_the_package_was_modified(tmp_path, monkeypatch, capsys):
    import subprocess

    def git(*arguments):
        subprocess.run(["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b",
                        *arguments], check=True, capture_output=True)

    monkeypatch.setattr(origin, "ROOT", tmp_path)
    monkeypatch.delenv("NALU_COMMIT", raising=False)
    origin._unknown.cache_clear()
    assert origin.commit() == "unknown"
    git("init")
    assert origin.commit() == "unknown"
    assert capsys.readouterr().err == (f"nalu: git knows no commit of {tmp_path}, the results will say 'unknown'; "
                                       "export NALU_COMMIT=<what this code is>\n"), "once"
    files.write(tmp_path / "nalu" / "a.py", b"1")
    git("add", ".")
    git("commit", "-m", "first")
    clean = origin.commit()
    assert re.fullmatch("[0-9a-f]{10}", clean)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # a folder of somebody else, as in a container
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # and a hook of another repository
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert origin.commit() == clean
    for name in ("GIT_TEST_ASSUME_DIFFERENT_OWNER", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    files.write(tmp_path / "nalu" / "new.py", b"1")
    files.write(tmp_path / "note.txt", b"1")
    assert origin.commit() == clean
    files.write(tmp_path / "nalu" / "a.py", b"2")
    assert origin.commit() == clean + "+"
    monkeypatch.setattr(origin, "ROOT", tmp_path / "nalu")
    assert origin.commit() == "unknown"


def test_recorded_commits_can_be_looked_up():
    """Each is in the history; `runs/README.md` names those that are not."""
    import subprocess

    def git(*arguments):
        return subprocess.run(["git", "-C", tiny.ROOT, *arguments], capture_output=True, text=True)

    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip("no history to look into")
    tables = [*tiny.ROOT.glob("runs/*/results.csv"), *tiny.ROOT.glob("runs/*/lengths.csv")]
    recorded = {name for path in tables for name in pd.read_csv(path, dtype="str")["commit"]}
    lost = [name for name in recorded if git("merge-base", "--is-ancestor", name.rstrip("+"), "HEAD").returncode]
    assert recorded and [name for name in lost if name not in README] == []
