"""Histories of trained runs -> their rows in the tables of results."""

import numpy as np
import pandas as pd

from nalu.analysis.outcomes import best_step, summarise
from nalu.experiments import Case, Condition, Entry, Experiment, SequenceCondition, SequenceExperiment
from nalu.results import csv_file, curves, tables
from nalu.results.csv_file import Row
from nalu.results.store import OUTCOMES


def rows(experiment: Entry, condition: Case,
         history: pd.DataFrame) -> dict[str, list[Row]]:
    """Return the rows of each table.

    Parameters
    ----------
    experiment, condition
        What was trained.
    history
        One row per seed and measured step. ``attrs["origins"]`` maps every trained seed to ``stopped_at, engine,
        device, commit, seconds``; one that was NaN from its first loss has no history, and rows all the same.
    """
    origins = history.attrs["origins"]
    if not origins:
        return {OUTCOMES: []}
    made = _of_sequences if isinstance(condition, SequenceCondition) else _of_arithmetic
    return made(experiment, condition, history, dict(sorted(origins.items())))


def errors(history: pd.DataFrame) -> pd.DataFrame:
    """Return a history of sequential MNIST with a row per seed, test length and step, as `nalu.analysis.outcomes` takes them.

    Columns ``seed, length, step, valid_mse, test_mse, sparsity_error, image_weight, state_weight``.
    """
    fixed = ["seed", "step", "valid_mse", "sparsity_error", "image_weight", "state_weight"]
    parts = [history[fixed].assign(length=length, test_mse=history[f"test_mse/{length}"])
             for length in _numbered(history, "test_mse")]
    return pd.concat(parts).sort_values(["seed", "length", "step"], ignore_index=True)


def digits(history: pd.DataFrame) -> pd.DataFrame:
    """Return what the convolutional network gave for each digit that occurs: ``seed, step, digit, mean, sd``."""
    parts = [history[["seed", "step"]].assign(digit=d, mean=history[f"digit_mean/{d}"], sd=history[f"digit_sd/{d}"])
             for d in _numbered(history, "digit_mean")]
    return pd.concat(parts).dropna().sort_values(["seed", "step", "digit"], ignore_index=True)


def passed(run: pd.DataFrame) -> pd.DataFrame:
    """Return the points of one run at which its test error is lower than at all before: ``step, test_mse``."""
    ordered = run.dropna(subset="test_mse").sort_values("step")
    before = ordered["test_mse"].cummin().shift(fill_value=float("inf"))
    return ordered.loc[ordered["test_mse"] < before, ["step", "test_mse"]]


def _of_arithmetic(experiment: Experiment, condition: Condition, history: pd.DataFrame,
                   origins: dict[int, dict]) -> dict[str, list[Row]]:
    threshold = condition.task.threshold()
    outcomes = summarise(history, threshold, experiment.window).set_index("seed")
    gates = history.set_index(["seed", "step"])["gate"]
    fixed = {"experiment": experiment.name, "threshold": threshold} | condition.settings()
    found = []
    for seed, origin in origins.items():
        row = {"seed": seed, "solved": False} | origin
        if seed in outcomes.index:
            row |= outcomes.loc[seed].to_dict()
            row["gate"] = gates[seed, row["best_step"]]
        found.append(csv_file.row(fixed | row))
    return {OUTCOMES: found, "history": curves.rows(experiment, condition, history)}


def _of_sequences(experiment: SequenceExperiment, condition: SequenceCondition, history: pd.DataFrame,
                  origins: dict[int, dict]) -> dict[str, list[Row]]:
    kind = tables.SEQUENTIAL
    fixed = {"experiment": experiment.name, "condition": condition.id} | condition.settings()
    run = {"condition": condition.id, "settings": tables.digest(kind.of(condition))}
    measured, pictures, found = errors(history), digits(history), {OUTCOMES: [], "passed": [], "digits": []}
    for seed, origin in origins.items():
        mine = measured[measured["seed"] == seed]
        best = best_step(mine[mine["length"] == condition.task.test_lengths[0]], experiment.window).get(seed, np.nan)
        at_best = mine[mine["step"] == best].set_index("length")
        for length in condition.task.test_lengths:
            row = {"seed": seed, "test_length": length, "best_step": best} | origin
            row |= at_best.loc[length].drop("step").to_dict() if len(at_best) else {}
            found[OUTCOMES].append(csv_file.row(fixed | row | {"seed": seed}, kind.outcomes.columns))
            found["passed"] += [run | {"seed": seed, "test_length": length} | point
                                for point in passed(mine[mine["length"] == length]).to_dict("records")]
        shown = pictures[(pictures["seed"] == seed) & (pictures["step"] == best)]
        found["digits"] += [run | row for row in shown.to_dict("records")]
    return found | {name: [csv_file.row(row, table.columns) for row in found[name]] for name, table in kind.details.items()}


def _numbered(history: pd.DataFrame, name: str) -> list[int]:
    """The numbers of the columns ``name/number``."""
    return [int(column.partition("/")[2]) for column in history if column.startswith(f"{name}/")]
