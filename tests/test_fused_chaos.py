"""Why some trajectories of two engines part: it lies in the equations, not in an engine.

A weight of a saturated tanh has a slope of 1e-8 and less, which Adam scales up to a step of
the usual size; near a sum of zero the logarithm of NAC• has a slope of 1e7. A difference
in the last digit then grows by a constant factor per step, as in any chaotic system, until
it is as large as the steps. Training such a network twice in two engines, or on two
processors, gives two runs of the same distribution, not the same run.
"""

import numba
import numpy as np
import pytest
from fused_cases import OPS, SMALL

from nalu.tasks import Arithmetic
from nalu.training import Plan, reference
from nalu.training.fused.engine import Fused
from nalu.training.reference import Reference

pytestmark = pytest.mark.slow

STOPS = (1, 10, 20, 50, 100, 150)
NUDGE = 1e-15


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """One lane, and one thread."""
    monkeypatch.setattr(reference, "LANES", 1)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def plan(name, operation):
    return Plan(name, Arithmetic(operation, **SMALL), [OPS.index(operation)], 150, hidden_size=3,
                dtype="float64", log_every=150)


def growth(first, second, parameters):
    """Largest difference of the parameters at each of `STOPS`."""
    distances = []
    for stop in STOPS:
        first.advance(stop)
        second.advance(stop)
        pairs = zip(parameters(first), parameters(second), strict=True)
        distances.append(max(np.abs(np.asarray(a) - np.asarray(b)).max() for a, b in pairs))
    return np.array(distances)


def nudged_fused(name, operation):
    pair = Fused(plan(name, operation)), Fused(plan(name, operation))
    pair[1].lanes.parameters[0, 0] += NUDGE
    return growth(*pair, lambda machine: [machine.lanes.parameters])


def nudged_reference(name, operation):
    pair = Reference(plan(name, operation)), Reference(plan(name, operation))
    for W in [*pair[1].parameters.values()][:1]:
        W[0, 0, 0] += NUDGE
    return growth(*pair, lambda machine: [W.detach() for W in machine.parameters.values()])


@pytest.mark.parametrize("name, operation", [
    ("NAC_mul", "add"), ("NAC_mul", "mul"), ("NALU", "add"), ("NALU", "root"), ("NALU_separate", "mul")])
def test_a_nudge_of_1e_15_becomes_the_size_of_the_steps(name, operation):
    distance = nudged_fused(name, operation)
    assert distance[0] < 1e-12 and distance[-1] > 1e-4, distance


@pytest.mark.parametrize("name, operation", [
    ("NMU", "mul"), ("NMU", "add"), ("NAU", "sub"), ("Linear", "div"), ("Gated_NAU_NMU", "mul")])
def test_a_nudge_stays_small_in_a_calm_network(name, operation):
    assert nudged_fused(name, operation).max() < 1e-13


def test_the_growth_is_exponential():
    """Between the first step and saturation: about straight in the logarithm."""
    distance = nudged_fused("NALU", "div")
    per_step = np.diff(np.log(distance[:4])) / np.diff(STOPS[:4])
    assert (per_step > 0.1).all() and (per_step < 3).all(), per_step


def test_the_reference_parts_from_itself_as_fast():
    """The same nudge in plain PyTorch: no engine is to blame."""
    for name, operation, chaotic in (("NALU", "add", True), ("NMU", "mul", False)):
        distance = nudged_reference(name, operation)
        assert distance[-1] > 1e-4 if chaotic else distance[-1] < 1e-13, distance
