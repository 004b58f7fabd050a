"""A training killed at any moment continues as if it had not been."""

import errno
import random

import numpy as np
import pytest

from nalu.tasks import Arithmetic
from nalu.training import Plan, checkpoint, train
from nalu.training.engines import engine

pytestmark = pytest.mark.slow

SIMPLE = Arithmetic(simple=True)
SETTINGS = {"log_every": 7, "lambda_start": 5, "lambda_end": 30}


class Killed(Exception):
    """What the caller of a training may throw at it."""


def killed_after(iterations):
    def progress(done, total):
        if done >= iterations:
            raise Killed

    return progress


def run_with_interruptions(plan, stops, file):
    """Train in a new engine after each stop, which knows only the checkpoint."""
    machine = engine("reference", plan)
    for stop in stops:
        machine.advance(stop)
        checkpoint.save(file, machine.state(), {"iteration": machine.iteration})
        machine = engine("reference", plan)
        state, meta = checkpoint.load(file)
        machine.restore(state, meta["iteration"])
        assert machine.iteration == stop
    machine.advance(plan.end)
    return machine


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name, optimizer", [("NMU", "adam"), ("NALU", "adam"), ("NAU", "sgd")])
def test_interrupted_at_random_iterations_is_uninterrupted(name, optimizer, stream, tmp_path):
    extra = {"momentum": 0.9, "learning_rate": 1e-4} if optimizer == "sgd" else {}
    plan = Plan(name, SIMPLE, (6, 2), 50, stream=stream, optimizer=optimizer, **SETTINGS, **extra)
    whole = engine("reference", plan)
    whole.advance(plan.end)
    stops = sorted(random.Random(f"{name} {stream}").sample(range(1, 51), 3))
    resumed = run_with_interruptions(plan, stops, tmp_path / "checkpoint.npz")
    assert resumed.history.frame(51).to_csv() == whole.history.frame(51).to_csv()
    ours, theirs = resumed.state(), whole.state()
    assert ours.keys() == theirs.keys()
    for key, array in theirs.items():
        assert ours[key].dtype == array.dtype and ours[key].tobytes() == array.tobytes(), key


def test_a_stopped_seed_stays_stopped(tmp_path):
    task = Arithmetic(input_size=80, train_range=((1, 5),))
    plan = Plan("NALU", task, (0, 2), 16, learning_rate=1.0, log_every=4)
    whole = engine("reference", plan)
    whole.advance(plan.end)
    expected = whole.history.frame(17)
    (step,) = expected.attrs["stopped_at"].values()
    resumed = run_with_interruptions(plan, [step, step + 1], tmp_path / "checkpoint.npz").history.frame(17)
    assert resumed.to_csv() == expected.to_csv() and resumed.attrs == expected.attrs


@pytest.mark.parametrize("stop", [1, 13, 30])
def test_a_killed_training_is_taken_up_again(stop, tmp_path):
    file = tmp_path / "checkpoint.npz"
    settings = {"engine": "reference", "checkpoint_every": 4, **SETTINGS}
    with pytest.raises(Killed):
        train("NMU", SIMPLE, [3, 1], 40, checkpoint_file=file, progress=killed_after(stop), **settings)
    assert file.exists() == (stop > 4)
    begun = []
    resumed = train("NMU", SIMPLE, [3, 1], 40, checkpoint_file=file, **settings,
                    progress=lambda done, total: begun.append(done))
    assert stop <= 4 or begun[0] > stop - 4, "started from the beginning"
    assert resumed.to_csv() == train("NMU", SIMPLE, [3, 1], 40, **settings).to_csv()
    assert list(tmp_path.iterdir()) == [file], "the caller has not stored the history yet"
    assert checkpoint.load(file)[1]["iteration"] == 40
    again = train("NMU", SIMPLE, [3, 1], 40, checkpoint_file=file, **settings)
    assert again.to_csv() == resumed.to_csv()


def begun(file, **settings):
    """Leave the checkpoint of a training that was killed."""
    arguments = {"engine": "reference", "checkpoint_every": 4, **SETTINGS, **settings}
    with pytest.raises(Killed):
        train("NMU", SIMPLE, [3, 1], 40, checkpoint_file=file, progress=killed_after(9), **arguments)
    return file.read_bytes()


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_one_clear_error(kept, tmp_path):
    file = tmp_path / "checkpoint.npz"
    whole = begun(file)
    part = whole[: int(kept * len(whole))]
    file.write_bytes(part)
    check_refused(file, "truncated or no checkpoint; delete it")
    assert file.read_bytes() == part


def test_the_seconds_of_a_killed_training_count(tmp_path):
    file = tmp_path / "checkpoint.npz"
    begun(file)
    state, meta = checkpoint.load(file)
    assert 0 < meta["seconds"] < 60
    checkpoint.save(file, state, meta | {"seconds": 1000.0})
    history = train("NMU", SIMPLE, [3, 1], 40, engine="reference", checkpoint_file=file, **SETTINGS)
    assert 1000 < history.attrs["seconds"] < 1060


def check_refused(file, message, **settings):
    arguments = {"engine": "reference", "checkpoint_file": file, **SETTINGS} | settings
    with pytest.raises(ValueError) as error:
        train(**{"model": "NMU", "task": SIMPLE, "seeds": [3, 1], "iterations": 40} | arguments)
    text = str(error.value)
    assert str(file) in text and message in text and "\n" not in text


@pytest.mark.parametrize("content", [
    "text", "a flipped bit", "npz without meta", "pickle", "a damaged index", "npy",
])
def test_another_file_is_no_checkpoint(content, tmp_path):
    file = tmp_path / "checkpoint.npz"
    if content == "text":
        file.write_text("seed,step\n")
    elif content == "a flipped bit":
        whole = bytearray(begun(file))
        whole[len(whole) // 2] ^= 1
        file.write_bytes(whole)
    elif content == "a damaged index":
        whole = bytearray(begun(file))
        whole[whole.index(b"PK\1\2") + 10] = 99  # an unknown compression method
        file.write_bytes(whole)
    elif content == "npz without meta":
        np.savez(file, W=np.zeros(3))
    else:
        with file.open("wb") as out:
            np.save(out, np.zeros(3) if content == "npy" else np.array([{}], object), allow_pickle=True)
    before = file.read_bytes()
    check_refused(file, "truncated or no checkpoint; delete it")
    assert file.read_bytes() == before


@pytest.mark.parametrize("setting, value", [
    ("model", "NAU"), ("seeds", [3, 2]), ("seeds", [1, 3]), ("iterations", 41), ("task", Arithmetic("add", simple=True)),
    ("stream", "authors"), ("learning_rate", 0.01), ("optimizer", "sgd"), ("lambda_sparse", 1.0), ("lambda_end", 31),
    ("hidden_size", 3), ("batch_size", 64), ("log_every", 5), ("dtype", "float64"), ("momentum", 0.5),
])
def test_the_checkpoint_of_another_training_names_what_differs(setting, value, tmp_path):
    file = tmp_path / "checkpoint.npz"
    before = begun(file)
    settings = {setting: value}
    if setting == "model":  # whose own schedule would differ, too
        settings |= {"lambda_sparse": 10.0}
    check_refused(file, f"checkpoint of another training, it differs in {setting}; delete it", **settings)
    assert file.read_bytes() == before


def test_several_differences_are_all_named(tmp_path):
    begun(tmp_path / "checkpoint.npz")
    check_refused(tmp_path / "checkpoint.npz", "differs in iterations, log_every;", iterations=7, log_every=1)


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "checkpoint.npz"
    checkpoint.save(file, {"W": np.arange(3)}, {"iteration": 1})
    before = file.read_bytes()

    def full(out, **arrays):
        out.write(b"PK half a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="cannot write checkpoint: No space left") as error:
        checkpoint.save(file, {"W": np.arange(4)}, {"iteration": 2})
    assert error.value.errno == errno.ENOSPC and error.value.filename == str(file)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_a_missing_folder_is_named(tmp_path):
    file = tmp_path / "nowhere" / "checkpoint.npz"
    with pytest.raises(OSError, match="cannot write checkpoint.*nowhere"):
        checkpoint.save(file, {}, {})


def test_no_checkpoint_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "checkpoint.npz")


def test_save_and_load_return_the_same(tmp_path):
    state = {"W/first.W": np.arange(6, dtype=np.float32).reshape(2, 3), "stopped_at": np.array([-1, 5])}
    meta = {"iteration": 7, "identity": {"seeds": [1, 2], "learning_rate": 0.1}}
    checkpoint.save(tmp_path / "c.npz", state, meta)
    loaded, found = checkpoint.load(tmp_path / "c.npz")
    assert found == meta and loaded.keys() == state.keys()
    for key, array in state.items():
        assert loaded[key].dtype == array.dtype and np.array_equal(loaded[key], array)


@pytest.mark.parametrize("every", [0, -5, 2.5])
def test_the_interval_of_checkpoints_is_checked(every, tmp_path):
    with pytest.raises(ValueError, match=rf"^checkpoint_every must be an integer of at least 1, got {every}$"):
        train("NMU", SIMPLE, [0], 10, engine="reference", checkpoint_file=tmp_path / "c.npz", checkpoint_every=every)
