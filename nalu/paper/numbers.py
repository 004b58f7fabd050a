"""Every number that the papers print, with our condition that it is about.

All cells of the tables, and all success rates of the figures. Which condition a number
belongs to is what `nalu.experiments` declares in `published`, `also` and `varies`.
"""

from functools import cache
from typing import NamedTuple

from nalu import experiments
from nalu.analysis.summary import Cell, as_printed
from nalu.experiments import Case, Condition, Entry, Experiment, SequenceExperiment
from nalu.experiments.conditions import number
from nalu.experiments.sequential_models import RECURRENT
from nalu.paper import published, sequences
from nalu.paper.matched import OPTIMIZERS, PRINTED_AS
from nalu.registry import MODELS

RATE = "success_rate"


class Place(NamedTuple):
    """A condition of one of our experiments, and the length of its test sequences if it has several."""

    experiment: Entry
    condition: Case
    length: int | None = None


class Printed(NamedTuple):
    """A printed number: the table or figure, what it is about, and its place here, if it has one."""

    source: str
    operation: str
    model: str  # as a reader knows it
    at: str  # what varies and the optimiser, in words; empty where nothing does
    metric: str
    cell: Cell
    place: Place | None


def numbers() -> list[Printed]:
    """Return every printed number once, table by table and figure by figure, each in the order of its file."""
    return [n for name in published.TABLES for n in _of_table(name)] + \
        [n for name in published.FIGURES for n in _of_figure(name)]


def printed(entry: Entry, case: Case) -> bool:
    """Return whether one of the papers, and not only the authors' repository, prints a number of a condition."""
    keys = [(name, case.id) for name in entry.published] if isinstance(entry, SequenceExperiment) else _keys(entry, case)
    return not _in_papers().isdisjoint(keys)


@cache
def _in_papers() -> frozenset[tuple]:
    """Return all that the papers print a number of, as `_keys` spells it, or as figure and condition of sequential MNIST."""
    tables, figures = ([name for name, place in found.items() if not place.startswith(published.REPOSITORY)]
                       for found in (published.TABLES, published.FIGURES))
    found = {(name, row.operation, row.model) for name in tables for row in published.table(name).itertuples()}
    for name in figures:
        for row in published.figure(name).itertuples():
            found |= {(name, row.panel.partition(":")[2], row.model, _at(row.x)), (name, sequences.condition(name, row.model))}
    return frozenset(found)


def text(value) -> str:
    """Return a value of a setting as ticks and tables have it: ``3``, ``0.01``, ``1e-5``, ``[1,2]``."""
    if isinstance(value, float):
        return f"{value:.0e}".replace("e-0", "e-") if 0 < value < 1e-3 else number(value)
    return str(value)


def _of_table(name: str) -> list[Printed]:
    found = []
    for row in as_printed(published.table(name)).itertuples():
        place = _places().get((name, row.operation, row.model))
        model = MODELS[place.condition.model].plain if place else row.model
        value = Cell(row.estimate, row.lower, row.upper, int(row.n), int(row.k))
        found.append(Printed(name, row.operation, model, "", row.metric, value, place))
    return found


def _of_figure(name: str) -> list[Printed]:
    points, found = published.figure(name), []
    for row in points[points["n_runs"].notna()].itertuples():
        varies = row.panel.partition(":")[2]
        place = _of_sequences(name, row) or next((
            _places()[key] for key in ((name, varies, row.model, _at(row.x)), (name, "", row.model, _at(row.x)))
            if key in _places()), None)
        value = Cell(row.mean, row.lower, row.upper, int(row.n_runs), int(row.k_successes))
        found.append(Printed(name, *_words(name, row, place), RATE, value, place))
    return found


def _of_sequences(name: str, row) -> Place | None:
    """Return the place of a point of sequential MNIST: in the experiment with the papers' length."""
    for entry in sequences.of_figure(name)[:1]:
        return Place(entry, entry.condition(sequences.condition(name, row.model)), int(row.x))
    return None


def _words(name: str, row, place: Place) -> tuple[str, str, str]:
    """Return operation, model and what varies."""
    if place.length is not None:
        case = place.condition
        model = RECURRENT[case.model].plain + (", R_z" if case.lambda_z else "")
        return ("mul" if case.task.operation == "product" else "add"), model, f"length {row.x}"
    case, varies = place.condition, place.experiment.varies
    optimizer = f", {OPTIMIZERS[case.optimizer, case.momentum][1]}" if "|" in row.model else ""
    what = {"lambda_sparse": "λ", "train_range": "range"}.get(varies, varies.replace("_", " "))
    return (case.task.operation, MODELS[case.model].plain,
            f"{what} {text(case.settings()[varies])}{optimizer}")


@cache
def _places() -> dict[tuple, Place]:
    """Return the place of every printed number by what its file says of it; of several that with most seeds."""
    found: dict[tuple, Place] = {}
    for entry in sorted(experiments.EXPERIMENTS.values(), key=lambda e: -max(len(c.seeds) for c in e.conditions)):
        for case in entry.conditions:
            for key in _keys(entry, case):
                found.setdefault(key, Place(entry, case))
    return found


def _keys(entry: Experiment, case: Condition) -> list[tuple]:
    names = [name.format(operation=case.task.operation) for name in (entry.published, *entry.also) if name]
    tables = [(name, case.task.operation, PRINTED_AS.get(case.model, case.model))
              for name in names if name in published.TABLES]
    if not entry.varies:
        return tables
    value, optimizer = case.settings()[entry.varies], OPTIMIZERS[case.optimizer, case.momentum][0]
    return tables + [(name, varies, model, value if isinstance(value, str) else float(value))
                     for name in names if name in published.FIGURES for varies in ("", entry.varies)
                     for model in (case.model, f"{case.model}|{optimizer}")]


def _at(x: str) -> str | float:
    """Return a place on the horizontal axis as settings have it: ``"[1,2]"`` or a number."""
    return x.removeprefix("U") if x.startswith("U") else float(x)
