"""How long a run takes, from the runs that are recorded."""

import math
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from statistics import median

from nalu import experiments
from nalu.experiments import Case
from nalu.results import csv_file, runs, store, tables
from nalu.results.csv_file import Row

FIXED = 16
"""Time that an update takes beside its inputs, in inputs: measured for NMU, NALU and NAC•."""


class Pace:
    """Estimates from the column ``seconds`` of all results that were trained on a CPU.

    The time of a run is taken to be proportional to its updates times its inputs and
    `FIXED` more, with a factor for each model: the median over the recorded runs, of the
    same hidden size if there are any. On sequential MNIST it is proportional to the epochs. It holds for a machine like the one that recorded
    them, and is a guide: within about a half where the number of inputs differs.
    """

    def seconds(self, condition: Case) -> float:
        """Estimated wall time of one seed in seconds; NaN if no run of the model is recorded."""
        row = csv_file.row(condition.settings(), tables.of(condition).outcomes.columns)
        return next((self._factors[key] * work(row) for key in _alike(row) if key in self._factors), math.nan)

    @cached_property
    def _factors(self) -> dict[tuple[str, str], float]:
        """Seconds per unit of work, by what `_alike` tells apart."""
        found = defaultdict(list)
        for entry in experiments.every():
            one = {store.kind(entry).run(row): row for row in runs.recorded(entry)}  # of the rows of a run
            for row in one.values():
                if row["device"] == "cpu" and row["seconds"] and not row["stopped_at"]:
                    for key in _alike(row):
                        found[key].append(float(row["seconds"]) / work(row))
        return {key: median(factors) for key, factors in found.items()}


def _alike(row: Row) -> tuple[tuple[str, ...], ...]:
    """What runs that take about the same time per unit of work have in common, the narrowest first."""
    if "epochs" in row:
        return (row["model"], row["data"], row["operation"]), (row["data"], row["operation"])
    return (row["model"], row["hidden_size"]), (row["model"], "")


def work(row: Mapping) -> int:
    """What the time of a run with these settings is proportional to."""
    if "epochs" in row:
        return int(row["epochs"])
    return (int(row["iterations"]) + 1) * (int(row["input_size"]) + FIXED)
