"""The claims of the papers about the single-module benchmark, judged as those of the two papers are.

They are other papers', so that their counts stand apart from those of `nalu.paper.claims.all_claims`, and the procedure of Benjamini and
Hochberg goes over them alone. A cell claims how many of its runs are solved; with ten inputs only the rate over all ranges is published.
"""

import math

import pandas as pd

from nalu import experiments
from nalu.analysis import statistics
from nalu.analysis.summary import Cell
from nalu.experiments import Condition, Experiment
from nalu.paper import published, single_module
from nalu.paper.claims import Claim, judge
from nalu.paper.evidence import Evidence, unbroken
from nalu.paper.numbers import RATE, Place, Printed
from nalu.registry import MODELS
from nalu.results import runs

CELLS = ("single_module", "single_module_later")
TEN = "single_module_ten_inputs"


def claims() -> list[Claim]:
    """Return every published number of the benchmark with its verdict, cell by cell, then those with ten inputs."""
    return judge([*_cells(), *_ten_inputs()])


def _cells() -> list[Evidence]:
    paper = published.single_module().set_index(single_module.KEY)
    found = []
    for name in CELLS:
        entry, rows = experiments.get(name), runs.by_condition(name)
        for case in entry.conditions:
            settings = case.settings()
            key = tuple(settings[column] for column in single_module.KEY)
            if key in paper.index:
                theirs = paper.loc[key]
                found.append(_evidence(entry, case, settings["train_range"], unbroken(rows[case.id], case.seeds),
                                       int(theirs["n_solved"]), int(theirs["n_seeds"])))
    return found


def _ten_inputs() -> list[Evidence]:
    entry, rows = experiments.get(TEN), runs.by_condition(TEN)
    found = []
    for theirs in published.ten_inputs().itertuples():
        cases = [case for case in entry.conditions if case.model == theirs.model]
        complete = all(len(rows[case.id]) == len(case.seeds) for case in cases)
        mine = pd.concat([rows[case.id] for case in cases]) if complete else rows[cases[0].id].iloc[:0]
        found.append(_evidence(entry, cases[0], "ten inputs, all ranges", mine, round(theirs.success_rate * theirs.n_runs), theirs.n_runs))
    return found


def _evidence(entry: Experiment, case: Condition, at: str, rows: pd.DataFrame, k: int, n: int) -> Evidence:
    value = Cell(*statistics.success_rate([True] * k + [False] * (n - k)), n, k)
    assert not math.isnan(value.estimate)
    printed = Printed(entry.name, case.task.operation, MODELS[case.model].plain, at, RATE, value, Place(entry, case))
    return Evidence(printed, rows, same=(entry.name, case.id, at))
