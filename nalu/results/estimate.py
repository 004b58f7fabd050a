"""How long a run takes, from the runs that are recorded."""

import math
from collections import defaultdict
from functools import cached_property
from statistics import median

from nalu import experiments
from nalu.experiments.conditions import Condition
from nalu.results import csv_file, runs
from nalu.results.csv_file import Row

FIXED = 16
"""Time that an update takes beside its inputs, in inputs: measured for NMU, NALU and NAC•."""


class Pace:
    """Estimates from the column ``seconds`` of all results that were trained on a CPU.

    The time of a run is taken to be proportional to its updates times its inputs and
    `FIXED` more, with a factor for each model: the median over the recorded runs, of the
    same hidden size if there are any. It holds for a machine like the one that recorded
    them, and is a guide: within about a half where the number of inputs differs.
    """

    def seconds(self, condition: Condition) -> float:
        """Estimated wall time of one seed in seconds; NaN if no run of the model is recorded."""
        row = csv_file.row(condition.settings())
        for key in ((row["model"], row["hidden_size"]), (row["model"], "")):
            if key in self._factors:
                return self._factors[key] * _work(row)
        return math.nan

    @cached_property
    def _factors(self) -> dict[tuple[str, str], float]:
        """Seconds per unit of work, by model and hidden size, or any hidden size."""
        found = defaultdict(list)
        for entry in experiments.EXPERIMENTS.values():
            for row in runs.recorded(entry):
                if row["device"] == "cpu" and row["seconds"] and not row["stopped_at"]:
                    factor = float(row["seconds"]) / _work(row)
                    found[row["model"], row["hidden_size"]].append(factor)
                    found[row["model"], ""].append(factor)
        return {key: median(factors) for key, factors in found.items()}


def _work(row: Row) -> int:
    return (int(row["iterations"]) + 1) * (int(row["input_size"]) + FIXED)
