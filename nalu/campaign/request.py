"""What the user of ``python -m nalu train`` asked for, and how one condition of it is trained."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nalu import experiments
from nalu.report.notebooks import run_notebook
from nalu.results import csv_file, runs
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder
from nalu.support import files, seed_lists
from nalu.support.paths import NOTEBOOKS


@dataclass(frozen=True)
class Order:
    """What the user asked for, the same for all conditions."""

    experiment: str
    seeds: str = ""
    engine: str = "auto"
    device: str = "cpu"
    repeat: bool = False
    direct: bool = False
    wait: bool = False
    together: bool = False

    def examine(self, conditions: Iterable[str]) -> None:
        """Refuse an engine or a device that cannot train one of some conditions.

        The usual ones can, and PyTorch is not loaded to say so.

        Raises
        ------
        ValueError
            If one cannot be trained as it is asked for.
        """
        if (self.engine, self.device) != ("auto", "cpu"):
            from nalu.campaign.launch import examine

            for condition in conditions:
                examine(self.experiment, condition, self.seeds, self.engine, self.device)

    def train(self, condition: str) -> None:
        """Train one condition in this process and the kernel that it starts.

        Raises
        ------
        ValueError, OSError
            If something is wrong or cannot be written.
        NotebookError
            If the training failed in the kernel.
        """
        values = {"experiment": self.experiment, "condition": condition, "seeds": self.seeds,
                  "engine": self.engine, "device": self.device}
        shard = self.shard(condition)
        if self.wait and shard.busy():
            print(f"{self.experiment} {condition}: waiting for the process that trains it", flush=True)
        with shard.lock(wait=self.wait):
            shard.failed(None)  # a second process must be refused before papermill writes its log
        self.folder(condition).hand_in()  # what a killed process, or one we waited for, left
        if not self.lacking(condition, runs.missing(self.experiment)):
            return
        if self.direct:
            from nalu.campaign.launch import sentence, train_condition

            print(sentence(train_condition(**values, repeat=self.repeat)), flush=True)
            return
        run_notebook(NOTEBOOKS / "train.ipynb", shard.log, values | {"repeat": self.repeat},
                     stdout=sys.stdout, stderr=sys.stderr)

    def wanted(self, condition: str) -> tuple[int, ...]:
        """The seeds that are asked for.

        Raises
        ------
        ValueError
            If they are none of the condition.
        """
        declared = experiments.get(self.experiment).condition(condition).seeds
        return seed_lists.choose(self.seeds, declared, f"condition {condition!r}")

    def lacking(self, condition: str, missing: Mapping[str, tuple[int, ...]]) -> set[int]:
        """The seeds that are to be trained, with those that lack results."""
        wanted = {*self.wanted(condition)}
        if self.repeat:
            return wanted - self.folder(condition).trained()
        return wanted & {*missing[condition]}

    def shard(self, condition: str) -> Shard:
        """Where the training of a condition leaves its log."""
        return self.folder(condition).shard(self.wanted(condition))

    def write_rows(self, conditions: Iterable[str], file: Path) -> None:
        """Write the results of the seeds that are asked for to a file of their own.

        Raises
        ------
        ValueError
            If one of them has no results.
        """
        conditions = list(conditions)
        rows = [row for name in conditions for row in runs.rows(self.experiment, name, self.wanted(name))]
        with self.shard(conditions[0]).lock(wait=True):
            files.write(file, csv_file.dump(rows))

    def folder(self, condition: str) -> WorkFolder:
        """The work folder of a condition."""
        entry = experiments.get(self.experiment)
        return WorkFolder(entry, entry.condition(condition))

    def command(self, condition: str) -> list[str]:
        """The command line that trains one condition."""
        options = {"--seeds": self.seeds, "--engine": self.engine, "--device": self.device}
        given = [f"{name}={value}" for name, value in options.items() if value]
        given += [f"--{name}" for name in ("repeat", "direct", "wait") if getattr(self, name)]
        return [sys.executable, "-m", "nalu", "train", self.experiment, condition, *given]
