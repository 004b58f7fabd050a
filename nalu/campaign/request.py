"""What the user of ``python -m nalu train`` asked for, and how one condition of it is trained."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nalu import experiments
from nalu.experiments import SequenceExperiment
from nalu.report.notebooks import run_notebook
from nalu.results import csv_file, runs, store
from nalu.results.shard import REFUSED, Shard
from nalu.results.workfolder import WorkFolder, lacking
from nalu.support import check, files, seed_lists
from nalu.support.paths import NOTEBOOKS


def chosen(experiment: str, names: Iterable[str] = ()) -> tuple[WorkFolder, ...]:
    """Return the conditions that are named, those of an experiment behind its name; all of it if none is.

    Parameters
    ----------
    experiment, names
        An experiment and some of its conditions; then, maybe, the next experiment and some of its conditions, and so on.

    Raises
    ------
    ValueError
        If a name is neither an experiment nor a condition of the last one.
    """
    found = {(entry := experiments.get(experiment)): []}
    known = [other.name for other in experiments.every()]
    for name in names:
        ids = [case.id for case in entry.conditions]
        if check.one_of(name, [*ids, *known], f"condition of {entry.name}") in ids:
            found[entry].append(entry.condition(name))
        else:
            found.setdefault(entry := experiments.get(name), [])
    folders = [WorkFolder(entry, case) for entry, cases in found.items() for case in cases or entry.conditions]
    return tuple(dict.fromkeys(folders))


@dataclass(frozen=True)
class Request:
    """What the user asked for: some conditions of experiments, and what is the same for all of them.

    Raises
    ------
    ValueError
        If a condition has not the seeds.
    """

    folders: tuple[WorkFolder, ...]
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

    @property
    def names(self) -> list[str]:
        """The experiments."""
        return [*dict.fromkeys(folder.experiment.name for folder in self.folders)]

    @cached_property
    def wanted(self) -> dict[WorkFolder, tuple[int, ...]]:
        """The seeds that are asked for, of each condition."""
        return {folder: seed_lists.choose(self.seeds, folder.condition.seeds, f"condition {folder.condition.id!r}")
                for folder in self.folders}

    def examine(self) -> None:
        """Refuse an engine or a device that cannot train one of the conditions.

        The usual ones can, and PyTorch is not loaded to say so.

        Raises
        ------
        ValueError
            If one cannot be trained as it is asked for.
        """
        usual = (self.engine, self.device, self.keep) == ("auto", "cpu", False)
        for folder in self.folders:
            if not usual or isinstance(folder.experiment, SequenceExperiment):  # whose pictures may not be there
                from nalu.campaign.launch import examine

                examine(folder.experiment.name, folder.condition.id, self.seeds, self.engine, self.device, self.keep)

    def lacking(self) -> dict[WorkFolder, tuple[int, ...]]:
        """The seeds of each condition that are to be trained now."""
        return lacking(self.wanted, self.repeat)

    def train(self, folder: WorkFolder) -> None:
        """Train one condition in this process or the kernel that it starts.

        Raises
        ------
        ValueError, OSError
            If something is wrong or cannot be written.
        NotebookError
            If the training failed in the kernel.
        """
        values = {"experiment": folder.experiment.name, "condition": folder.condition.id, "seeds": self.seeds,
                  "engine": self.engine, "device": self.device, "repeat": self.repeat, "keep": self.keep}
        shard = self.shard(folder)
        if self.wait and shard.busy():
            print(f"{folder.title}: waiting for the process that trains it", flush=True)
        with shard.lock(wait=self.wait):
            shard.failed(None)  # a second process must be refused before papermill writes its log
        folder.hand_in()  # what a killed process left
        if not lacking({folder: self.wanted[folder]}, self.repeat)[folder]:  # or who had the lock, or another experiment
            return
        if self.direct:
            from nalu.campaign.launch import sentence, train_condition

            print(sentence(train_condition(**values, wait=self.wait)), flush=True)
        else:
            run_notebook(NOTEBOOKS / "train.ipynb", shard.log, values, stdout=sys.stdout, stderr=sys.stderr)

    def shard(self, folder: WorkFolder) -> Shard:
        """Where the training of a condition leaves its log."""
        return folder.shard(self.wanted[folder])

    def write_rows(self, file: Path) -> None:
        """Write the results of the seeds that are asked for to a file of their own.

        Raises
        ------
        ValueError
            If one of them has no results.
        """
        rows = [row for folder, seeds in self.wanted.items()
                for row in runs.rows(folder.experiment.name, folder.condition.id, seeds)]
        with self.shard(self.folders[0]).lock(wait=True):
            files.write(file, csv_file.dump(rows, store.kind(self.folders[0].experiment).outcomes.columns))

    def refused(self, why: str) -> None:
        """Note for each condition why it was not started, so that `nalu status` shows it."""
        for shard in map(self.shard, self.folders):
            if not shard.busy():
                with suppress(OSError):  # a full disk, perhaps, and the very reason
                    shard.failed(f"{REFUSED}{why}")

    def command(self, folder: WorkFolder) -> list[str]:
        """The command line that trains one condition."""
        options = {"--seeds": self.seeds, "--engine": self.engine, "--device": self.device}
        given = [f"{name}={value}" for name, value in options.items() if value]
        given += [f"--{name}" for name in ("repeat", "direct", "wait", "keep") if getattr(self, name)]
        return [sys.executable, "-m", "nalu", "train", folder.experiment.name, folder.condition.id, *given]
