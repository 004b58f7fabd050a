"""The random numbers of the fused loop are those of `nalu.training.streams`, to the last bit."""

import numpy as np
import pytest
from fused_probes import Twister, philox_batch, target

from nalu.tasks import OPERATIONS, Arithmetic
from nalu.training.fused.batches import ROWS
from nalu.training.streams import training_data

pytestmark = pytest.mark.slow

TWO = ((-2, -1), (3, 4))
ODD = ((0.1, 0.7), (5.3, 5.9))  # a width that is no power of two: products are rounded
N = 624


def interval(task):
    low, high = np.array(task.train_range, float).T
    return low, high - low


# -- philox ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("where", [((1, 2),), TWO, ODD, ODD[:1], ((10, 20),), ((-2, 2),)])
@pytest.mark.parametrize("I, B", [(100, 128), (4, 1), (1, 1), (3, 7), (5, 130), (2, 3), (12, 16)])
def test_philox_is_philox(I, B, where, dtype):
    task = Arithmetic("squared", I, subset_ratio=1, number_of_subsets=1, train_range=where)
    low, width = interval(task)
    seeds = (0, 7, 2**32 - 1)
    for t in (0, 1, 4_999_999):
        expected, _ = training_data("philox", task, seeds, B).batch(t)
        for seed, x_expected in zip(seeds, expected, strict=True):
            x, _ = philox_batch(seed, t, low, width, task.subsets(seed), I, B, dtype)
            assert x.T.astype(np.float32).tobytes() == x_expected.tobytes()


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_targets_of_the_philox_stream(operation, k):
    if k < OPERATIONS[operation].sums:
        pytest.skip("needs more subsets")
    task = Arithmetic(operation, 40, 0.25, number_of_subsets=k)
    data = training_data("philox", task, (3,), 37)
    for t in range(3):
        x, y = data.batch(t)
        columns, sums = philox_batch(3, t, *interval(task), task.subsets(3), 40, 37, np.float32)
        found = target(list(OPERATIONS).index(operation), sums, np.float32)
        np.testing.assert_array_equal(columns.T, x[0])
        np.testing.assert_array_equal(sums.T, np.hstack(task.sums(x[0], 3)))
        np.testing.assert_array_equal(found, y[0, :, 0])


# -- Mersenne Twister --------------------------------------------------------------------


def test_eleven_million_doubles():
    rng = np.random.RandomState(20_20)
    twister, total = Twister(rng), 0
    for rows in (1, 10, 100):
        for _ in range(rows):
            x = np.empty(99_991)  # a prime: rows begin anywhere in a block of 624 words
            twister.uniform(1.0, 1.0, x)
            assert x.tobytes() == rng.uniform(1, 2, x.shape).tobytes()
            total += x.size
    assert total > 10**7 and twister.position == rng.get_state()[2]
    assert np.array_equal(twister.words.view(np.uint32), rng.get_state()[1])


@pytest.mark.parametrize("count", [1, 2, 155, 311, 312, 313, 624, 1000])
@pytest.mark.parametrize("coins", [1, 2, 311, 623, 624, 625])
def test_doubles_and_coins_across_the_borders_of_blocks(count, coins):
    """An odd number of coins makes the words of a double lie in two blocks."""
    rng = np.random.RandomState(count)
    twister = Twister(rng)
    for _ in range(40):
        row = np.empty(count)
        twister.uniform(-0.3, 0.7, row)
        assert row.tobytes() == rng.uniform(-0.3, -0.3 + 0.7, count).tobytes()
        assert np.array_equal(twister.numbers(coins) & 1, rng.randint(2, size=coins))
    assert twister.position == rng.get_state()[2]
    assert np.array_equal(twister.words.view(np.uint32), rng.get_state()[1])


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_positions_of_a_state_are_those_of_numpy(seed):
    """A state that NumPy wrote in the middle of a block is continued."""
    rng = np.random.RandomState(seed)
    rng.uniform(size=100)
    rng.randint(2, size=3)
    twister = Twister(rng)
    assert twister.position == 203
    x = np.empty(500)
    twister.uniform(0.0, 1.0, x)
    assert x.tobytes() == rng.uniform(size=500).tobytes()


# -- the authors' batches ----------------------------------------------------------------


def fused_batches(task, seed, B, count, dtype):
    """Inputs `[B, I]`, sums `[B, K]` and targets `[B]` of the first batches."""
    twister, operation = Twister(np.random.RandomState(task.training_seed(seed))), list(OPERATIONS).index(task.operation)
    for _ in range(count):
        x, sums = twister.batch(*interval(task), task.subsets(seed), task.input_size, B, dtype)
        yield x, sums.T, target(operation, sums, dtype)


@pytest.mark.parametrize("where", [((1, 2),), ODD])
@pytest.mark.parametrize("n, k", [(4, 1), (4, 2), (100, 1), (100, 2), (100, 3), (100, 4), (300, 2)])
def test_batches_are_the_authors(n, k, where):
    for operation in OPERATIONS:
        if k < OPERATIONS[operation].sums:
            continue
        task = Arithmetic(operation, n, number_of_subsets=k, train_range=where)
        batches = fused_batches(task, 5, 128, 4, np.float32)
        for (x, sums, y), expected in zip(batches, task.batches(5), strict=False):
            assert x.tobytes() == expected.astype(np.float32).tobytes()
            # NumPy adds pairwise, the loop in order; float32 does not see it but by bad luck
            np.testing.assert_allclose(sums, np.hstack(task.sums(expected, 5)), rtol=1e-14)
            np.testing.assert_array_equal(y, task.target(expected, 5)[:, 0].astype(np.float32))


@pytest.mark.parametrize("B", [1, 3, ROWS - 1, ROWS, ROWS + 1, 130])
@pytest.mark.parametrize("where", [((1, 2),), TWO])
def test_batches_of_any_size(B, where):
    task = Arithmetic("mul", 10, train_range=where)
    batches = fused_batches(task, 1, B, 5, np.float64)
    for (x, _, y), expected in zip(batches, task.batches(1, B), strict=False):
        assert np.array_equal(x, expected.astype(np.float32)), "data are rounded in any precision"
        np.testing.assert_array_equal(y, task.target(expected, 1)[:, 0].astype(np.float32))


def test_the_simple_task():
    task = Arithmetic(simple=True)
    (x, _, y), *_ = fused_batches(task, 0, 128, 1, np.float32)
    assert x[0].tolist() == pytest.approx([1.79416, 1.1598246, 1.3907872, 1.9364852], abs=1e-6)
    assert y[0] == pytest.approx(18.554737, abs=1e-6)  # protocol, section b
