"""Every setting of a plan means the same to the fused engine as to the reference."""

import numba
import numpy as np
import pytest
from fused_cases import SMALL, compare

from nalu.training import reference

pytestmark = pytest.mark.slow

BASE = {"dtype": "float64", "log_every": 20, "lambda_sparse": 2.0, "lambda_start": 10, "lambda_end": 40}
ONE_INPUT = {"input_size": 1, "subset_ratio": 1, "number_of_subsets": 1}


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """One lane, and one thread."""
    monkeypatch.setattr(reference, "LANES", 1)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def check(name, operation, steps=50, shape=SMALL, **settings):
    found = compare(name, steps, shape, [operation], **BASE | settings)
    assert found.step.max((0, 1))[0] < 1e-11 and found.step[..., 1].max() < 1e-9
    assert found.rows.max() < 1e-9
    return found


def check_calm(*arguments, **settings):
    found = check(*arguments, **settings)
    assert found.whole.max() < 1e-12 and found.whole_rows.max() < 1e-11


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name, learning_rate", [("NAU", 1e-3), ("Linear", 1e-3), ("NMU", 1e-5)])
def test_gradient_descent(name, learning_rate, momentum):
    check_calm(name, "add", optimizer="sgd", learning_rate=learning_rate, momentum=momentum)


def test_learning_rate_of_adam():
    check_calm("NMU", "mul", learning_rate=0.05)


@pytest.mark.parametrize("name", ["NAU", "NMU", "Gated_NAU_NMU", "Linear"])
@pytest.mark.parametrize("hidden_size", [1, 2, 10])
def test_hidden_size(name, hidden_size):
    check_calm(name, "mul", hidden_size=hidden_size)


@pytest.mark.parametrize("name", ["NAC_mul", "NALU", "NALU_separate", "NAC_mul_sigma", "NAC_mul_NMU"])
def test_hidden_size_one(name):
    check(name, "mul", hidden_size=1)


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name", ["NAU", "NMU", "Gated_NAU_NMU", "ReLU6"])
def test_one_input(name, stream):
    check_calm(name, "squared", shape=ONE_INPUT, stream=stream)


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name", ["NAU", "NMU"])
@pytest.mark.parametrize("where", [((-2, -1), (1, 2)), ((-2, 2),), ((0.1, 0.7), (5.3, 5.9)), ((0, 1),)])
def test_training_range(name, where, stream):
    check_calm(name, "mul", shape=SMALL | {"train_range": where}, stream=stream)


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("batch_size", [1, 3, 30, 130])
def test_batch_size(batch_size, stream):
    check_calm("NMU", "mul", batch_size=batch_size, stream=stream)
    check_calm("Gated_NAU_NMU", "add", batch_size=batch_size, stream=stream)


@pytest.mark.parametrize("shape", [
    {"simple": True}, {"input_size": 10, "number_of_subsets": 1}, {"input_size": 20, "number_of_subsets": 3},
    {"input_size": 100}, {"input_size": 4, "overlap_ratio": 0.0}])
def test_shape_of_the_task(shape):
    check_calm("NMU", "mul", shape=shape, steps=30)


@pytest.mark.parametrize("start, end", [(0, 1), (0, 50), (49, 50), (200, 300)])
def test_schedule(start, end):
    check_calm("NAU", "add", lambda_start=start, lambda_end=end)


def test_no_regulariser():
    check_calm("NMU", "mul", lambda_sparse=0.0)


def test_logging_changes_nothing():
    often = check("NMU", "mul", log_every=1)
    seldom = check("NMU", "mul", log_every=1000)
    assert often.rows.shape[1] == 50 and seldom.rows.shape[1] == 1
    np.testing.assert_array_equal(often.step, seldom.step)
