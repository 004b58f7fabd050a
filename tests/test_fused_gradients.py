"""Every kernel of the fused loop is its unit: values, gradients, regulariser and range.

The loop has one way for a first unit, whose products are taken for all lanes at once, and one for a second unit, which
has a gradient for its inputs. `nalu.training.fused.alone` shows the second; the first is seen in the steps of a network.
"""

import numpy as np
import pytest
import torch
from fused_cases import as_fused
from fused_probes import make

from nalu import units
from nalu.models import TwoLayer
from nalu.tasks import Arithmetic
from nalu.training import Plan, reference
from nalu.training.fused.alone import respond
from nalu.training.fused.engine import Fused
from nalu.training.fused.kernels import KERNELS
from nalu.training.reference import Reference

pytestmark = pytest.mark.slow

SCALE = 0.7
SPECIAL = [0.0, 1.0, -1.0, 0.5, -0.5, 1.7, -2.3, 0.25, -0.0]
"""Weights where something changes: bounds, ties of the regulariser, and beyond the bounds."""


def close(found, expected, what):
    """Equal to ten digits of the largest number of the array."""
    expected = np.asarray(expected)
    largest = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * largest, err_msg=what)


def by_autograd(module, x, dy):
    """What `respond` returns, from the class of `nalu.units` and autograd."""
    x = torch.tensor(x.T, requires_grad=True)
    y, value = module(x), module.penalty()
    ((y * torch.tensor(dy.T)).sum() + SCALE * value).backward()
    result = {"y": y.detach().numpy().T, "dx": x.grad.numpy().T,
              "gradient": {key: p.grad.numpy() for key, p in module.named_parameters()},
              "weight": module.weight().detach().numpy().ravel()}
    module.project_()
    return result | {"projected": numbers_of(module)}


def numbers_of(module):
    return {key: p.detach().numpy().copy() for key, p in module.named_parameters()}


def check(module, x, dy):
    name = type(module).__name__
    found = respond(name, numbers_of(module), x, dy, SCALE)
    expected = by_autograd(module, x, dy)
    for key in ("weight", "y", "dx"):
        close(found[key], expected[key], key)
    for group in ("gradient", "projected"):
        for key, array in expected[group].items():
            close(found[group][key], array, f"{group} {key}")


def draw(rng, module, I, O, B, parameters, inputs):
    """Fill the parameters; inputs and output gradients."""
    for p in module.parameters():
        p.data = torch.from_numpy(parameters(rng, tuple(p.shape)))
    return inputs(rng, (I, B)), rng.normal(size=(O, B))


PARAMETERS = {
    "inside": lambda rng, shape: rng.uniform(-1, 1, shape),
    "outside": lambda rng, shape: rng.uniform(-3, 3, shape),
    "special": lambda rng, shape: rng.choice(SPECIAL, shape),
    "zero": lambda rng, shape: np.zeros(shape),
    "one": lambda rng, shape: np.ones(shape),
}
INPUTS = {
    "of both signs": lambda rng, shape: rng.uniform(-3, 3, shape),
    "with zeros": lambda rng, shape: rng.choice([0.0, 1.0, -1.0, 2.5], shape),
    "zero": lambda rng, shape: np.zeros(shape),
}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("name", KERNELS)
def test_kernel_is_its_unit(name, parameters, inputs):
    rng = np.random.default_rng(7)
    for I in (1, 2, 5):
        for O in (1, 3):
            for B in (1, 7, 32):
                module = make(name, I, O)
                x, dy = draw(rng, module, I, O, B, PARAMETERS[parameters], INPUTS[inputs])
                check(module, x, dy)


def test_every_parameter_of_a_unit_has_its_place():
    for name, row in KERNELS.items():
        assert set(dict(make(name, 2, 3).named_parameters())) == set(row.parameters), name


def test_a_factor_of_zero_leaves_the_gradient_of_the_others():
    """z = w1 x1 ... at W = 1: with x1 = 0 the product is 0, its slope for x1 is not."""
    x = np.array([[0.0], [3.0], [5.0]])
    found = respond("NMU", {"W": np.ones((1, 3))}, x, np.ones((1, 1)), 0.0)
    assert found["y"].tolist() == [[0.0]]
    assert found["dx"].ravel().tolist() == [15.0, 0.0, 0.0]
    assert found["gradient"]["W"].ravel().tolist() == [-15.0, 0.0, 0.0]
    two = respond("NMU", {"W": np.ones((1, 3))}, np.array([[0.0], [0.0], [5.0]]), np.ones((1, 1)), 0.0)
    assert not two["dx"].any() and not two["gradient"]["W"].any()


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("name", KERNELS)
def test_a_first_unit_takes_the_steps_of_the_reference(name, parameters, monkeypatch):
    """Gradients are the moments of a first step without momentum; the second step has the regulariser's, too."""
    monkeypatch.setattr(reference, "LANES", 1)

    def network(generator):
        model = TwoLayer(getattr(units, name)(5, 3, generator), units.Linear(3, 1, generator))
        rng = np.random.default_rng(7)
        for p in model.parameters():
            p.data = torch.from_numpy(PARAMETERS[parameters](rng, tuple(p.shape)).astype(np.float32))
        return model

    task = Arithmetic("add", 5, 0.4, train_range=((-2, -1), (1, 2)))
    plan = Plan(network, task, (0,), 2, optimizer="sgd", learning_rate=1e-9, batch_size=37, dtype="float64", log_every=1,
                lambda_sparse=SCALE, lambda_start=0, lambda_end=1)
    truth, machine = Reference(plan), Fused(plan)
    for stop in (1, 2):
        truth.advance(stop)
        machine.advance(stop)
        expected = as_fused(truth, machine.members[0].names(), 0)
        for what in ("m", "parameters"):
            close(machine.state()[what], expected[what], f"{what} after {stop} steps")
        close(*(np.nan_to_num(one["history"][0]) for one in (machine.state(), expected)), "history")
