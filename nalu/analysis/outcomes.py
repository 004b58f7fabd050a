r"""History of a condition -> one row per seed: did it learn, when, how exactly.

A *history* is a table with one row per seed and logged step; the columns used here are
``seed, step, valid_mse, test_mse, sparsity_error``. The definitions are those of the
papers (arXiv 2001.05016, "Model evaluation"; arXiv 1910.01888), each written once.

With $v_t$, $e_t$ and $s_t$ the mean squared errors on the validation (interpolation) and
test (extrapolation) set and the sparsity error logged at step $t$, $\tau$ the threshold,
and $T_w$ the last $w$ logged steps of a run,

$$
t^* = \min \operatorname*{arg\,min}_{t \in T_w} v_t, \qquad
\text{solved} = [e_{t^*} < \tau], \qquad
\text{solved at} = \min \{t : e_t < \tau\}, \qquad
\text{sparsity error} = s_{t^*},
$$

The last two are for solved runs only. A step with a validation error of NaN is no candidate for
$t^*$; if no candidate is left, $t^*$ is the last step. A test error of NaN never counts as
solved. A run that stopped early keeps the points that it had logged.

The order of the rows does not matter. The published analysis took the "first" of rows that
a merge had permuted, so every function here sorts by seed and step itself.
"""

import pandas as pd

from nalu.support import check

COLUMNS = ("seed", "step", "valid_mse", "test_mse", "sparsity_error")

WINDOW = 5000
"""Logged points that count, $w$: with one point per 1000 of 5 million updates, all but the initial one."""


def best_step(history: pd.DataFrame, window: int = WINDOW) -> pd.Series:
    """Return the step $t^*$ of each run: the first minimum of the validation error in the window.

    Parameters
    ----------
    history
        One row per seed and logged step.
    window
        How many of the last logged points of a run are candidates; points, not updates.
        The papers use 5000, and 15000 where runs are three times as long.

    Returns
    -------
    Series
        Steps (number of updates made), indexed by seed.

    Raises
    ------
    ValueError
        If a column is missing, a seed logged a step twice, or ``window`` is below 1.
    """
    return _best_points(history, window)["step"].rename("best_step")


def solved(history: pd.DataFrame, threshold: float, window: int = WINDOW) -> pd.Series:
    """Return whether the test error at the best step is below the threshold, indexed by seed.

    Raises
    ------
    ValueError
        As :func:`best_step`, or if ``threshold`` is not a finite number of at least 0.
    """
    return _below(_best_points(history, window), threshold).rename("solved")


def solved_at(history: pd.DataFrame, threshold: float, window: int = WINDOW) -> pd.Series:
    """Return the first step whose *test* error is below the threshold, anywhere in the run.

    Steps (number of updates made) indexed by seed; NaN for a run that is not solved,
    even if it passed the threshold on its way. Raises as :func:`solved`.
    """
    is_solved = solved(history, threshold, window)
    points = _in_order(history)
    passed = points[_below(points, threshold)].drop_duplicates("seed").set_index("seed")
    return passed["step"].astype(float).reindex(is_solved.index).where(is_solved).rename("solved_at")


def sparsity_error(history: pd.DataFrame, threshold: float, window: int = WINDOW) -> pd.Series:
    r"""Return $\max_{i,j} \min(|W_{ij}|, |1 - |W_{ij}||)$ at the best step, indexed by seed.

    Dimensionless, the maximum being over the weights of both layers; at most 1/2 for
    weights in $[-1, 1]$. NaN for a run that is not solved. Raises as :func:`solved`.
    """
    best = _best_points(history, window)
    return best["sparsity_error"].where(_below(best, threshold))


def summarise(history: pd.DataFrame, threshold: float, window: int = WINDOW) -> pd.DataFrame:
    """Return one row per seed with everything the tables and figures are made of.

    Returns
    -------
    DataFrame
        Columns ``seed, solved, solved_at, sparsity_error, best_step, valid_mse, test_mse``,
        the errors being those at the best step; sorted by seed. Raises as :func:`solved`.
    """
    best = _best_points(history, window)
    columns = {
        "solved": solved(history, threshold, window),
        "solved_at": solved_at(history, threshold, window),
        "sparsity_error": sparsity_error(history, threshold, window),
        "best_step": best["step"],
        "valid_mse": best["valid_mse"],
        "test_mse": best["test_mse"],
    }
    return pd.DataFrame(columns).rename_axis("seed").reset_index()


def _best_points(history: pd.DataFrame, window: int) -> pd.DataFrame:
    """Return the logged point at the best step of each run, indexed by seed."""
    window = check.integer(window, "window", at_least=1)
    points = _in_order(history).groupby("seed").tail(window)
    minima = points[points["valid_mse"] == points.groupby("seed")["valid_mse"].transform("min")]
    last = points.drop_duplicates("seed", keep="last")
    # A run whose errors are all NaN has no minimum, so that its last point is the first one left.
    return pd.concat([minima, last]).drop_duplicates("seed").set_index("seed").sort_index()


def _below(points: pd.DataFrame, threshold: float) -> pd.Series:
    """Return which points have a test error below the threshold; NaN has not."""
    return points["test_mse"] < check.real(threshold, "threshold", low=0)


def _in_order(history: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in use, sorted by seed and step, or say what is wrong with them."""
    missing = [column for column in COLUMNS if column not in history]
    if missing:
        raise ValueError(f"a history needs the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
    points = history[list(COLUMNS)].sort_values(["seed", "step"], ignore_index=True)
    twice = points.duplicated(["seed", "step"])
    if twice.any():
        seed, step = points.loc[twice.idxmax(), ["seed", "step"]]
        raise ValueError(f"the history holds seed {seed:g}, step {step:g} twice")
    return points
