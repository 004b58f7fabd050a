"""How fast two trainings part: cases whose exponent is known, and one of each kind of network."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nalu.registry import MODELS
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.divergence import distances, exponent, nudged, parted_at

pytestmark = pytest.mark.slow

SMALL = Arithmetic("mul", simple=True)


class Constant(nn.Module):
    """Predicts one number for all inputs: the loss is a parabola of curvature 2, whatever the batch."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.w.expand(*x.shape[:-1], 1)

    def weights(self):
        return [self.w]

    def penalty(self):
        return 0.0 * self.w.sum()

    def project_(self):
        pass

    def gate(self, x):
        return x[..., :1]


def constant(generator):
    return Constant()


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.1])
def test_gradient_descent_on_a_parabola(rate):
    """Every update multiplies the distance by |1 - 2 rate|: contraction, and growth above 1."""
    plan = Plan(constant, SMALL, [0], 20, optimizer="sgd", learning_rate=rate, dtype="float64")
    steps = [0, 1, 2, 5, 20]
    found = distances(plan, nudged(plan), steps)[:, 0]
    factor = abs(1 - 2 * rate)
    assert found[0] == 2.0**-23
    np.testing.assert_allclose(found, found[0] * factor ** np.array(steps), rtol=1e-4)
    assert exponent(steps, found) == pytest.approx(1000 * math.log(factor), rel=1e-4)


def logistic(x, updates):
    yield x
    for _ in range(updates):
        x = 4 * x * (1 - x)
        yield x


def test_the_logistic_map_doubles_a_difference_on_average():
    """Its exponent is ln 2 per update, until the distance is as large as the interval."""
    pairs = [np.abs(np.subtract(*([*logistic(x, 60)] for x in (start, start + 1e-14))))
             for start in np.linspace(0.1, 0.9, 40)]
    found = [exponent(range(61), d, ceiling=1e-2) for d in pairs]
    assert np.mean(found) == pytest.approx(1000 * math.log(2), rel=0.1)
    assert exponent(range(61), pairs[0]) < 0.9 * np.mean(found), "without a ceiling it flattens"


@pytest.mark.parametrize("name", MODELS)
def test_a_nudge_is_one_float32_of_one_weight(name):
    plan = Plan(name, SMALL, [3], 10)
    before, after = (torch.cat([p.detach().flatten() for p in one.build(3).parameters()])
                     for one in (plan, nudged(plan)))
    differ = before != after
    assert differ.sum() == 1
    assert after[differ] == torch.nextafter(before[differ], torch.tensor(math.inf))
    same = ("lambda_sparse", "lambda_start", "lambda_end", "seeds", "task", "iterations")
    assert all(getattr(plan, f) == getattr(nudged(plan), f) for f in same)


@pytest.mark.parametrize("name, parts", [("NMU", False), ("NAC_mul", True)])
def test_calm_and_chaotic_networks(name, parts):
    plan = Plan(name, Arithmetic("mul"), range(3), 300, dtype="float64")
    found = distances(plan, nudged(plan), [0, 100, 200, 300])
    assert (found[0] < 1e-6).all() and ((found[-1] > 1e-3) == parts).all()


def test_the_same_training_has_no_distance():
    plan = Plan("NMU", SMALL, range(2), 50)
    assert (distances(plan, replace(plan), [0, 50]) == 0).all()


def test_the_first_stop_that_reaches_the_ceiling():
    steps, d = [0, 10, 20, 30], [1e-6, 1e-4, 1e-2, 1e-4]
    assert parted_at(steps, d, 1e-2) == 20 and math.isnan(parted_at(steps, d, 1))
    assert exponent(steps, d, 1e-2) == pytest.approx(1000 / 20 * math.log(1e4))
    assert exponent(steps, d) == pytest.approx(1000 / 30 * math.log(1e2))
    assert exponent([0, 10], [1e-6, 0]) == -math.inf


@pytest.mark.parametrize("steps, distance, said", [
    ([0], [1e-8], "two steps"), ([0, 1], [0, 1e-8], "between 0"), ([0, 1], [1.0, 2.0], "got 1")])
def test_no_exponent(steps, distance, said):
    with pytest.raises(ValueError, match=said):
        exponent(steps, distance, ceiling=1e-2)


@pytest.mark.parametrize("other, stops, said", [
    ({"seeds": (1,)}, [0], "seeds differ"), ({}, [1, 1], "increase"), ({}, [0, 12], "after the last"),
    ({}, [-1], "stop")])
def test_bad_input_is_refused(other, stops, said):
    plan = Plan("NMU", SMALL, [0], 10)
    with pytest.raises(ValueError, match=said):
        distances(plan, replace(plan, **other), stops)
