"""The declared experiments with all their settings, and the table or figure that each reproduces.

`nalu.experiments.table` has those of the papers on the arithmetic task, `nalu.experiments.sequential_table` those on sequential MNIST,
`nalu.experiments.single_module` those of a later benchmark, `nalu.experiments.playground` those of the book's playground, and `nalu.experiments.own` is
for yours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from nalu.experiments import own, playground, sequential_table, single_module, table
from nalu.experiments.conditions import Condition, Experiment
from nalu.experiments.grid import grid
from nalu.experiments.sequential_conditions import SequenceCondition, SequenceExperiment
from nalu.support import check
from nalu.support.check import Refusal

__all__ = ["EXPERIMENTS", "OWN", "SEQUENTIAL", "Case", "Condition", "Entry", "Experiment", "SequenceCondition", "SequenceExperiment", "every", "get",
           "grid"]

Entry = Experiment | SequenceExperiment
"""An experiment on either task."""

Case = Condition | SequenceCondition
"""A condition of either."""

EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType({e.name: e for e in table.TABLE})
"""The papers' experiments on the arithmetic task: name -> `Experiment`, in the order of the papers."""

SEQUENTIAL: Mapping[str, SequenceExperiment] = MappingProxyType({e.name: e for e in sequential_table.TABLE})
"""The experiments on sequential MNIST: name -> `SequenceExperiment`."""

OWN: Mapping[str, Entry] = MappingProxyType({e.name: e for e in (*single_module.TABLE, *playground.TABLE, *own.TABLE)})
"""Experiments that are not the papers': name -> entry."""

if twice := {*OWN} & {*EXPERIMENTS, *SEQUENTIAL}:
    raise Refusal(f"experiment {min(twice)!r} of nalu.experiments.own has the name of one of the papers'")


def every() -> list[Entry]:
    """All experiments, those on the arithmetic task first, those that are not the papers' last."""
    return [*EXPERIMENTS.values(), *SEQUENTIAL.values(), *OWN.values()]


def get(name: str) -> Entry:
    """The experiment of this name; `ValueError` with a suggestion if there is none."""
    known = {entry.name: entry for entry in every()}
    return known[check.one_of(name, known, "experiment")]
