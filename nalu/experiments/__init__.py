"""The experiments: what is trained, with which settings, and for which table or figure.

`nalu.experiments.table` declares those of the arithmetic task, `nalu.experiments.sequential_table`
those of sequential MNIST.
"""

from collections.abc import Mapping
from types import MappingProxyType

from nalu.experiments.conditions import Condition, Experiment
from nalu.experiments.grid import grid
from nalu.experiments.table import TABLE
from nalu.support import check

__all__ = ["EXPERIMENTS", "Condition", "Experiment", "get", "grid"]

EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType({e.name: e for e in TABLE})
"""Name -> `Experiment`, in the order of the papers."""


def get(name: str) -> Experiment:
    """The experiment of this name; `ValueError` with a suggestion if there is none."""
    return EXPERIMENTS[check.one_of(name, EXPERIMENTS, "experiment")]
