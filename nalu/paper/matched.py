"""The results of a condition beside what the papers print about the same condition."""

import math

import pandas as pd

from nalu.analysis.summary import METRICS, NOTHING, Cell, as_printed, by_model, cell
from nalu.experiments.conditions import Condition, Experiment
from nalu.paper import published
from nalu.results import runs
from nalu.support import notation

PRINTED_AS = {
    "NMU_no_Rsparse": "NMU_no_Rbias",
    "NMU_no_Rsparse_no_Wclamp": "NMU_no_Rbias_no_Wclamp",
    "NAC_then_NALU": "NALU_shared",
    "NAC_then_NALU_separate": "NALU_separate",
    "NAU_then_Gated_NAU_NMU": "Gated_NAU_NMU",
}
"""Models of the registry that a table prints under another name."""

PANELS = {"success_rate": "success_rate", "solved_at_iteration": "solved_at_mean",
          "sparsity_error": "sparsity_error_mean"}
"""Panel of a figure -> metric."""

OPTIMIZERS = {("adam", 0.0): ("Adam", "Adam"), ("sgd", 0.0): ("SGD", "SGD"),
              ("sgd", 0.9): ("SGD-Nesterov", "SGD with momentum")}
"""Optimiser and momentum -> how the figures of the learning rate call them, and how a sentence does."""


def printed(experiment: Experiment, condition: Condition) -> dict[str, Cell]:
    """Return the papers' values of a condition by metric, of those that they print."""
    if experiment.published is None:
        return {}
    name = experiment.published.format(operation=condition.task.operation)
    return _of_table(name, condition) if name in published.TABLES else \
        _of_figure(name, experiment.varies, condition)


def of_runs(rows: pd.DataFrame, condition: Condition) -> dict[str, Cell]:
    """Return the values of a condition's runs by metric; `NOTHING` if there are none."""
    ours = by_model(rows)
    return {metric: cell(ours, condition.model, metric, condition.task.operation)
            for metric in METRICS}


def lines(experiment: Experiment, condition: Condition) -> list[tuple[str, str, str]]:
    """Return rows of text: what is measured, here, in the paper, and the verdict of the claims; none if the paper prints nothing."""
    from nalu.paper import claims, wording  # they are made of what this module finds

    paper = printed(experiment, condition)
    if not paper:
        return []
    ours = of_runs(runs.by_condition(experiment.name)[condition.id], condition)
    rates = ours["success_rate"], paper.get("success_rate", NOTHING)
    claim = claims.of(experiment, condition)
    head = [f"{who}, {value.n} runs" for who, value in zip(("here", "in the paper"), rates, strict=True)]
    rows = [(f"{experiment.name} {condition.id}", *head)]
    rows += [(metric.replace("_", " "), _text(ours[metric]), _text(paper[metric])) for metric in METRICS if metric in paper]
    if claim is None or not claim.ours.n:
        return rows
    return [*rows, ("verdict on the rates", claim.verdict, ", ".join(filter(None, [wording.effect(claim), wording.p_value(claim)])))]


def _of_table(name: str, condition: Condition) -> dict[str, Cell]:
    table = as_printed(published.table(name))
    model = PRINTED_AS.get(condition.model, condition.model)
    mine = table[(table["model"] == model) & (table["operation"] == condition.task.operation)]
    return {row.metric: Cell(row.estimate, row.lower, row.upper, int(row.n), int(row.k))
            for row in mine.itertuples()}


def _of_figure(name: str, varies: str, condition: Condition) -> dict[str, Cell]:
    points = published.figure(name)
    optimizer, _ = OPTIMIZERS[condition.optimizer, condition.momentum]
    value = condition.settings()[varies]
    x = points["x"].map(lambda x: x[1:] == value if x.startswith("U") else float(x) == value)
    mine = points[x & points["model"].isin([condition.model, f"{condition.model}|{optimizer}"])]
    counts = mine.loc[mine["panel"] == "success_rate", ["n_runs", "k_successes"]]
    n, k = (0, 0) if counts.empty else (0 if math.isnan(v) else int(v) for v in counts.iloc[0])
    return {PANELS[p.panel]: Cell(p.mean, p.lower, p.upper, n, k) for p in mine.itertuples()}


def _text(value: Cell) -> str:
    if pd.isna(value.estimate):
        return notation.MISSING
    interval = "" if pd.isna(value.lower + value.upper) else f" [{value.lower:.4g}, {value.upper:.4g}]"
    return f"{value.estimate:.4g}{interval}"
