"""TensorBoard files hold the history and the weights of every seed."""

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nalu.tasks import Arithmetic
from nalu.training import fit, train

SIMPLE = Arithmetic(simple=True)
SETTINGS = {"engine": "reference", "log_every": 10}
SCALARS = {"train_loss", "valid_mse", "test_mse", "penalty", "sparsity_error"}


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    return events.Reload()


@pytest.mark.parametrize("name, gate", [("NMU", set()), ("NALU", {"gate"})])
def test_scalars_are_those_of_the_history(name, gate, tmp_path):
    history = train(name, SIMPLE, [4, 2], 25, tensorboard=tmp_path, **SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seed-2", "seed-4"]
    for seed, rows in history.groupby("seed"):
        events = read(tmp_path / f"seed-{seed}")
        assert set(events.Tags()["scalars"]) == SCALARS | gate
        for tag in SCALARS | gate:
            found = events.Scalars(tag)
            assert [event.step for event in found] == [0, 10, 20]
            np.testing.assert_allclose([event.value for event in found], rows[tag], rtol=1e-6)


def test_histograms_are_those_of_the_weights(tmp_path):
    fit("NMU", SIMPLE, [2], 21, tensorboard=tmp_path, **SETTINGS)
    events = read(tmp_path / "seed-2")
    assert set(events.Tags()["histograms"]) == {"weight/layer_1", "weight/layer_2"}
    for layer, tag in enumerate(["weight/layer_1", "weight/layer_2"]):
        found = {event.step: event.histogram_value for event in events.Histograms(tag)}
        assert sorted(found) == [0, 10, 20]
        for step, histogram in found.items():
            W = initial_or_learned(step).weights()[layer]
            assert histogram.num == W.numel()
            assert histogram.sum == pytest.approx(W.sum().item(), rel=1e-5)
            assert histogram.max == pytest.approx(W.max().item(), rel=1e-5)


def initial_or_learned(updates):
    """The NMU of seed 2 after this many updates."""
    from nalu.models import seeded

    if updates == 0:
        return seeded("NMU", 2, 4)
    return fit("NMU", SIMPLE, [2], updates - 1, **SETTINGS).models[2]


def test_watching_changes_nothing(tmp_path):
    watched = train("NMU", SIMPLE, [2], 25, tensorboard=tmp_path, **SETTINGS)
    assert watched.to_csv() == train("NMU", SIMPLE, [2], 25, **SETTINGS).to_csv()


def test_a_stopped_seed_is_no_longer_written(tmp_path):
    task = Arithmetic(input_size=80, train_range=((1, 5),))
    history = train("NALU", task, [0, 2], 16, learning_rate=1.0, tensorboard=tmp_path,
                    engine="reference", log_every=4)
    (stopped,) = history.attrs["stopped_at"]
    for seed in (0, 2):
        steps = [event.step for event in read(tmp_path / f"seed-{seed}").Scalars("train_loss")]
        assert steps == history.query("seed == @seed")["step"].tolist()
    assert len(history.query("seed == @stopped")) < 5
