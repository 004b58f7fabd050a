"""Every model builds, differentiates, and starts from the weights of the authors' run."""

import copy
import math

import pytest
import torch
from unit_cases import HARD, PAPERS

from nalu.models import build, seeded
from nalu.registry import MODELS
from nalu.units.initialisation import nac_bound

GATED = [name for name, row in MODELS.items() if row.gated]


@pytest.mark.parametrize("name", MODELS)
def test_forward_and_backward(name):
    model = seeded(name, 3, 6, 2).double().train(MODELS[name].second in HARD)
    x = torch.linspace(0.5, 2, 24, dtype=torch.float64).reshape(2, 2, 6).requires_grad_()
    z = model(x)
    assert z.shape == (2, 2, 1)
    (z.square().mean() + model.penalty()).backward()
    assert x.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert [W.shape[-2:] for W in model.weights()] == [(2, 6), (1, 2)]
    assert torch.equal(model.penalty(), model.first.penalty() + model.second.penalty())
    model.project_()
    torch.testing.assert_close(model(x[0]), model(x)[0])


@pytest.mark.parametrize("name", MODELS)
def test_gate_is_that_of_the_second_unit_or_nan(name):
    model, x = seeded(name, 3, 6, 2), torch.rand(5, 6) + 1
    gate = model.gate(x)
    assert gate.shape == (5, 1)
    if name in GATED:
        assert torch.equal(gate, model.second.gate(model.first(x)))
    else:
        assert gate.isnan().all()


@pytest.mark.parametrize("name", MODELS)
def test_projection_reaches_both_units(name):
    model = seeded(name, 3, 6, 2)
    for parameter in model.parameters():
        parameter.data.mul_(20.0)
    expected = copy.deepcopy(model)
    expected.first.project_()
    expected.second.project_()
    model.project_()
    for key, value in expected.state_dict().items():
        assert torch.equal(model.state_dict()[key], value)


# -- initial weights ---------------------------------------------------------------------

GOLDEN = {  # after torch.manual_seed(0), 100 inputs, hidden size 2
    ("NMU", "first.W"): [-0.183338, -0.166504, -0.140831],
    ("NMU", "second.W"): [0.381966, 0.729762],
    ("NAU", "first.W"): [-0.183338, -0.166504, -0.140831],
    ("NAU", "second.W"): [-0.236068, 0.459524],
    ("NAC_mul_NMU", "first.W"): [-0.183338, -0.166504, -0.140831],
    ("NAC_mul_NMU", "second.W"): [0.381966, 0.729762],
    ("NAC_add", "first.W_hat"): [0.206069, -0.38254, 0.482283],
    ("NAC_add", "first.M_hat"): [-0.21652, -0.230062, 0.264004],
    ("NAC_add", "second.W_hat"): [0.02692, 8.514035],
    ("NAC_add", "second.M_hat"): [9.418225, -5.486428],
    ("NAC_mul", "second.W_hat"): [0.02692, 8.514035],
    ("Linear", "first.W"): [-0.183338, -0.166504, -0.140831],
    ("Linear", "second.W"): [-0.6677, 1.29973],
    ("ReLU", "first.W"): [-0.185162],
    ("NAC_mul_sigma", "second.W_hat"): [2.244016, 0.160572],
}


def from_global(name, seed, input_size=100, hidden_size=2):
    torch.manual_seed(seed)
    return build(name, input_size, hidden_size)


@pytest.mark.parametrize("make", [seeded, from_global])
@pytest.mark.parametrize("name, key", GOLDEN)
def test_golden_initial_weights(name, key, make):
    expected = torch.tensor(GOLDEN[name, key])
    values = make(name, 0).get_parameter(key).detach().flatten()
    torch.testing.assert_close(values[: len(expected)], expected, rtol=0, atol=1.1e-6)


def uniform(r, centre=0.0):
    return lambda shape: torch.empty(shape).uniform_(centre - r, centre + r)


def normal(std):
    return lambda shape: torch.empty(shape).normal_(0.0, std)


def nac(I, O, prefix=""):
    return [(prefix + "W_hat", uniform(nac_bound(I, O))), (prefix + "M_hat", uniform(nac_bound(I, O)))]


def glorot(I, O):
    return math.sqrt(3.0) * math.sqrt(2.0 / (I + O))


def order_of_draws(unit, I, O):
    """What one call of the authors' reset routine draws, in their order."""
    G = ("G", uniform(glorot(I, O)))
    return {
        "Linear": [("W", uniform(glorot(I, O)))],
        "ReLU": [("W", uniform(math.sqrt(6.0 / I)))],
        "ReLU6": [("W", uniform(math.sqrt(6.0 / I)))],
        "NAC": nac(I, O),
        "NACMul": nac(I, O),
        "NACMulSigma": [("W_hat", normal(math.sqrt(2.0 / (I + O))))],
        "NACMulNMU": [("W", uniform(0.25, 0.5))],
        "NAU": [("W", uniform(min(0.5, glorot(I, O))))],
        "NAUNoClamp": [("W", uniform(min(0.5, glorot(I, O))))],
        "NMU": [("W", uniform(0.25, 0.5))],
        "NMUNoClamp": [("W", uniform(0.25, 0.5))],
        "NALU": [*nac(I, O, "nac."), G],
        "NALUSeparate": [*nac(I, O, "add."), *nac(I, O, "mul."), G],
        "GatedNAUNMU": [("nau.W", uniform(min(0.5, glorot(I, O)))), ("nmu.W", uniform(0.25, 0.5)), G],
    }[unit]


@pytest.mark.parametrize("hidden_size", [2, 5])
@pytest.mark.parametrize("name", PAPERS)
def test_draws_are_in_the_authors_order_and_drawn_twice(name, hidden_size):
    row = MODELS[name]
    torch.manual_seed(7)
    drawn = {}
    for _ in range(2):  # the network's constructor, then the training script
        for layer, unit, I, O in (("first", row.first, 100, hidden_size), ("second", row.second, hidden_size, 1)):
            for key, draw in order_of_draws(unit, I, O):
                drawn[f"{layer}.{key}"] = draw((O, I))
    for model in (seeded(name, 7, 100, hidden_size), from_global(name, 7, 100, hidden_size)):
        weights = {k: v for k, v in model.named_parameters() if not k.endswith(".b")}
        assert weights.keys() == drawn.keys()
        for key, value in weights.items():
            assert torch.equal(value, drawn[key]), key


def test_seeded_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    seeded("NALU", 4)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["NMU", "Gated_NAU_NMU"])
def test_double_precision_starts_from_the_same_numbers(name):
    double = build(name, 6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for key, value in seeded(name, 1, 6, 2).state_dict().items():
        assert torch.equal(double.state_dict()[key], value.double())


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, message", [
    (("NUM",), "unknown model 'NUM'; did you mean 'NMU'? allowed: Linear, "),
    (("NMU", 0), "input_size must be an integer of at least 1, got 0"),
    (("NMU", 2.5), "input_size must be an integer of at least 1, got 2.5"),
    (("NMU", 100, 0), "hidden_size must be an integer of at least 1, got 0"),
    (("NMU", 100, "2"), "hidden_size must be an integer of at least 1, got '2'"),
])
def test_bad_input(arguments, message):
    with pytest.raises(ValueError) as error:
        build(*arguments)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)


def test_sizes_may_be_whole_floats_as_papermill_gives_them():
    assert build("NMU", 6.0, 2.0)(torch.ones(6)).shape == (1,)
