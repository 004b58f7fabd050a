"""The progress of every condition, read from the files of its training."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from nalu.experiments import Case, Entry
from nalu.results import runs, shard
from nalu.results.estimate import Pace
from nalu.results.workfolder import WorkFolder

FINISHED = "finished"
"""All seeds have results."""
RUNNING = "running"
"""A process holds the lock of one of its shards."""
FAILED = "failed"
"""The last training of one of its shards ended in an error."""
REFUSED = "refused"
"""The last one was not begun, because something was wrong."""
STOPPED = "stopped"
"""A training was begun and has not ended; the next one continues it."""
PARTIAL, DECLARED = "partial", "declared"
"""Some seeds have results, or none, and nothing runs."""


@dataclass(frozen=True)
class State:
    """The progress of one condition.

    Parameters
    ----------
    condition : Condition or SequenceCondition
    state : str
        One of the above.
    missing : tuple of int
        Seeds without results.
    seconds : float
        Estimated time to train them, one condition after the other; NaN if nothing is
        recorded that could tell.
    processes : set of str
        Those that train it now; one may train many conditions.
    why : str
        Of what failed or was refused, in one line.
    """

    condition: Case
    state: str
    missing: tuple[int, ...]
    seconds: float
    processes: frozenset[str] = frozenset()
    why: str = ""

    @property
    def done(self) -> int:
        """Number of seeds that have results."""
        return len(self.condition.seeds) - len(self.missing)


def of(experiment: Entry, pace: Pace | None = None) -> Iterator[State]:
    """Yield the state of every condition of an experiment, in its order."""
    missing, pace = runs.missing(experiment.name), pace or Pace()
    for condition in experiment.conditions:
        seeds = missing[condition.id]
        folder = WorkFolder(experiment, condition)
        processes = folder.holders()
        state = RUNNING if processes else _state(folder, seeds)
        seconds = len(seeds) * pace.seconds(condition) if seeds else 0.0
        why = shard.reason(folder.failure()) if state in (FAILED, REFUSED) else ""
        yield State(condition, state, seeds, seconds, processes, why)


def total(name: str, states: Iterable[State]) -> str:
    """Return one line: how many conditions and runs are finished, and how long the rest takes.

    The time is that of the recorded runs, divided among as many processes as train now.
    """
    states = list(states)
    counts = {state: sum(s.state == state for s in states) for state in (RUNNING, FAILED, REFUSED, STOPPED)}
    runs_done, runs_all = sum(s.done for s in states), sum(len(s.condition.seeds) for s in states)
    text = (f"{name}: {sum(s.state == FINISHED for s in states)} of {len(states)} conditions, "
            f"{runs_done:,} of {runs_all:,} runs")
    text += "".join(f", {count} {state}" for state, count in counts.items() if count)
    if runs_done == runs_all:
        return text
    processes = frozenset().union(*(s.processes for s in states))
    return f"{text}; left: {left_of((s.seconds for s in states), max(1, len(processes)))}"


def left_of(seconds: Iterable[float], processes: int = 1) -> str:
    """Return the time of several trainings; if some times are unknown, ``more than`` the sum of the known ones."""
    seconds = list(seconds)
    known = [s for s in seconds if not math.isnan(s)]
    if not any(known):
        return left(math.nan)
    return ("more than " if len(known) < len(seconds) else "") + left(sum(known) / processes)


def left(seconds: float) -> str:
    """A time as people say it: ``2 days, 3:20:00``; ``?`` where nothing is known."""
    return "?" if math.isnan(seconds) else str(timedelta(seconds=round(seconds)))


def _state(folder: WorkFolder, missing: tuple[int, ...]) -> str:
    if not missing:
        return FINISHED
    if failure := folder.failure():
        return REFUSED if failure.startswith(shard.REFUSED) else FAILED
    if folder.unfinished():
        return STOPPED
    return PARTIAL if len(missing) < len(folder.condition.seeds) else DECLARED
