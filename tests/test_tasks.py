"""The arithmetic task: golden values, sizes, targets, thresholds, bad input."""

import dataclasses
import math
from itertools import islice

import numpy as np
import pytest

from nalu.paper import published
from nalu.tasks import OPERATIONS, Arithmetic
from nalu.tasks.mnist import training_seed

MIRRORED = ((-6, -2), (2, 6))


# -- golden values of the authors' data set ----------------------------------------------


@pytest.mark.parametrize("seed, subsets", [
    (0, ((44, 69), (57, 82))), (1, ((37, 62), (50, 75))), (2, ((40, 65), (53, 78))),
    (3, ((42, 67), (55, 80))), (4, ((58, 83), (71, 96))),
])
def test_golden_subsets(seed, subsets):
    assert Arithmetic().subsets(seed) == subsets


def test_golden_subsets_of_other_sizes():
    assert [Arithmetic(input_size=4).subsets(s)[0][0] for s in range(5)] == [0, 1, 0, 2, 2]
    full = Arithmetic(overlap_ratio=1.0)
    assert full.subsets(0) == ((44, 69), (44, 69))
    assert full.subsets(3) == ((24, 49), (24, 49))


def rounded(values, *expected):
    """The first values agree to the digits of a float32."""
    for value, digits in zip(np.ravel(values), expected, strict=False):
        assert float(value) == pytest.approx(digits, rel=6e-8)


def test_golden_training_batches():
    task = Arithmetic()
    first, second = islice(task.batches(0), 2)
    assert first.shape == (128, 100) and first.dtype == np.float64
    rounded(first[0], 1.6319615, 1.3241750, 1.0762663, 1.8105836)
    rounded(task.target(first, 0), 1477.8572, 1311.3197, 1441.4725)
    rounded(second[0], 1.1603818, 1.3883322)
    rounded(task.target(second, 0), 1343.6534)


def test_golden_validation_and_test_sets():
    task = Arithmetic()
    x, t = task.validation_inputs(), task.target(task.validation_inputs(), 0)
    assert x.shape == (10_000, 100) and t.shape == (10_000, 1)
    rounded(x[0], 1.9180949, 1.8816526, 1.9913439, 1.2103062)
    rounded(t, 1412.0033, 1226.6437, 1405.1377)
    assert t.mean() == pytest.approx(1407.2091, abs=5e-4)
    x, t = task.test_inputs(), task.target(task.test_inputs(), 0)
    rounded(x[0], 4.1330457, 3.2642050, 3.8788562, 5.6060090)
    rounded(t, 8553.9346, 9625.2871, 11719.7334)
    assert t.mean() == pytest.approx(10012.7276, abs=5e-3)


def test_golden_simple_task():
    task = Arithmetic(simple=True)
    x = next(task.batches(0))
    assert x.shape == (128, 4) and task.input_size == 4
    rounded(x[0], 1.79416, 1.1598246, 1.3907872, 1.9364852)
    rounded(task.target(x, 0).astype(np.float32), 18.554737)


def test_golden_mirrored_range():
    x = Arithmetic(test_range=MIRRORED).test_inputs()
    rounded(x[0], 4.2196698, -4.7357950, 3.8409314, -2.3939912)


# -- subsets and targets -----------------------------------------------------------------

SIZES = {4: (1, 0), 10: (2, 1), 25: (6, 3), 50: (12, 6), 75: (18, 9), 100: (25, 12), 125: (31, 15),
         150: (37, 18), 175: (43, 21), 200: (50, 25), 225: (56, 28), 250: (62, 31), 275: (68, 34),
         300: (75, 37)}


@pytest.mark.parametrize("n", SIZES)
def test_sizes_of_subset_and_overlap(n):
    (a, b), (c, d) = Arithmetic(input_size=n).subsets(11)
    assert (b - a, d - c, b - c) == (SIZES[n][0], SIZES[n][0], SIZES[n][1])


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("operation", ["add", "mul"])
def test_number_of_subsets(operation, k):
    task = Arithmetic(operation, input_size=200, number_of_subsets=k)
    subsets = task.subsets(5)
    assert len(subsets) == k
    for (_, stop), (start, end) in zip(subsets, subsets[1:], strict=False):
        assert stop - start == 25 and end - start == 50
    x = task.validation_inputs()[:3]
    sums = [[sum(row[a:b]) for a, b in subsets] for row in x.tolist()]
    expected = [sum(s) if operation == "add" else math.prod(s) for s in sums]
    np.testing.assert_allclose(task.target(x, 5)[:, 0], expected, rtol=1e-13)


TARGETS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "squared": lambda a, b: a * a,
    "root": lambda a, b: np.sqrt(a),
}


def test_the_operations_are_the_six_of_the_papers():
    assert set(OPERATIONS) == set(TARGETS)


@pytest.mark.parametrize("simple", [False, True])
@pytest.mark.parametrize("operation", TARGETS)
def test_target_is_the_operation_on_the_two_sums(operation, simple):
    task = Arithmetic(operation, input_size=20, simple=simple)
    (a, b), (c, d) = ((0, 4), (0, 2)) if simple else task.subsets(3)
    x = task.test_inputs()[:6].reshape(2, 3, -1)
    target = task.target(x, 3)
    assert target.shape == (2, 3, 1) and target.dtype == np.float64
    for row, t in zip(x.reshape(6, -1).tolist(), target.ravel(), strict=True):
        assert t == pytest.approx(TARGETS[operation](sum(row[a:b]), sum(row[c:d])), rel=1e-13)


@pytest.mark.parametrize("task", [
    Arithmetic(), Arithmetic(input_size=4), Arithmetic(subset_ratio=0.05, overlap_ratio=0.0),
    Arithmetic(subset_ratio=0.5), Arithmetic(subset_ratio=1.0, overlap_ratio=1.0),
    Arithmetic(number_of_subsets=5),
])
def test_every_offset_that_fits_occurs_and_no_other(task):
    free = task.input_size - max(stop for _, stop in task.layout)
    starts = {task.subsets(seed)[0][0] for seed in range(40 * (free + 1))}
    assert starts == set(range(free + 1))


def test_targets_are_computed_in_double_precision():
    task = Arithmetic("sub", overlap_ratio=1.0)
    x = np.full((1, 100), 0.1, np.float32)
    assert task.target(x, 0).dtype == np.float64 and task.target(x, 0)[0, 0] == 0.0


@pytest.mark.parametrize("where", [((1, 2),), ((-2, 2),), MIRRORED])
def test_inputs_lie_in_their_range_with_half_of_them_in_each_interval(where):
    task = Arithmetic(input_size=50, train_range=where)
    x = next(task.batches(1, batch_size=2000))
    inside = [(low <= x) & (x < high) for low, high in where]
    assert np.logical_or.reduce(inside).all()
    for part in inside:
        assert part.mean() == pytest.approx(1 / len(where), abs=0.01)
    for (low, high), part in zip(where, inside, strict=True):
        assert x[part].mean() == pytest.approx((low + high) / 2, abs=0.05)


def test_a_task_is_a_frozen_value():
    task = Arithmetic(train_range=[[1, 2]])
    assert task == Arithmetic() and hash(task) == hash(Arithmetic())
    assert task != Arithmetic("add")
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.operation = "add"


# -- thresholds --------------------------------------------------------------------------


def case(row):
    """The task of a row of the published thresholds."""
    low, high = float(row.range_low), float(row.range_high)
    settings = {"operation": row.operation, "simple": bool(row.simple)}
    if not row.simple:
        settings |= {"input_size": int(row.input_size), "subset_ratio": float(row.subset_ratio),
                     "overlap_ratio": float(row.overlap_ratio)}
    where = ((-high, -low), (low, high)) if row.mirrored else ((low, high),)
    return Arithmetic(test_range=where, **settings)


ROWS = list(published.thresholds().itertuples())
IDS = [f"{row.Index}-{row.case}-{row.operation}" for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_thresholds_agree_with_the_simulated_ones(row):
    task = case(row)
    assert abs(task.threshold_as_published() - row.threshold_as_published_code) <= 4 * row.mc_stderr
    assert abs(task.threshold() - row.threshold_intended) <= 4 * row.mc_stderr_intended


PRINTED = {"mul": 0.160010658743333, "div": 4.93805490041429e-12, "add": 1.47861742158438e-5,
           "sub": 1.38437045113029e-8, "root": 8.95525993233274e-9, "squared": 0.159473806098301}


@pytest.mark.parametrize("operation", PRINTED)
def test_thresholds_of_the_authors_script(operation):
    relative = 0.006 if operation in ("sub", "div") else 0.0006  # its own simulation error
    assert Arithmetic(operation).threshold_as_published() == pytest.approx(PRINTED[operation], rel=relative)


def simulate(task, draws=40_000, epsilon=1e-5):
    """Mean and standard error of the squared error of the nearly perfect network.

    Weight by weight: 1 - ε inside a subset, ε outside, as the first layer has it.
    """
    rng, errors = np.random.default_rng(1234), []
    for _ in range(draws // 4000):
        intervals = np.array(task.test_range)[rng.integers(len(task.test_range), size=(4000, task.input_size))]
        x = rng.uniform(intervals[..., 0], intervals[..., 1])
        exact, wrong = [], []
        for start, stop in task.layout:
            W = np.zeros(task.input_size)
            W[start:stop] = 1.0
            exact.append(x @ W)
            wrong.append(x @ np.where(W == 1.0, 1.0 - epsilon, epsilon))
        several = {"add": sum, "mul": math.prod}
        f = several.get(task.operation, lambda sums: TARGETS[task.operation](*sums))
        errors.append((f(wrong) - f(exact)) ** 2)
    errors = np.concatenate(errors)
    return errors.mean(), errors.std() / math.sqrt(len(errors))


@pytest.mark.parametrize("task", [
    *[Arithmetic(operation, input_size=30) for operation in TARGETS],
    *[Arithmetic(operation, simple=True) for operation in TARGETS],
    Arithmetic(), Arithmetic(input_size=7, overlap_ratio=0.0, subset_ratio=0.4),
    Arithmetic(input_size=20, test_range=MIRRORED),
    Arithmetic("div", input_size=9, test_range=((1, 5),)),
    *[Arithmetic(operation, input_size=40, subset_ratio=0.2, number_of_subsets=k)
      for operation in ("add", "mul") for k in (1, 3, 4, 5)],
    Arithmetic(input_size=12, number_of_subsets=3, overlap_ratio=0.7, test_range=((-2, 2),)),
], ids=str)
def test_threshold_agrees_with_brute_force(task):
    mean, error = simulate(task)
    assert abs(task.threshold() - mean) < 4.5 * error


def test_threshold_does_not_depend_on_the_training_range():
    assert Arithmetic(train_range=((-9, -8),)).threshold() == Arithmetic().threshold()


@pytest.mark.parametrize("operation", ["div", "root"])
def test_threshold_of_an_operation_that_is_not_defined_everywhere(operation):
    task = Arithmetic(operation, test_range=MIRRORED)
    with pytest.raises(ValueError, match=rf"^operation '{operation}' .*-6.*; allowed: ranges above 0$"):
        task.threshold()


# -- bad input: one line that names the value and what is allowed ------------------------


@pytest.mark.parametrize("settings, parts", [
    ({"operation": "mull"}, ["unknown operation 'mull'", "did you mean 'mul'", "add, sub, mul, div, squared, root"]),
    ({"operation": None}, ["unknown operation None", "allowed: add"]),
    ({"input_size": 0}, ["input_size", "at least 1", "got 0"]),
    ({"input_size": 10.5}, ["input_size", "an integer", "10.5"]),
    ({"number_of_subsets": 0}, ["number_of_subsets", "at least 1", "got 0"]),
    ({"subset_ratio": 1.5}, ["subset_ratio", "from 0 to 1", "1.5"]),
    ({"subset_ratio": -0.1}, ["subset_ratio", "from 0 to 1", "-0.1"]),
    ({"subset_ratio": math.nan}, ["subset_ratio", "from 0 to 1", "nan"]),
    ({"subset_ratio": "0.25"}, ["subset_ratio", "from 0 to 1", "'0.25'"]),
    ({"overlap_ratio": 2}, ["overlap_ratio", "from 0 to 1", "got 2"]),
    ({"subset_ratio": 0.001}, ["subset_ratio", "0.001", "allowed"]),
    ({"input_size": 3}, ["0.25", "3 inputs", "allowed"]),
    ({"subset_ratio": 0.8, "overlap_ratio": 0.0}, ["80", "160", "at most input_size = 100"]),
    ({"number_of_subsets": 9}, ["9 subsets of 25", "at most input_size = 100"]),
    ({"operation": "div", "number_of_subsets": 1}, ["'div' needs 2 subsets", "not 1"]),
    ({"operation": "sub", "number_of_subsets": 1}, ["'sub' needs 2 subsets", "not 1"]),
    ({"train_range": ((2, 1),)}, ["train_range", "(2, 1)", "low < high"]),
    ({"train_range": ((1, 1),)}, ["train_range", "(1, 1)", "low < high"]),
    ({"test_range": ((2, math.inf),)}, ["test_range", "inf", "allowed"]),
    ({"test_range": ((2, 6), (7, 9))}, ["test_range", "equal width"]),
    ({"test_range": ((0, 1), (2, 3), (4, 5))}, ["test_range", "3 intervals", "1 or 2"]),
    ({"test_range": ()}, ["test_range", "0 intervals", "1 or 2"]),
    ({"test_range": (2, 6)}, ["test_range", "(2, 6)", "((1, 2),)"]),
    ({"test_range": "2..6"}, ["test_range", "2..6", "((1, 2),)"]),
    ({"test_range": 3}, ["test_range", "3", "((1, 2),)"]),
])
def test_bad_settings(settings, parts):
    with pytest.raises(ValueError) as error:
        Arithmetic(**settings)
    message = str(error.value)
    assert "\n" not in message
    assert [part for part in parts if part not in message] == [], message


@pytest.mark.parametrize("settings", [
    {"input_size": 100.0}, {"input_size": np.int64(100)}, {"number_of_subsets": 2.0},
    {"subset_ratio": np.float32(0.25)}, {"overlap_ratio": np.float32(0.5)},
])
def test_numbers_of_other_types_are_plain_numbers_afterwards(settings):
    import json

    task = Arithmetic(**settings)
    assert json.loads(json.dumps(dataclasses.asdict(task))) == json.loads(
        json.dumps(dataclasses.asdict(Arithmetic())))
    assert task.threshold() == Arithmetic().threshold()


@pytest.mark.parametrize("inputs", [99, 101, 1])
def test_another_number_of_inputs_has_no_target(inputs):
    with pytest.raises(ValueError, match=r"^x must have 100 inputs in its last dimension, its shape is \(2, \d+\)$"):
        Arithmetic().target(np.ones((2, inputs)), 0)


@pytest.mark.parametrize("seed", [None, True, 1.5, -1, "0", 2**32])
def test_a_seed_is_an_integer(seed):
    for use in (Arithmetic().subsets, Arithmetic().training_seed, training_seed):
        with pytest.raises(ValueError, match="seed"):
            use(seed)


@pytest.mark.parametrize("simple", ["False", 1, None])
def test_simple_is_true_or_false(simple):
    with pytest.raises(ValueError, match="simple must be True or False"):
        Arithmetic(simple=simple)
