"""The files of the trainings of one condition: ``runs/<experiment>/<condition>/``.

The folder is not committed. It has a folder for each shard, see `nalu.results.shard`. This module sums them up: what
has been trained in this checkout, and which of these results ``results.csv`` lacks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from nalu.experiments import Case, Entry
from nalu.results import csv_file, merging, recorded, runs, shard, tables
from nalu.results.csv_file import Row
from nalu.results.shard import Shard
from nalu.results.store import OUTCOMES
from nalu.support import paths


@dataclass(frozen=True)
class WorkFolder:
    """The folder of a condition."""

    experiment: Entry = field(hash=False)  # which takes long where there are many conditions
    condition: Case

    @property
    def title(self) -> str:
        """The experiment and the condition."""
        return f"{self.experiment.name} {self.condition.id}"

    @property
    def path(self) -> Path:
        """Where it is, whether it exists or not."""
        return paths.RUNS / self.experiment.name / self.condition.id

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
        """Merge the finished seeds that the results lack; return how many rows these gave."""
        experiment = self.experiment.name
        history = self.history()
        if not history.attrs["origins"]:
            return 0
        missing = history.attrs["origins"].keys() & {*runs.missing(experiment)[self.condition.id]}
        if not missing:
            return 0
        origins = {seed: history.attrs["origins"][seed] for seed in missing}
        history = history[history["seed"].isin(missing)]
        history.attrs = {"origins": origins}
        return merging.merge(experiment, recorded.rows(self.experiment, self.condition, history))

    def rows(self) -> list[Row]:
        """The rows of the outcomes of every seed in the history."""
        return recorded.rows(self.experiment, self.condition, self.history())[OUTCOMES]

    def contradictions(self) -> list[str]:
        """Where the results say something else than the history they were made from.

        Rows of another machine, commit or engine are not compared: they were made from
        another history.
        """
        rows, kind, found = self.rows(), tables.of(self.condition), []
        committed = {csv_file.key(row, kind.outcomes.key): row for row in runs.recorded(self.experiment)} if rows else {}
        for row in rows:
            known = committed.get(csv_file.key(row, kind.outcomes.key), row)
            if all(known[name] == row[name] for name in kind.origin):
                found += [f"seed {row['seed']}: {name} is {known[name]!r}, from history "
                          f"{row[name]!r}" for name in kind.again if known[name] != row[name]]
        return found


def lacking(wanted: Mapping[WorkFolder, Iterable[int]], repeat: bool = False) -> dict[WorkFolder, tuple[int, ...]]:
    """Those of some seeds of conditions that have no results; to `repeat`, that have not been trained here."""
    if repeat:
        return {folder: tuple(sorted({*seeds} - folder.trained())) for folder, seeds in wanted.items()}
    missing = {name: runs.missing(name) for name in {folder.experiment.name for folder in wanted}}
    return {folder: tuple(sorted({*seeds}.intersection(missing[folder.experiment.name][folder.condition.id])))
            for folder, seeds in wanted.items()}
