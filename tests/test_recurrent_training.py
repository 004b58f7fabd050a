"""Training on sequential MNIST: against a plain loop, seeds apart, resumed, and recorded."""

import re

import numpy as np
import pandas as pd
import pytest
import tiny
import tiny_digits
import torch

from nalu import cli, experiments
from nalu.campaign.launch import train_condition
from nalu.results import runs
from nalu.results.recorded import errors as errors_of
from nalu.sequential.training import saved
from nalu.sequential.training.data import Data, shuffled
from nalu.sequential.training.fit import fit
from nalu.sequential.training.loop import Loop
from nalu.sequential.training.measure import measure
from nalu.sequential.training.networks import build
from nalu.support import paths
from nalu.tasks import digits, mnist

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    tiny_digits.use_here(monkeypatch, tmp_path / "runs")
    yield
    digits.load.cache_clear()


def trained(condition, seeds, **options):
    loop = Loop(condition, seeds, **options)
    loop.advance(loop.plan.end)
    return loop


def plain(condition, seed):
    """The authors' loop for one seed, picture by picture of a sequence; yields the network before each update."""
    network, task, known = build(condition, seed), condition.task, digits.load("digits")
    sequences = mnist.sequences(task.order(known, "train", seed), task.train_length)
    optimizer = torch.optim.Adam(network.parameters())
    update = 0
    for epoch in range(condition.epochs):
        order = shuffled(seed, epoch, len(sequences))
        for first in range(0, len(order), condition.batch_size):
            yield network
            which = sequences[order[first:first + condition.batch_size]]
            x = (torch.from_numpy(known.images[which]).float() / 255 - 0.1307) / 0.3081
            y = torch.from_numpy(task.targets(known.labels[which]))
            state = network.cell.start(y[:, :1])
            mse = penalty = 0.0
            seen = []
            for t in range(task.train_length):
                l = network.cnn(x[:, t, None])
                if condition.lambda_z:
                    seen.append(torch.cat([l, state], 1))
                state = network.cell(l, state)
                mse = mse + ((network.cell.output(state) - y[:, t:t + 1]) ** 2).mean() / task.train_length
            if condition.lambda_z:
                mean, W = torch.cat(seen).mean(0), network.cell.unit.W
                penalty = condition.lambda_z * ((1 - W) * (1 - mean) ** 2).mean()
            update += 1
            ramp = min(max((update - condition.lambda_start) / (condition.lambda_end - condition.lambda_start), 0), 1)
            loss = mse + condition.lambda_sparse * ramp * network.penalty() + penalty
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            network.project_()
    yield network


@pytest.mark.parametrize("model, settings", [("NMU", {"lambda_z": 1.0}), ("NALU", {}), ("LSTM", {}), ("reference", {})])
@pytest.mark.parametrize("stacked", [False, True])
def test_the_loop_is_the_plain_one(model, settings, stacked):
    condition = tiny_digits.condition(model, **settings)
    loop = Loop(condition, (3, 4), stacked=stacked)
    for update, network in enumerate(plain(condition, 4)):
        ours = loop.model(1)
        for (name, p), q in zip(ours.named_parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=2e-3, atol=2e-4, msg=lambda m, n=name, u=update: f"{n}, {u}: {m}")
        if update < loop.plan.end:
            loop.advance(update + 1)
    assert update == loop.plan.end == 2 * 5


def test_a_seed_does_not_depend_on_its_company():
    condition = tiny_digits.condition("NMU", lambda_z=1.0)
    together, alone = trained(condition, (0, 1, 2)), trained(condition, (1,))
    for name, p in alone.parameters.items():
        assert torch.equal(together.parameters[name][1], p[0]), name
    for name, values in alone.history.values.items():
        np.testing.assert_array_equal(together.history.values[name][1], values[0], err_msg=name)


def test_stages_and_checkpoints_change_nothing(tmp_path):
    condition, file = tiny_digits.condition("NMU"), tmp_path / "c.npz"
    straight = trained(condition, (0, 1))

    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(condition, (0, 1), checkpoint_file=file, checkpoint_every=2, progress=stop)
    assert file.exists()
    found = fit(condition, (0, 1), checkpoint_file=file, checkpoint_every=2)
    pd.testing.assert_frame_equal(found.history, straight.history.frame(straight.iteration), check_flags=False)
    networks, seconds = found.models, found.history.attrs["seconds"]
    for k in (0, 1):
        for p, q in zip(networks[k].parameters(), straight.model(k).parameters(), strict=True):
            assert torch.equal(p, q)
    assert seconds > 0
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match="is truncated"):
        fit(condition, (0, 1), checkpoint_file=file)


@pytest.mark.parametrize("stacked", [False, True])
def test_a_seed_that_becomes_nan_stops_alone(stacked):
    condition = tiny_digits.condition("NMU")
    sound = trained(condition, (0, 1), stacked=stacked)
    loop = Loop(condition, (0, 1), stacked=stacked)
    loop.advance(3)
    loop.parameters["cnn.fc2.bias"][0] = torch.nan
    loop.advance(loop.plan.end)
    assert loop.history.stopped_at.tolist() == [3, -1]
    for name, p in loop.parameters.items():
        assert torch.equal(p[1], sound.parameters[name][1]), name
    errors = errors_of(loop.history.frame(loop.iteration))
    assert errors.groupby("seed")["step"].max().tolist() == [0, 10]
    assert not errors[errors["seed"] == 1]["test_mse"].isna().any()


def test_what_is_measured_is_measured_as_by_hand():
    condition = tiny_digits.condition("NMU")
    data, network = Data(condition, (0,), "cpu"), build(condition, 0)
    found, known, task = measure(network, data), digits.load("digits"), condition.task
    with torch.no_grad():
        for length, error in zip(task.test_lengths, found["test_mse"], strict=True):
            cut = mnist.sequences(task.order(known, "test"), length)
            y, _, _ = network(data.pictures(cut))
            assert error == pytest.approx(np.mean((y.numpy() - task.targets(known.labels[cut])) ** 2), rel=1e-5)
        cut = mnist.sequences(task.order(known, "valid"), 2)
        y, _, _ = network(data.pictures(cut))
        assert found["valid_mse"] == pytest.approx(np.mean((y.numpy() - task.targets(known.labels[cut])) ** 2), rel=1e-5)
        three = np.array([i for i in range(50, 60) if known.labels[i] == 3])
        l = network.cnn(data.pictures(three)).numpy()
    assert found["digit_mean"][3] == pytest.approx(l.mean(), rel=1e-5) and np.isnan(found["digit_mean"][0])
    W = network.weight()[0].tolist()
    assert found["weights"].tolist() == pytest.approx(W)
    assert found["sparsity_error"] == pytest.approx(max(min(abs(w), abs(1 - w)) for w in W))


def test_measured_points_are_the_beginning_of_epochs_and_the_end():
    loop = trained(tiny_digits.condition("LSTM", epochs=4, log_every=2), (0,))
    errors = errors_of(loop.history.frame(loop.iteration))
    assert sorted(errors["step"].unique()) == [0, 10, 20]
    assert errors["sparsity_error"].isna().all() and len(errors) == 3 * 3


def test_every_epoch_has_another_order_and_uses_every_sequence_once():
    data = Data(tiny_digits.condition(), (0,), "cpu")
    seen = [np.concatenate([data.batch(0, e * 5 + b)[1].numpy() for b in range(data.updates)]) for e in (0, 1)]
    assert seen[0].shape == (18, 2) and data.updates == 5, "the last batch is smaller"
    assert not np.array_equal(*seen) and np.array_equal(np.sort(seen[0], 0), np.sort(seen[1], 0))


def test_a_condition_is_trained_once_and_recorded():
    lengths = runs.results_file(experiments.get("tiny"))
    assert train_condition("tiny", "NMU-Rz", "0-1")["seed"].unique().tolist() == [0, 1]
    text = lengths.read_bytes()
    train_condition("tiny", "NMU-Rz", "0-1")
    assert lengths.read_bytes() == text
    assert train_condition("tiny", "NMU-Rz")["seed"].unique().tolist() == [0, 1, 2]
    assert lengths.read_bytes().startswith(text), "rows stay as they are"
    assert runs.missing("tiny") == {"reference": (0, 1, 2), "NMU-Rz": (), "LSTM": (0, 1, 2)}
    results = runs.results("tiny")
    assert len(results) == 3 * 3 and set(results["best_step"]) <= {0.0, 5.0, 10.0}
    assert results["lambda_z"].unique().tolist() == [1.0] and results["commit"].unique().tolist() == ["abc"]
    loop = trained(tiny_digits.TABLE["tiny"].condition("NMU-Rz"), (0, 1, 2))
    errors = errors_of(loop.history.frame(loop.iteration)).set_index(["seed", "length", "step"])
    for row in results.itertuples():
        point = errors.loc[row.seed, row.test_length, row.best_step]
        assert (row.valid_mse, row.test_mse, row.state_weight) == (
            point["valid_mse"], point["test_mse"], point["state_weight"])
        assert row.valid_mse == errors.loc[row.seed, row.test_length]["valid_mse"].min()
    means = runs.details("tiny", "digits")
    assert sorted(means["digit"].unique()) == list(range(1, 10)) and len(means) == 3 * 9
    assert not list((paths.RUNS / "tiny" / "NMU-Rz").rglob("checkpoint-*")), "the checkpoint is gone"


def test_trained_networks_are_kept_if_asked_for():
    train_condition("tiny", "NMU-Rz", "0-1")
    assert not list((paths.RUNS / "tiny").glob("*.npz"))
    assert cli.main(["train", "tiny", "NMU-Rz", "--seeds", "2", "--keep", "--direct"]) == 0
    (file,) = (paths.RUNS / "tiny").glob("*.npz")
    case = tiny_digits.TABLE["tiny"].condition("NMU-Rz")
    assert file.name == "NMU-Rz-2.npz"
    torch.testing.assert_close(saved.load(case, file).weight(), trained(case, (2,)).model(0).weight(),
                               rtol=1e-3, atol=1e-6)


def test_the_command_line_lists_and_trains(capsys, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert cli.main(["train", "tiny", "LSTM", "--seeds", "2", "--direct"]) == 0
    assert "LSTM: 1 seeds" in capsys.readouterr().out
    assert cli.main(["status", "tiny"]) == 0
    assert "1 of 3" in capsys.readouterr().out


def test_one_command_trains_both_tasks_and_status_shows_both(capsys, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"spark": tiny.TABLE["spark"]})
    for words in (["spark", "NAU-add", "--seeds", "1"], ["tiny", "LSTM", "--seeds", "2"]):
        assert cli.main(["train", *words, "--direct"]) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert cli.main(["status"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"spark +NAU-add +partial +1 of 3 seeds", said) and re.search(r"tiny +LSTM +partial +1 of 3 seeds", said)
    assert cli.main(["results", "tiny"]) == 0
    assert re.search(r"LSTM +1 of 3 +", capsys.readouterr().out)


@pytest.mark.parametrize("words, message", [
    (["tini"], "did you mean 'tiny'"), (["tiny", "NUM-Rz"], "did you mean 'NMU-Rz'"),
    (["tiny", "LSTM", "--seeds", "7"], "7"), (["tiny", "LSTM", "--device", "cuba"], "there is no device 'cuba'"),
])
def test_what_is_wrong_is_one_line(words, message, capsys):
    assert cli.main(["train", *words]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and not paths.RUNS.exists()


def test_a_network_in_a_small_file_is_the_same_to_three_digits(tmp_path):
    condition, file = tiny_digits.condition("NMU"), tmp_path / "n.npz"
    networks = fit(condition, (0,)).models
    saved.save(networks[0], file)
    assert file.stat().st_size < 1e6
    for p, q in zip(saved.load(condition, file).parameters(), networks[0].parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="does not hold the parameters of LSTM"):
        saved.load(tiny_digits.condition("LSTM"), file)
    file.write_bytes(file.read_bytes()[:99])
    with pytest.raises(ValueError, match="does not hold"):
        saved.load(condition, file)
