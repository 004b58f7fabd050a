"""The authors' NMU × runs of seeds 0 and 85: data, initial weights, and the first 200 updates.

The updates are computed a second time here, from the equations, with NumPy alone.
"""

import numpy as np
import pytest

from nalu.models import seeded
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.fused.engine import Fused

pytestmark = pytest.mark.slow

TASK, STEPS, RATE = Arithmetic(), 200, 1e-3


def clamped_nau(x, W):
    return x @ np.clip(W, -1, 1).T


def nmu(z, W):
    return np.prod(np.clip(W, 0, 1) * z + 1 - np.clip(W, 0, 1), axis=1, keepdims=True)


def gradients(x, t, W1, W2):
    """Loss, and its gradient for both matrices: the chain rule, factor by factor."""
    z = clamped_nau(x, W1)
    factors = W2 * z + 1 - W2  # [B, H]
    y = nmu(z, W2)
    dy = 2 / len(x) * (y - t)
    dz, dW2 = np.empty_like(z), np.empty_like(W2)
    for h in range(z.shape[1]):
        others = np.prod(np.delete(factors, h, axis=1), axis=1, keepdims=True)
        dW2[0, h] = (dy * others * (z[:, [h]] - 1)).sum()
        dz[:, [h]] = dy * others * W2[0, h]
    return ((y - t) ** 2).mean(), dz.T @ x, dW2


def numpy_run(seed):
    """Training losses of the first updates, and the weights after them, in float64."""
    model = seeded("NMU", seed)
    W = [p.detach().double().numpy() for p in (model.first.W, model.second.W)]
    m, v, losses = [0, 0], [0, 0], []
    for t, x in zip(range(STEPS), TASK.batches(seed), strict=False):
        target = TASK.target(x, seed).astype(np.float32).astype(float)
        loss, *g = gradients(x.astype(np.float32).astype(float), target, *W)
        losses.append(loss)
        for k, (low, high) in enumerate([(-1, 1), (0, 1)]):
            m[k] = 0.9 * m[k] + 0.1 * g[k]
            v[k] = 0.999 * v[k] + 0.001 * g[k] ** 2
            m_hat, v_hat = m[k] / (1 - 0.9 ** (t + 1)), v[k] / (1 - 0.999 ** (t + 1))
            W[k] = np.clip(W[k] - RATE * m_hat / (np.sqrt(v_hat) + 1e-8), low, high)
    return np.array(losses), np.concatenate([w.ravel() for w in W])


@pytest.fixture(scope="module")
def machine():
    """The fused engine after those updates; the losses of all of them are logged."""
    machine = Fused(Plan("NMU", TASK, (0, 85), STEPS - 1, stream="authors", dtype="float64", log_every=1))
    machine.advance(STEPS)
    return machine


@pytest.mark.parametrize("k, seed", [(0, 0), (1, 85)])
def test_the_first_updates_are_those_of_numpy(machine, k, seed):
    losses, weights = numpy_run(seed)
    np.testing.assert_allclose(machine.history.values[k, :, 0], losses, rtol=1e-9)
    np.testing.assert_allclose(machine.lanes.parameters[k], weights, rtol=0, atol=1e-10)
    assert losses[-1] < losses[0]


def test_single_precision_follows(machine):
    single = Fused(Plan("NMU", TASK, (0, 85), STEPS - 1, stream="authors", log_every=1))
    single.advance(STEPS)
    np.testing.assert_allclose(single.history.values[:, :, 0], machine.history.values[:, :, 0], rtol=1e-3)
    np.testing.assert_allclose(single.lanes.parameters, machine.lanes.parameters, rtol=0, atol=1e-4)


def test_it_starts_from_the_authors_numbers():
    """Golden values of the authors' code: protocol, section b."""
    start = Fused(Plan("NMU", TASK, (0,), 1, stream="authors")).lanes
    assert start.subsets[0].tolist() == [[44, 69], [57, 82]]
    np.testing.assert_allclose(start.parameters[0, :3], [-0.183338, -0.166504, -0.140831], atol=1e-6)
    np.testing.assert_allclose(start.parameters[0, -2:], [0.381966, 0.729762], atol=1e-6)
    np.testing.assert_allclose(start.valid_y[0, 0, :2], [1412.0033, 1226.6437], atol=1e-3)
    np.testing.assert_allclose(start.test_y[0, 0, :2], [8553.9346, 9625.2871], atol=1e-3)
    np.testing.assert_allclose(start.valid_x[0, :4, 0], [1.9180949, 1.8816526, 1.9913439, 1.2103062], atol=1e-6)
    np.testing.assert_allclose(start.test_x[0, :4, 0], [4.1330457, 3.2642050, 3.8788562, 5.6060090], atol=1e-6)
