"""Training data are a function of the seed and the iteration, and of nothing else."""

import numpy as np
import pytest
from scipy.stats import kstest

from nalu.tasks import Arithmetic
from nalu.training.streams import (
    COIN,
    INPUT,
    KEY,
    STREAMS,
    Authors,
    Philox,
    philox4x32,
    philox_inputs,
    philox_words,
    training_data,
)

TASK = Arithmetic(input_size=10)
TWO = Arithmetic(input_size=10, train_range=((-2, -1), (3, 4)))
MASK = 0xFFFFFFFF


@pytest.mark.parametrize("counter, key, words", [  # Random123, kat_vectors, philox4x32 10
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
])
def test_known_answers(counter, key, words):
    counter, key, words = ([int(word, 16) for word in group.split()] for group in (counter, key, words))
    result = philox4x32(np.array(counter), tuple(key))
    assert result.dtype == np.uint32 and result.tolist() == words
    many = philox4x32(np.array([[counter, [0] * 4]]), tuple(key))  # any leading shape
    assert many.shape == (1, 2, 4) and many[0, 0].tolist() == words


def philox(counter, key):
    """One block, in Python integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def word(seed, iteration, purpose, element):
    return philox((element // 4, iteration, purpose, 0), (seed, KEY))[element % 4]


def test_constants_of_the_stream():
    assert KEY.to_bytes(4, "big") == b"NALU"
    assert (INPUT, COIN) == (0, 1) and STREAMS == ("philox", "authors")


@pytest.mark.parametrize("batch_size", [1, 7, 128])
@pytest.mark.parametrize("seed, iteration", [(0, 0), (3, 1), (2**32 - 1, 4_999_999)])
def test_layout_of_the_elements(seed, iteration, batch_size):
    x = philox_inputs(TASK, seed, iteration, batch_size)
    assert x.dtype == np.float32 and x.shape == (batch_size, 10)
    for i, b in [(0, 0), (0, batch_size - 1), (1, 0), (4, batch_size // 2), (9, batch_size - 1)]:
        u = (word(seed, iteration, INPUT, i * batch_size + b) >> 8) * 2.0**-24
        assert x[b, i] == np.float32(1.0) + np.float32(1.0) * np.float32(u)


def test_two_intervals_are_chosen_by_the_top_bit_of_the_coin():
    x = philox_inputs(TWO, 5, 17, 128)
    for i, b in [(0, 0), (3, 5), (9, 127), (7, 64), (2, 2)]:
        e = i * 128 + b
        u = np.float32((word(5, 17, INPUT, e) >> 8) * 2.0**-24)
        low = -2.0 if word(5, 17, COIN, e) >> 31 else 3.0
        assert x[b, i] == np.float32(low) + u
    first = x < 0
    assert np.all(np.where(first, (-2 <= x) & (x < -1), (3 <= x) & (x < 4)))


def test_words_do_not_depend_on_how_many_are_taken():
    assert philox_words(1, 2, 0, 5).tolist() == philox_words(1, 2, 0, 1280)[:5].tolist()


def many(task, count=30, batch_size=128):
    return np.concatenate([philox_inputs(task, 2, t, batch_size).ravel() for t in range(count)])


def test_inputs_are_uniform():
    x = many(TASK).astype(np.float64) - 1
    assert 0 <= x.min() and x.max() < 1
    assert kstest(x, "uniform").pvalue > 0.001
    pairs = np.corrcoef(x[:-1], x[1:])[0, 1]
    assert abs(pairs) < 4 / np.sqrt(len(x))
    bits = np.array([philox_words(2, t, 0, 1280) for t in range(20)]).view(np.uint8)
    assert np.unpackbits(bits).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(bits.size * 8))


def test_half_of_the_inputs_come_from_each_of_two_intervals():
    x = many(TWO).astype(np.float64)
    n = len(x)
    assert (x < 0).mean() == pytest.approx(0.5, abs=2 / np.sqrt(n))
    assert kstest(x[x < 0] + 2, "uniform").pvalue > 0.001
    assert kstest(x[x > 0] - 3, "uniform").pvalue > 0.001


def test_iterations_seeds_and_purposes_have_different_numbers():
    streams = [philox_words(seed, t, purpose, 40).tobytes()
               for seed in (0, 1, 2) for t in (0, 1, 2) for purpose in (INPUT, COIN)]
    assert len(set(streams)) == len(streams)


@pytest.mark.parametrize("task", [TASK, TWO, Arithmetic(simple=True)])
@pytest.mark.parametrize("stream", STREAMS)
def test_a_seed_does_not_depend_on_the_others(stream, task):
    together = training_data(stream, task, tuple(range(6)), 16)
    apart = training_data(stream, task, (5, 3), 16)
    for t in range(3):
        x, y = together.batch(t)
        x2, y2 = apart.batch(t)
        assert x.dtype == y.dtype == np.float32
        assert x.shape == (6, 16, task.input_size) and y.shape == (6, 16, 1)
        assert np.array_equal(x[[5, 3]], x2) and np.array_equal(y[[5, 3]], y2)
        assert len({row.tobytes() for row in x}) == 6


def test_philox_can_be_entered_anywhere():
    data = Philox(TASK, (1, 2), 16)
    later = data.batch(700)[0]
    data.batch(0)
    assert np.array_equal(data.batch(700)[0], later)
    assert data.state() == {}


@pytest.mark.parametrize("task", [TASK, TWO, Arithmetic(simple=True)])
def test_targets_are_those_of_the_seed(task):
    x, y = Philox(task, (4, 7), 16).batch(3)
    for k, seed in enumerate((4, 7)):
        assert np.array_equal(y[k], task.target(x[k], seed).astype(np.float32))


@pytest.mark.parametrize("task", [TASK, TWO, Arithmetic(simple=True)])
def test_authors_stream_is_their_generator_forked_after_the_offset(task):
    data = Authors(task, (8,), 16)
    parent = np.random.RandomState(8)
    if not task.simple:
        parent.randint(0, 10 - 3 + 1)  # subsets of 2 sharing 1 span 3 inputs
    rng = np.random.RandomState(parent.randint(0, 2**32 - 1))
    for t in range(3):
        x, y = data.batch(t)
        expected = [rng.uniform(low, high, size=x.shape[1:]) for low, high in task.train_range]
        if len(expected) == 2:
            coin = rng.randint(2, size=x.shape[1:])
            expected = [np.choose(coin, expected[::-1])]
        assert np.array_equal(x[0], expected[0].astype(np.float32))
        assert np.array_equal(y[0], task.target(expected[0], 8).astype(np.float32))


def test_authors_stream_is_the_tasks_batches():
    data, batches = Authors(TASK, (3,), 128), TASK.batches(3)
    for t in range(2):
        assert np.array_equal(data.batch(t)[0][0], next(batches).astype(np.float32))


@pytest.mark.parametrize("stream", STREAMS)
def test_state_and_restore(stream):
    data = training_data(stream, TWO, (1, 4), 48)
    for t in range(3):  # 480 numbers a batch: the position is inside the generator's 624 words
        data.batch(t)
    state = {key: value.copy() for key, value in data.state().items()}
    expected = [data.batch(t) for t in range(3, 6)]
    other = training_data(stream, TWO, (1, 4), 48)
    other.restore(state)
    for t, (x, y) in enumerate(expected, 3):
        x2, y2 = other.batch(t)
        assert np.array_equal(x, x2) and np.array_equal(y, y2)
