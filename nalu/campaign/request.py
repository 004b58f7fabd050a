"""What the user of ``python -m nalu train`` asked for, and how one condition of it is trained."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nalu import experiments
from nalu.experiments import Entry, SequenceExperiment
from nalu.report.notebooks import run_notebook
from nalu.results import csv_file, runs, store
from nalu.results.shard import REFUSED, Shard
from nalu.results.workfolder import WorkFolder
from nalu.support import files, seed_lists
from nalu.support.paths import NOTEBOOKS


@dataclass(frozen=True)
class Request:
    """What the user asked for: some conditions of an experiment, and what is the same for all of them.

    Raises
    ------
    ValueError
        If a name is unknown, or a condition has not the seeds.
    """

    experiment: str
    conditions: tuple[str, ...]
    seeds: str = ""
    engine: str = "auto"
    device: str = "cpu"
    repeat: bool = False
    direct: bool = False
    wait: bool = False
    together: bool = False
    keep: bool = False

    def __post_init__(self) -> None:
        _ = self.wanted

    @cached_property
    def entry(self) -> Entry:
        """The experiment."""
        return experiments.get(self.experiment)

    @cached_property
    def wanted(self) -> dict[str, tuple[int, ...]]:
        """The seeds that are asked for, of each condition."""
        return {name: seed_lists.choose(self.seeds, self.entry.condition(name).seeds, f"condition {name!r}")
                for name in self.conditions}

    def examine(self) -> None:
        """Refuse an engine or a device that cannot train one of the conditions.

        The usual ones can, and PyTorch is not loaded to say so.

        Raises
        ------
        ValueError
            If one cannot be trained as it is asked for.
        """
        usual = (self.engine, self.device, self.keep) == ("auto", "cpu", False)
        if not usual or isinstance(self.entry, SequenceExperiment):  # whose pictures may not be there
            from nalu.campaign.launch import examine

            for name in self.conditions:
                examine(self.experiment, name, self.seeds, self.engine, self.device, self.keep)

    def lacking(self) -> dict[str, tuple[int, ...]]:
        """The seeds of each condition that are to be trained now."""
        if self.repeat:
            done = {name: self.folder(name).trained() for name in self.conditions}
        else:
            missing = runs.missing(self.experiment)
            done = {name: {*self.wanted[name]} - {*missing[name]} for name in self.conditions}
        return {name: tuple(sorted({*self.wanted[name]} - done[name])) for name in self.conditions}

    def train(self, condition: str) -> None:
        """Train one condition in this process or the kernel that it starts.

        Raises
        ------
        ValueError, OSError
            If something is wrong or cannot be written.
        NotebookError
            If the training failed in the kernel.
        """
        values = {"experiment": self.experiment, "condition": condition, "seeds": self.seeds, "engine": self.engine,
                  "device": self.device, "repeat": self.repeat, "keep": self.keep}
        shard = self.shard(condition)
        waited = self.wait and shard.busy()
        if waited:
            print(f"{self.experiment} {condition}: waiting for the process that trains it", flush=True)
        with shard.lock(wait=self.wait):
            shard.failed(None)  # a second process must be refused before papermill writes its log
        added = self.folder(condition).hand_in()  # what a killed process left
        if (added or waited) and not self.lacking()[condition]:
            return
        if self.direct:
            from nalu.campaign.launch import sentence, train_condition

            print(sentence(train_condition(**values, wait=self.wait)), flush=True)
        else:
            run_notebook(NOTEBOOKS / "train.ipynb", shard.log, values, stdout=sys.stdout, stderr=sys.stderr)

    def shard(self, condition: str) -> Shard:
        """Where the training of a condition leaves its log."""
        return self.folder(condition).shard(self.wanted[condition])

    def write_rows(self, file: Path) -> None:
        """Write the results of the seeds that are asked for to a file of their own.

        Raises
        ------
        ValueError
            If one of them has no results.
        """
        rows = [row for name in self.conditions for row in runs.rows(self.experiment, name, self.wanted[name])]
        with self.shard(self.conditions[0]).lock(wait=True):
            files.write(file, csv_file.dump(rows, store.kind(self.entry).outcomes.columns))

    def refused(self, why: str) -> None:
        """Note with each condition why it was not even begun, so that `nalu status` shows it."""
        for shard in map(self.shard, self.conditions):
            if not shard.busy():
                with suppress(OSError):  # a full disk, perhaps, and the very reason
                    shard.failed(f"{REFUSED}{why}")

    def folder(self, condition: str) -> WorkFolder:
        """The work folder of a condition."""
        return WorkFolder(self.entry, self.entry.condition(condition))

    def command(self, condition: str) -> list[str]:
        """The command line that trains one condition."""
        options = {"--seeds": self.seeds, "--engine": self.engine, "--device": self.device}
        given = [f"{name}={value}" for name, value in options.items() if value]
        given += [f"--{name}" for name in ("repeat", "direct", "wait", "keep") if getattr(self, name)]
        return [sys.executable, "-m", "nalu", "train", self.experiment, condition, *given]
