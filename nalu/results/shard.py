"""What the training of some seeds of a condition leaves: ``runs/<experiment>/<condition>/<shard>/``.

A *shard* is what one process trains: all seeds of a condition, or some. Nothing in its
folder is shared with another process, so that shards can be trained beside each other, on
different machines; what they found is merged into ``results.csv``. The name of the folder
says the seeds and has a digest of the settings: once a setting is changed, nothing that
was trained with the old one is found.

Not committed. ``spec.json`` says what was trained with what, ``history.npz`` holds the
full history of the finished seeds, ``checkpoint-*.npz`` the state of an unfinished
training, ``train.ipynb`` is the executed log, ``failure.txt`` why a training failed, and
``lock`` is held while a process trains; it holds each of the seeds, also for shards that have others, too.
"""

import hashlib
import io
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from nalu.experiments import Case, Entry
from nalu.results import csv_file, merging, origin, tables
from nalu.support import files, paths, seed_lists
from nalu.support.check import Refusal

LONGEST = 100  # characters of a name that spells out its seeds
LOOK = 0.5  # seconds between two looks at a lock that one waits for
REFUSED = "refused: "  # how a failure begins that came before the training
UNTOLD = "seeds-"  # how the other names begin


class Shard:
    """The folder of some seeds of a condition; nothing is made before something is written."""

    def __init__(self, experiment: Entry, condition: Case, name: str) -> None:
        self.experiment, self.condition = experiment, condition
        self.path = paths.RUNS / experiment.name / condition.id / name
        self.lock_file, self.log = self.path / "lock", self.path / "train.ipynb"
        self._history, self._spec = self.path / "history.npz", self.path / "spec.json"
        self._failure = self.path / "failure.txt"

    @contextmanager
    def lock(self, *, wait: bool = False) -> Iterator[None]:
        """Hold these seeds; if another process holds one of them, `ValueError`, or `wait` for it to end."""
        gate = merging.lock(self.experiment).with_name(self.condition.id)  # nobody else looks and takes meanwhile
        with ExitStack() as held:
            while True:
                with files.locked(gate):
                    rival = self._rival()
                    if rival is None:
                        held.enter_context(files.locked(self.lock_file))
                        break
                if not wait:
                    raise Refusal(f"{rival.path} is in use; add --wait, or stop its process ({rival.holder()})")
                while files.is_locked(rival.lock_file):
                    time.sleep(LOOK)
            yield

    def busy(self) -> bool:
        """Whether a process trains one of these seeds now."""
        return self._rival() is not None

    def holder(self) -> str:
        """The process that trains one of these seeds now; nothing if none does."""
        rival = self._rival()
        return rival.lock_file.read_text("utf8").strip() if rival else ""

    def _rival(self) -> "Shard | None":
        """A shard of this condition, or this one, that is held and has one of these seeds."""
        mine = _seeds(self.path.name)
        for path in [self.path, *sorted(self.path.parent.glob(f"*{suffix(self.condition)}"))]:
            theirs = _seeds(path.name)
            if (not mine or not theirs or mine & theirs) and files.is_locked(path / self.lock_file.name):
                return Shard(self.experiment, self.condition, path.name)
        return None

    def checkpoint(self, of: Iterable[int], engine: str = "auto", device: str = "cpu",
                   together: Iterable[str] = ()) -> Path:
        """Checkpoint of the training of these seeds by the present code.

        What the next training must not continue, be it of other seeds, by another engine,
        `together` with other conditions, or by code that has changed since, has another name.
        """
        code = origin.code() if tables.of(self.condition) is tables.ARITHMETIC else origin.code(origin.SEQUENCES)
        which = [seed_lists.text(of), engine, device, code, *together]
        return self.path / f"checkpoint-{_digest(which)[:12]}.npz"

    def other_checkpoints(self, mine: Path) -> list[Path]:
        """Checkpoints in this folder that the training with its own does not continue."""
        return [path for path in sorted(self.path.glob("checkpoint-*.npz")) if path != mine]

    def failed(self, why: str | None) -> None:
        """Remember that a training failed and why; with None, forget it."""
        if why is not None:
            files.write(self._failure, f"{why}\n".encode())
        else:
            self._failure.unlink(missing_ok=True)

    def failure(self) -> str:
        """Why the last training failed; nothing if it did not."""
        return self._failure.read_text("utf8", "replace").rstrip() if self._failure.exists() else ""

    def trainings(self) -> list[dict]:
        """What ``spec.json`` says of every training, oldest first; none before the first."""
        if not self._spec.exists():
            return []
        with files.intact(f"{self._spec} is cut off or no specification; delete it"):
            return json.loads(self._spec.read_text("utf8"))["trainings"]

    def note(self, training: dict) -> None:
        """Write ``spec.json``: a training that begins, or, with ``seconds``, one that ended.

        It takes the place of an unfinished training of the same seeds.
        """
        others = [known for known in self.trainings()
                  if "seconds" in known or known["seeds"] != training["seeds"]]
        spec = {
            "experiment": self.experiment.name, "condition": self.condition.id,
            "settings": self.condition.settings(), "trainings": [*others, training],
        }
        files.write(self._spec, (json.dumps(spec, indent=1, ensure_ascii=False) + "\n").encode())

    def history(self) -> pd.DataFrame:
        """Full history of the finished seeds, no rows before the first is finished.

        ``attrs["origins"]`` maps each seed to ``stopped_at, engine, device, commit, seconds``.

        Raises
        ------
        ValueError
            If the file is cut off.
        """
        if not self._history.exists():
            return _table({}, {})
        with files.intact(f"{self._history} is cut off or no history; move it away"):
            with np.load(self._history, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            origins = json.loads(str(arrays.pop("origins")))
        return _table(arrays, {int(seed): origin for seed, origin in origins.items()})

    def keep(self, history: pd.DataFrame, origins: dict[int, dict]) -> None:
        """Add finished seeds to the history; seeds that it has stay as they are.

        Parameters
        ----------
        history
            As `nalu.training.train` returns it.
        origins
            ``stopped_at, engine, device, commit, seconds`` of each trained seed.
        """
        new = history.copy(deep=False)
        new.attrs = {"origins": origins}
        table = joined([self.history(), new])
        packed = io.BytesIO()
        arrays = {name: table[name].to_numpy() for name in table}
        origins = np.array(json.dumps(table.attrs["origins"]))
        np.savez_compressed(packed, origins=origins, **arrays)
        files.write(self._history, packed.getvalue())


def reason(failure: str) -> str:
    """How a training ended, and why, in one line; nothing if it did not fail."""
    *_, last = failure.split("\n")
    return last if not last or failure.startswith(REFUSED) else f"failed: {last}"


def name(condition: Case, of: Iterable[int]) -> str:
    """Name of the folder of some seeds: ``0-99.3f2a91c0``."""
    text = seed_lists.text(of)
    if len(text) > LONGEST:
        text = f"{UNTOLD}{_digest(text)[:8]}"
    return text + suffix(condition)


def together(shards: Iterable[Shard]) -> Path:
    """The folder of the job that trains some shards with the same seeds: of one shard, its own."""
    first, *others = shards
    if not others:
        return first.path
    which = _digest([str(shard.path.relative_to(paths.RUNS)) for shard in (first, *others)])[:8]
    return paths.RUNS / first.experiment.name / "together" / f"{first.path.name.split('.')[0]}.{which}"


def suffix(condition: Case) -> str:
    """How the names of all folders with the present settings of a condition end."""
    row = csv_file.row(condition.settings(), tables.of(condition).outcomes.columns)
    return "." + _digest([row, *condition.parts])[:8]


def joined(histories: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Join histories; of a seed that several have, the first stays."""
    tables, origins = [], {}
    for history in histories:
        new = history.attrs["origins"].keys() - origins.keys()
        if "seed" in history:
            tables.append(history[history["seed"].isin(new)])
        origins = history.attrs["origins"] | origins
    if not tables:
        return _table({}, origins)
    table = pd.concat([table for table in tables if len(table)] or tables[:1])
    table = table.sort_values(["seed", "step"], ignore_index=True)
    table.attrs = {"origins": origins}
    return table


def _seeds(name: str) -> set[int]:
    """The seeds that the name of a folder tells; none if it tells none, and it may then have any."""
    text = name.rpartition(".")[0]
    return set() if text.startswith(UNTOLD) else {*seed_lists.parse(text)}


def _table(arrays: dict[str, np.ndarray], origins: dict[int, dict]) -> pd.DataFrame:
    table = pd.DataFrame(arrays)
    table.attrs["origins"] = origins
    return table


def _digest(of: object) -> str:
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()
