"""What the trainings of one condition leave: ``runs/<experiment>/<condition>/``.

Not committed; a folder for each of its shards, see `nalu.results.shard`. This is their sum: what
has been trained in this checkout, and what of it ``results.csv`` lacks.
"""

from collections.abc import Iterable

import pandas as pd

from nalu.analysis.outcomes import summarise
from nalu.experiments.conditions import Condition, Experiment
from nalu.results import csv_file, curves, runs, shard
from nalu.results.csv_file import OUTCOMES, Row
from nalu.results.shard import Shard
from nalu.support import paths


class WorkFolder:
    """The folder of a condition."""

    def __init__(self, experiment: Experiment, condition: Condition) -> None:
        self.experiment, self.condition = experiment, condition
        self.path = paths.RUNS / experiment.name / condition.id

    def shard(self, seeds: Iterable[int]) -> Shard:
        """The folder of some seeds, whether it exists or not."""
        return Shard(self.experiment, self.condition, shard.name(self.condition, seeds))

    def shards(self) -> list[Shard]:
        """The shards that exist; those that were trained with other settings are left out."""
        found = sorted(self.path.glob(f"*{shard.suffix(self.condition)}"))
        return [Shard(self.experiment, self.condition, path.name) for path in found]

    def holders(self) -> frozenset[str]:
        """The processes that train seeds of this condition now."""
        return frozenset(part.holder() for part in self.shards() if part.busy())

    def busy(self) -> bool:
        """Whether a process trains seeds of this condition now."""
        return bool(self.holders())

    def failure(self) -> str:
        """Why a training failed; nothing if none did."""
        return next(filter(None, (part.failure() for part in self.shards())), "")

    def unfinished(self) -> bool:
        """Whether a training was begun and not finished."""
        return any("seconds" not in training for training in self.trainings())

    def trainings(self) -> list[dict]:
        """What the shards' ``spec.json`` say of every training, oldest first."""
        trainings = [training for part in self.shards() for training in part.trainings()]
        return sorted(trainings, key=lambda training: training.get("began", ""))

    def history(self) -> pd.DataFrame:
        """Full history of all finished seeds, no rows before the first is finished.

        ``attrs["origins"]`` maps each seed to ``stopped_at, engine, device, commit, seconds``.

        Raises
        ------
        ValueError
            If a file is cut off.
        """
        return shard.joined(part.history() for part in self.shards())

    def trained(self) -> set[int]:
        """The seeds that were trained here: those in the history."""
        return set(self.history().attrs["origins"])

    def hand_in(self) -> int:
        """Merge the finished seeds that ``results.csv`` lacks; return how many these were."""
        experiment, condition = self.experiment.name, self.condition.id
        history = self.history()
        missing = history.attrs["origins"].keys() & {*runs.missing(experiment)[condition]}
        if not missing:
            return 0
        curves.merge(experiment, condition, history[history["seed"].isin(missing)])
        return runs.merge(experiment, (row for row in self.rows() if int(row["seed"]) in missing))

    def rows(self) -> list[Row]:
        """The row of ``results.csv`` of every seed in the history."""
        return rows_of(self.experiment, self.condition, self.history())

    def contradictions(self) -> list[str]:
        """Where ``results.csv`` says something else than the history it was made from.

        Rows of another machine, commit or engine are not compared: they were made from
        another history.
        """
        rows = self.rows()
        if not rows:
            return []
        path = runs.results_file(self.experiment)
        committed = {csv_file.key(row): row for row in csv_file.read(path)}
        found = []
        for row in rows:
            known = committed.get(csv_file.key(row), row)
            if all(known[name] == row[name] for name in ("engine", "device", "commit")):
                found += [f"seed {row['seed']}: {name} is {known[name]!r}, from history "
                          f"{row[name]!r}" for name in OUTCOMES if known[name] != row[name]]
        return found


def rows_of(experiment: Experiment, condition: Condition, history: pd.DataFrame) -> list[Row]:
    """The row of ``results.csv`` of every seed that ``history.attrs["origins"]`` names."""
    origins = history.attrs["origins"]
    if not origins:
        return []
    threshold = condition.task.threshold()
    outcomes = summarise(history, threshold, experiment.window).set_index("seed")
    gates = history.set_index(["seed", "step"])["gate"]
    fixed = {"experiment": experiment.name, "threshold": threshold} | condition.settings()
    rows = []
    for seed in sorted(origins):
        found = {"seed": seed, "solved": False} | origins[seed]
        if seed in outcomes.index:  # one that was NaN from its first loss on logged nothing
            found |= outcomes.loc[seed].to_dict()
            found["gate"] = gates[seed, found["best_step"]]
        rows.append(csv_file.row(fixed | found))
    return rows
