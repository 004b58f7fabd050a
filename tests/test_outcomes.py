"""The definitions of the protocol on histories small enough to check by eye."""

import time

import numpy as np
import pandas as pd
import pytest

from nalu.analysis import outcomes

NAN = float("nan")
THRESHOLD = 0.5

# step:           0    1000  2000  3000  4000
RUNS = {
    # the minimum lies in the middle; the test error is below the threshold before, at and not after it
    0: {"valid": [9.0, 3.0, 1.0, 2.0, 2.0], "test": [9.0, 0.4, 0.3, 0.9, 0.9], "sparsity": [0.5, 0.4, 0.3, 0.2, 0.1]},
    # never solved
    1: {"valid": [9.0, 8.0, 7.0, 6.0, 5.0], "test": [9.0, 9.0, 9.0, 9.0, 9.0], "sparsity": [0.5, 0.5, 0.5, 0.5, 0.5]},
    # passes the threshold, but not at the best step
    2: {"valid": [9.0, 3.0, 2.0, 1.0, 2.0], "test": [9.0, 0.1, 0.1, 0.6, 0.1], "sparsity": [0.5, 0.1, 0.1, 0.1, 0.1]},
    # the minimum is reached twice: the first one counts
    3: {"valid": [9.0, 1.0, 2.0, 1.0, 2.0], "test": [9.0, 0.2, 0.3, 0.9, 0.1], "sparsity": [0.5, 0.1, 0.2, 0.3, 0.4]},
    # becomes NaN after three points: a NaN validation error is no candidate
    4: {"valid": [9.0, 1.0, NAN], "test": [9.0, 0.2, NAN], "sparsity": [0.5, 0.1, NAN]},
    # only NaN: the last point, not solved
    5: {"valid": [NAN, NAN], "test": [NAN, NAN], "sparsity": [NAN, NAN]},
    # the best step has no test error: not solved, although it passed the threshold before
    6: {"valid": [9.0, 2.0, 1.0], "test": [9.0, 0.1, NAN], "sparsity": [0.5, 0.1, 0.1]},
    # the best point of all is the initial one
    7: {"valid": [1.0, 4.0, 2.0, 3.0, 3.0], "test": [0.1, 0.9, 0.4, 0.9, 0.9], "sparsity": [0.5, 0.4, 0.3, 0.2, 0.1]},
}


def history_of(runs: dict) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "seed": seed,
                    "step": 1000 * np.arange(len(run["valid"])),
                    "train_loss": 0.0,
                    "valid_mse": run["valid"],
                    "test_mse": run["test"],
                    "sparsity_error": run["sparsity"],
                    "gate": NAN,
                }
            )
            for seed, run in runs.items()
        ],
        ignore_index=True,
    )


@pytest.fixture
def history() -> pd.DataFrame:
    return history_of(RUNS)


def test_every_definition_by_eye(history):
    expected = pd.DataFrame(
        [
            (0, True, 1000.0, 0.3, 2000, 1.0, 0.3),
            (1, False, NAN, NAN, 4000, 5.0, 9.0),
            (2, False, NAN, NAN, 3000, 1.0, 0.6),
            (3, True, 1000.0, 0.1, 1000, 1.0, 0.2),
            (4, True, 1000.0, 0.1, 1000, 1.0, 0.2),
            (5, False, NAN, NAN, 1000, NAN, NAN),
            (6, False, NAN, NAN, 2000, 1.0, NAN),
            (7, True, 0.0, 0.5, 0, 1.0, 0.1),
        ],
        columns=["seed", "solved", "solved_at", "sparsity_error", "best_step", "valid_mse", "test_mse"],
    )
    pd.testing.assert_frame_equal(outcomes.summarise(history, THRESHOLD), expected)


def test_each_function_is_a_column_of_the_summary(history):
    summary = outcomes.summarise(history, THRESHOLD, window=3).set_index("seed")
    for function in (outcomes.solved, outcomes.solved_at, outcomes.sparsity_error):
        pd.testing.assert_series_equal(function(history, THRESHOLD, window=3), summary[function.__name__])
    pd.testing.assert_series_equal(outcomes.best_step(history, window=3), summary["best_step"])


def test_the_window_counts_logged_points_from_the_end(history):
    best = outcomes.best_step(history[history["seed"].isin([3, 4, 7])], window=4)
    assert best.to_dict() == {3: 1000, 4: 1000, 7: 2000}
    assert outcomes.best_step(history[history["seed"] == 3], window=3).to_dict() == {3: 3000}


def test_solved_at_looks_before_the_window(history):
    """With the initial point excluded run 7 has another best step, yet it was below the threshold at step 0."""
    run = history[history["seed"] == 7]
    assert outcomes.solved_at(run, THRESHOLD, window=4).to_dict() == {7: 0.0}
    assert outcomes.sparsity_error(run, THRESHOLD, window=4).to_dict() == {7: 0.3}


def test_the_default_window_leaves_out_the_initial_point_of_a_full_run():
    points = 5001
    valid = np.ones(points)
    valid[0], valid[7] = 0.0, 0.5
    run = {"valid": valid, "test": np.ones(points), "sparsity": np.zeros(points)}
    assert outcomes.best_step(history_of({0: run})).to_dict() == {0: 7000}


def test_the_threshold_itself_does_not_solve():
    run = {"valid": [1.0], "test": [THRESHOLD], "sparsity": [0.0]}
    assert outcomes.solved(history_of({0: run}), THRESHOLD).to_dict() == {0: False}
    assert outcomes.solved(history_of({0: run}), np.nextafter(THRESHOLD, 1)).to_dict() == {0: True}


def test_an_infinite_error_is_comparable_and_a_nan_is_not():
    run = {"valid": [np.inf, np.inf, NAN], "test": [1.0, 1.0, 1.0], "sparsity": [0.0, 0.0, 0.0]}
    assert outcomes.best_step(history_of({0: run})).to_dict() == {0: 0}


def test_the_order_of_the_rows_does_not_matter(history):
    shuffled = history.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(outcomes.summarise(shuffled, THRESHOLD), outcomes.summarise(history, THRESHOLD))


def test_a_seed_does_not_depend_on_the_others(history):
    together = outcomes.summarise(history, THRESHOLD).set_index("seed")
    for seed, run in history.groupby("seed"):
        alone = outcomes.summarise(run, THRESHOLD).set_index("seed")
        pd.testing.assert_frame_equal(alone, together.loc[[seed]])


def test_the_history_is_left_alone(history):
    before = history.copy()
    outcomes.summarise(history, THRESHOLD)
    pd.testing.assert_frame_equal(history, before)


def test_no_run_gives_no_row(history):
    summary = outcomes.summarise(history.iloc[:0], THRESHOLD)
    assert len(summary) == 0
    assert list(summary)[:2] == ["seed", "solved"]


def test_missing_columns_are_named(history):
    with pytest.raises(ValueError, match=r"^a history needs the columns .*; missing: step, test_mse$"):
        outcomes.summarise(history.drop(columns=["step", "test_mse"]), THRESHOLD)


def test_a_step_logged_twice_is_named(history):
    with pytest.raises(ValueError, match="^the history holds seed 3, step 1000 twice$"):
        outcomes.summarise(pd.concat([history, history.iloc[[16]]]), THRESHOLD)


@pytest.mark.parametrize("threshold", [NAN, -1, "0.1", None])
def test_a_threshold_is_a_number(history, threshold):
    with pytest.raises(ValueError, match="^threshold must be a finite number of at least 0, got "):
        outcomes.solved(history, threshold)


@pytest.mark.parametrize("window", [0, 2.5, "all"])
def test_a_window_has_a_point(history, window):
    with pytest.raises(ValueError, match="^window must be an integer of at least 1, got "):
        outcomes.best_step(history, window)


def test_a_hundred_full_runs_take_no_time():
    draw = np.random.default_rng(0)
    seeds, points = 100, 5001
    history = pd.DataFrame(
        {
            "seed": np.repeat(np.arange(seeds), points),
            "step": np.tile(1000 * np.arange(points), seeds),
            **{column: draw.random(seeds * points) for column in ("valid_mse", "test_mse", "sparsity_error")},
        }
    )
    start = time.process_time()
    summary = outcomes.summarise(history, THRESHOLD)
    assert time.process_time() - start < 2
    assert len(summary) == seeds
