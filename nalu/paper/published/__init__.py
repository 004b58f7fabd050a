"""What the papers print: their tables, figures, thresholds, and the authors' run-by-run results.

The facts lie beside this file; its ``README.md`` says what every column means and where
each file comes from. Nothing is corrected here: where a printed number is an artefact it
is still the number that was printed.

Models, operations and metrics have this project's names; the two papers are "Neural
Arithmetic Units" (arXiv 2001.05016) and "Measuring Arithmetic Extrapolation Performance"
(arXiv 1910.01888).
"""

import functools
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from nalu.support import check


@functools.cache
def _read(file: str) -> pd.DataFrame:
    """Return a file as it is; callers hand out copies."""
    return pd.read_csv(Path(__file__).with_name(file))


def _rows(file: str, column: str, name: str) -> pd.DataFrame:
    """Return the rows of a file that belong to one table or figure, without that column."""
    content = _read(file)
    return content[content[column] == name].drop(columns=column).reset_index(drop=True)


TABLES = dict(_rows("places.csv", "kind", "table").to_numpy())
"""Name of each table -> where it is printed."""

FIGURES = dict(_rows("places.csv", "kind", "figure").to_numpy())
"""Name of each figure, spelt as the authors' file -> where it is printed."""

REPOSITORY = "in the authors' repository only"
"""How the place of what neither paper prints begins."""


class Published(NamedTuple):
    """A printed value with its 95 % interval and its number of runs; NaN where nothing is printed."""

    value: float
    lower: float
    upper: float
    n: int


def table(name: str) -> pd.DataFrame:
    """Return a table of the papers, one row per operation, model and metric.

    Raises
    ------
    ValueError
        If ``name`` is not one of :data:`TABLES`.
    """
    return _rows("paper_results.csv", "table", check.one_of(name, TABLES, "table"))


def figure(name: str) -> pd.DataFrame:
    """Return the points of a figure, one row per panel, model and x.

    The columns ``k_successes`` and ``n_runs`` are known for success rates only; NaN elsewhere.

    Raises
    ------
    ValueError
        If ``name`` is not one of :data:`FIGURES`.
    """
    points = _rows("paper_figures.csv", "figure", check.one_of(name, FIGURES, "figure"))
    counts = _rows("paper_figures_inferred_n.csv", "figure", name)
    return points.merge(counts, how="left", on=["panel", "model", "x"], validate="one_to_one")


def gate_histogram() -> pd.DataFrame:
    """Return the bars of the gate histogram (2001.05016, appendix); empty bins are left out."""
    return _read("paper_figures_gate_hist.csv").copy()


def per_seed() -> pd.DataFrame:
    """Return what the authors report of each of 6000 runs: 10 models, 6 operations, 100 seeds."""
    return _read("authors_per_seed.csv.gz").copy()


def thresholds() -> pd.DataFrame:
    """Return the success threshold of each case, as the authors' script computes it and as intended."""
    return _read("thresholds.csv").copy()


def reanalysis() -> pd.DataFrame:
    """Return the published means of :func:`per_seed` beside those with correct statistics."""
    return _read("sft_reanalysis.csv").copy()


def single_module() -> pd.DataFrame:
    """Return the published cells of the single-module benchmark, one row per operation, model and training range."""
    return _read("single_module.csv").copy()


def ten_inputs() -> pd.DataFrame:
    """Return the published success rates of division with ten inputs, one row per model: means over 225 runs, nine ranges of 25 seeds."""
    return _read("single_module_ten_inputs.csv").copy()


def published_value(table: str, operation: str, model: str, metric: str) -> Published:
    """Return one cell of a table of :data:`TABLES`, by this project's names, such as ``"mul"`` and ``"NMU"``.

    A metric is ``"success_rate"`` (fraction), ``"solved_at_median"``, ``"solved_at_mean"`` (updates)
    or ``"sparsity_error_mean"`` (dimensionless).

    Raises
    ------
    ValueError
        If the table has no such cell; the message lists what it has there.
    """
    cell = _rows("paper_results.csv", "table", check.one_of(table, TABLES, "table"))
    for column, wanted in {"operation": operation, "model": model, "metric": metric}.items():
        cell = cell[cell[column] == check.one_of(wanted, cell[column].unique(), f"{column} of {table}")]
    row = cell.iloc[0]
    return Published(float(row["value"]), float(row["ci_lower"]), float(row["ci_upper"]), int(row["n_seeds"]))
