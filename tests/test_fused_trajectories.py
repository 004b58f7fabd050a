"""The fused engine takes the steps that the reference engine takes, for every model and operation.

Networks with a saturated tanh or sigmoid are chaotic: see `test_fused_chaos`. Their steps
are compared one by one, each from the reference's state; all others also without restart.
In float32 the slope 1 - tanh² of a saturated tanh has no correct digit, and Adam makes a
whole step of it, so that there only the gradients, through their moments, can be compared.
"""

import numba
import numpy as np
import pytest
from fused_cases import compare
from unit_cases import PAPERS

from nalu.registry import MODELS
from nalu.training import reference
from nalu.units.initialisation import nac_bound

pytestmark = pytest.mark.slow

RAMP = {"hidden_size": 3, "lambda_start": 50, "lambda_end": 150, "log_every": 50}
CALM = [name for name in PAPERS
        if not any(unit.startswith(("NAC", "NALU")) for unit in (MODELS[name].first, MODELS[name].second))]

SATURATED = nac_bound(3, 1) + 300 * 1e-3  # how far 300 steps of 1e-3 can move the largest initial weight
OF_SATURATED_SLOPE = np.finfo(float).eps / (1 - np.tanh(SATURATED) ** 2)
"""Relative error that the rounding of tanh leaves in its slope, 1 - tanh². Its square has twice that."""


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """One lane for one seed, and one thread: the other waits at the end of each iteration."""
    monkeypatch.setattr(reference, "LANES", 1)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def test_the_networks_of_naus_and_nmus_are_calm():
    assert {"Linear", "ReLU", "ReLU6", "NAU", "NMU", "Gated_NAU_NMU"} < set(CALM) and len(CALM) == 10


@pytest.mark.parametrize("name", PAPERS)
def test_300_steps_in_double_precision(name):
    found = compare(name, 300, dtype="float64", stream="philox", **RAMP)
    W, m, v = found.step.max((0, 1))
    of_m, of_v = (1e-9, 1e-9) if name in CALM else (OF_SATURATED_SLOPE, 2 * OF_SATURATED_SLOPE)
    assert W < max(1e-11, 1e-3 * of_m) and m < of_m and v < of_v, "of steps of 1e-3"
    assert found.rows.max() < 1e-9 and found.rows.shape == (6, 6, 6)
    if name in CALM:
        assert found.whole.max() < 1e-13
        assert found.whole_rows.max() < 1e-12


@pytest.mark.parametrize("name", PAPERS)
def test_200_steps_in_single_precision(name):
    found = compare(name, 200, dtype="float32", stream="authors", **RAMP)
    assert np.median(found.step, 0)[:, 1:].max() < 1e-5
    assert found.rows[:, 0].max() < 1e-4
    if name in CALM:
        assert found.step.max((0, 1))[0] < 1e-6
        assert found.whole.max() < 2e-6 and found.whole_rows.max() < 2e-5
