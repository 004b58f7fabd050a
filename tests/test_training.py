"""The reference engine does what a plain PyTorch loop for one seed does; test_stacked.py compares the models with a recipe."""

import numpy as np
import pytest
import torch
from unit_cases import PAPERS

from nalu import units
from nalu.models import TwoLayer, build, seeded
from nalu.tasks import Arithmetic
from nalu.training import Plan, fit, reference, train
from nalu.training.history import MEASURES

pytestmark = pytest.mark.slow

SMALL = Arithmetic(input_size=8)
RAMP = {"lambda_sparse": 0.5, "lambda_start": 20, "lambda_end": 220}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """One seed needs one lane here; what the other lanes are for is tested elsewhere."""
    monkeypatch.setattr(reference, "LANES", 1)


def plain_loop(name, task, seed, iterations, log_every, dtype, optimiser, ramp):
    """The protocol for one seed, with an optimiser of torch; the rows of its history."""
    model = seeded(name, seed, task.input_size, 2).to(dtype)
    optimiser = optimiser(model.parameters())

    def tensors(x):
        y = task.target(x, seed)
        return [torch.tensor(a, dtype=torch.float32).to(dtype) for a in (x, y)]

    def mse(x, y):
        return ((model(x) - y) ** 2).mean()

    validation, test = tensors(task.validation_inputs()), tensors(task.test_inputs())
    start, end, rows = ramp["lambda_start"], ramp["lambda_end"], []
    for i, batch in zip(range(iterations + 1), task.batches(seed), strict=False):
        x, y = tensors(batch)
        scale = min(max((i - start) / (end - start), 0.0), 1.0)
        if i % log_every == 0:
            with torch.no_grad():
                W = torch.cat([W.flatten() for W in model.weights()]).abs()
                sparsity = torch.minimum(W, (1 - W).abs()).max()
                row = (mse(x, y), mse(*validation), mse(*test), model.penalty(), sparsity, model.gate(x).mean())
                rows.append([float(value) for value in row])
        optimiser.zero_grad()
        (mse(x, y) + ramp["lambda_sparse"] * scale * model.penalty()).backward()
        optimiser.step()
        model.project_()
    return np.array(rows), model


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


def both(name, task, iterations, log_every, dtype, optimiser=adam, **settings):
    """The seed 4 trained by the engine, and by the plain loop."""
    trained = fit(name, task, [4], iterations, engine="reference", stream="authors",
                  log_every=log_every, dtype=dtype, **RAMP, **settings)
    loop = plain_loop(name, task, 4, iterations, log_every, getattr(torch, dtype), optimiser, RAMP)
    assert trained.history["step"].tolist() == list(range(0, iterations + 1, log_every))
    return trained.history[list(MEASURES)].to_numpy(), trained.models[4], *loop


@pytest.mark.parametrize("name", PAPERS)
def test_300_steps_of_adam_in_double_precision(name):
    history, model, rows, expected = both(name, SMALL, 299, 100, "float64")
    np.testing.assert_allclose(history, rows, rtol=1e-9, atol=1e-12)
    assert np.isfinite(rows[:, :-1]).all() and len(set(rows[:, 1])) == 3
    for key, value in expected.state_dict().items():
        found = model.state_dict()[key].to(value.dtype)
        torch.testing.assert_close(found, value, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", PAPERS)
def test_steps_of_adam_in_single_precision(name):
    history, model, rows, expected = both(name, SMALL, 20, 10, "float32")
    np.testing.assert_allclose(history[:, 0], rows[:, 0], rtol=1e-3)
    np.testing.assert_allclose(history[0], rows[0], rtol=1e-5)
    for key, value in expected.state_dict().items():
        torch.testing.assert_close(model.state_dict()[key], value, rtol=0, atol=1e-4)  # of 20 steps of 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_learned_networks_have_the_precision_they_were_trained_in(dtype):
    trained = fit("NMU", SMALL, [0], 3, engine="reference", dtype=dtype, log_every=4)
    assert {p.dtype for p in trained.models[0].parameters()} == {getattr(torch, dtype)}


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", ["NAU", "NAC_add"])
def test_gradient_descent(name, momentum):
    def sgd(parameters):
        return torch.optim.SGD(parameters, lr=1e-2, momentum=momentum)

    history, _, rows, _ = both(name, Arithmetic("add", input_size=8), 100, 50, "float64", sgd,
                               optimizer="sgd", learning_rate=1e-2, momentum=momentum)
    np.testing.assert_allclose(history, rows, rtol=1e-9, atol=1e-12)


def test_learning_rate_of_adam():
    def fast(parameters):
        return torch.optim.Adam(parameters, lr=0.1)

    history, _, rows, _ = both("NMU", SMALL, 60, 30, "float64", fast, learning_rate=0.1)
    np.testing.assert_allclose(history, rows, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name, operation", [("NAU", "add"), ("NMU", "mul"), ("NALU", "add")])
def test_the_loss_decreases(name, operation):
    history = train(name, Arithmetic(operation, input_size=8), [0, 1], 200, engine="reference",
                    log_every=200, learning_rate=0.02)
    for _, seed in history.groupby("seed"):
        assert seed["valid_mse"].iloc[-1] < 0.8 * seed["valid_mse"].iloc[0]
        assert seed["train_loss"].iloc[-1] < 0.8 * seed["train_loss"].iloc[0]


# -- schedule ----------------------------------------------------------------------------


@pytest.mark.parametrize("name, t, scale", [
    ("NMU", 0, 0), ("NMU", 1_000_000, 0), ("NMU", 1_250_000, 2.5), ("NMU", 2_000_000, 10),
    ("NMU", 5_000_000, 10), ("NAU", 5_000, 0), ("NAU", 27_500, 0.005), ("NAU", 60_000, 0.01),
    ("NMU_no_Rsparse", 5_000_000, 0), ("Gated_NAU_NMU", 1_500_000, 5),
])
def test_schedule_of_the_sparsity_regulariser(name, t, scale):
    assert Plan(name).scale(t) == pytest.approx(scale, abs=1e-15)


def test_settings_override_the_schedule_of_the_model():
    plan = Plan("NMU", lambda_sparse=3, lambda_start=0, lambda_end=10)
    assert [plan.scale(t) for t in (0, 5, 10, 99)] == [0, 1.5, 3, 3]
    assert Plan("NMU", lambda_sparse=0).scale(10**9) == 0.0  # zero is a value, not "default"


# -- logging -----------------------------------------------------------------------------


def test_a_row_is_logged_before_the_update_of_its_iteration():
    settings = {"engine": "reference", "log_every": 3}
    history = train("NMU", SMALL, [2], 6, **settings)
    assert history["step"].tolist() == [0, 3, 6]
    start = seeded("NMU", 2, 8)
    three = fit("NMU", SMALL, [2], 2, **settings).models[2]  # updates 0, 1 and 2
    x = SMALL.validation_inputs()
    x, y = (torch.tensor(a, dtype=torch.float32) for a in (x, SMALL.target(x, 2)))
    for model, row in ((start, 0), (three, 1)):
        assert history["valid_mse"][row] == (model(x) - y).square().mean().item()
        assert history["penalty"][row] == model.penalty().item()


def test_iterations_are_numbered_from_0_to_n_inclusive():
    assert Plan("NMU", iterations=5_000_000).end == 5_000_001
    assert len(Plan("NMU", iterations=5_000_000).log_steps) == 5001
    for n, steps in ((9, [0]), (10, [0, 10]), (11, [0, 10])):
        history = train("NMU", SMALL, [0], n, engine="reference", log_every=10)
        assert history["step"].tolist() == steps


def test_history_is_tidy():
    history = train("NMU", SMALL, [5, 1], 10, engine="reference", log_every=5)
    assert list(history) == ["seed", "step", *MEASURES]
    assert history["seed"].tolist() == [1, 1, 1, 5, 5, 5]
    assert history["gate"].isna().all() and history.drop(columns="gate").notna().all(axis=None)
    assert history.attrs.keys() == {"stopped_at", "engine", "seconds"} and not history.attrs["stopped_at"]
    gates = train("NALU", SMALL, [5, 1], 10, engine="reference", log_every=5)["gate"]
    assert gates.between(0, 1).all()


def test_progress_ends_with_the_number_of_updates():
    calls = []
    train("NMU", SMALL, [0], 50, engine="reference", progress=lambda *call: calls.append(call))
    assert calls[-1] == (51, 51) and calls == sorted(set(calls))


# -- models of one's own -----------------------------------------------------------------


def my_network(generator):
    return TwoLayer(units.NAU(8, 3, generator), units.NMU(3, 1, generator))


def test_a_builder_makes_a_model_of_ones_own():
    trained = fit(my_network, SMALL, [0, 1], 20, engine="reference", log_every=20, lambda_sparse=0)
    expected = my_network(torch.Generator().manual_seed(1))
    again = train(my_network, SMALL, [1], 20, engine="reference", log_every=20, lambda_sparse=0)
    assert trained.models[1].first.weight().shape == (3, 8)
    assert not torch.equal(trained.models[1].first.W, expected.first.W)
    assert trained.history.query("seed == 1").to_csv(index=False) == again.to_csv(index=False)


def test_a_builder_of_the_networks_of_the_registry_gives_the_same_training():
    def same(generator):
        return build("NMU", 8, 2, generator=generator)

    settings = {"engine": "reference", "log_every": 10}
    ours = train(same, SMALL, [3], 20, **settings)
    assert ours.to_csv() == train("NMU", SMALL, [3], 20, **settings).to_csv()


def test_a_model_with_buffers_is_refused():
    """Only parameters are stacked and saved: a buffer would be shared by all seeds."""

    class Shifted(TwoLayer):
        def __init__(self, generator):
            super().__init__(units.NAU(8, 2, generator), units.NMU(2, 1, generator))
            self.register_buffer("shift", torch.tensor(3.0))

    with pytest.raises(ValueError, match="buffer.*shift"):
        train(Shifted, SMALL, [0], 1, engine="reference")
