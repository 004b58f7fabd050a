"""The scalar functions of the fused loop against the true values."""

import numpy as np
import pytest
from fused_probes import scalar

pytestmark = pytest.mark.slow

NAMES = ("exp", "log", "tanh")
BELOW_LOG = 1e-37
"""The loop takes no logarithm of anything smaller than 1e-7."""


def compute(name, x):
    y = np.empty_like(x)
    scalar(NAMES.index(name), x, y)
    return y


def ulps(found, exact):
    """Distance in units in the last place of the exact value, rounded to float32."""
    near = np.abs(exact.astype(np.float32))
    return np.abs(found.astype(np.float64) - exact) / np.spacing(near).astype(np.float64)


def every(low, high, count=1_000_000):
    """About `count` float32 numbers, evenly spaced among all from low to high > 0."""
    first, last = (int(np.float32(x).view(np.int32)) for x in (low, high))
    return np.linspace(first, last, count).astype(np.int32).view(np.float32)


def both_signs(x):
    return np.concatenate([-x[::-1], np.zeros(1, np.float32), x])


@pytest.mark.parametrize("name, x, bound", [
    ("exp", both_signs(every(1e-30, 87.0)), 2.0),
    ("log", every(BELOW_LOG, 3e38), 2.0),
    ("tanh", every(1e-30, 20.0), 2.0),
    ("tanh", -every(1e-30, 20.0), 2.0),
])
def test_float32_is_within_two_units_in_the_last_place(name, x, bound):
    exact = getattr(np, name)(x.astype(np.float64))
    assert ulps(compute(name, x), exact).max() <= bound


def test_exp_of_tiny_results_is_gradual():
    x = np.linspace(-103, -87.4, 10_001).astype(np.float32)
    np.testing.assert_allclose(compute("exp", x), np.exp(x.astype(np.float64)), rtol=0, atol=2e-45)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name, x, expected", [
    ("exp", [0.0, -0.0, np.inf, -np.inf, 1e4, -1e4, np.nan], [1, 1, np.inf, 0, np.inf, 0, np.nan]),
    ("log", [1.0, np.inf, np.nan], [0, np.inf, np.nan]),
    ("tanh", [0.0, np.inf, -np.inf, 100.0, -100.0, np.nan], [0, 1, -1, 1, -1, np.nan]),
])
def test_ends_of_the_range(name, x, expected, dtype):
    np.testing.assert_array_equal(compute(name, np.array(x, dtype)), np.array(expected, dtype))


def test_exp_overflows_where_float32_does():
    largest = np.float32(np.log(np.finfo(np.float32).max))
    x = np.array([largest * np.float32(0.999999), np.float32(88.73), np.float32(103.9)])
    assert np.isfinite(compute("exp", x)).tolist() == [True, False, False]


def test_no_value_depends_on_its_place_in_the_array():
    """Vector registers and the elements left over at the end give the same numbers."""
    x = np.linspace(-3, 3, 67).astype(np.float32)
    for name in ("exp", "tanh"):
        whole = compute(name, x)
        assert [compute(name, x[k : k + 1])[0] for k in range(len(x))] == whole.tolist()


def test_tanh_is_odd():
    x = every(1e-30, 20.0)
    assert np.array_equal(compute("tanh", -x), -compute("tanh", x))


@pytest.mark.parametrize("name, x", [
    ("exp", np.linspace(-700, 700, 100_001)), ("log", np.geomspace(1e-300, 1e300, 100_001)),
    ("tanh", np.linspace(-20, 20, 100_001)),
])
def test_float64_is_that_of_numpy(name, x):
    np.testing.assert_allclose(compute(name, x), getattr(np, name)(x), rtol=5e-16, atol=0)
