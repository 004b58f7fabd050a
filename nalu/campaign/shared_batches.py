"""Train conditions of an experiment at once that learn from the same batches.

Behind ``python -m nalu train --together``. Every condition ends in the folder and the rows
that it would have alone. What is trained together must lack the same seeds and be equal in
all that decides the batches; the other conditions form groups of their own, one after the
other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from nalu import experiments
from nalu.campaign.launch import about, examine, first, keep, prepare
from nalu.results import runs
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder
from nalu.support import files, seed_lists
from nalu.support.progress import Progress
from nalu.training import Plan, fit_together
from nalu.training.together import examine as examine_plans


@dataclass(frozen=True)
class Group:
    """Some seeds of several conditions, which learn from the same batches."""

    shards: tuple[Shard, ...]
    seeds: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """The conditions."""
        return [shard.condition.id for shard in self.shards]

    def plans(self, device: str = "cpu") -> tuple[Plan, ...]:
        """What the training is told of each."""
        return tuple(Plan(seeds=self.seeds, device=device, **shard.condition.plan_arguments())
                     for shard in self.shards)

    def checkpoint(self, engine: str, device: str):
        """One file for all; a condition that is trained alone has the same as ever."""
        others = self.names if len(self.shards) > 1 else ()
        return self.shards[0].checkpoint(self.seeds, engine, device, others)


def train_together(experiment: str, conditions: Iterable[str], seeds: str = "",
                   engine: str = "auto", device: str = "cpu", *, wait: bool = False,
                   checkpoint_seconds: float = 60.0) -> None:
    """Train the seeds of some conditions that have no results yet, and hand these in.

    Parameters
    ----------
    experiment, conditions, seeds, engine, device, checkpoint_seconds
        See `nalu.campaign.launch.train_condition`.
    wait : bool
        For processes that train the same seeds, instead of giving up.

    Raises
    ------
    ValueError
        If an argument is wrong, the engine cannot do it, another process trains these
        seeds, or a file of theirs is not what it should be.
    OSError
        If a file cannot be written. The same call then continues.
    """
    entry = experiments.get(experiment)
    wanted = {name: examine(experiment, name, seeds, engine, device) for name in conditions}
    chosen = {name: WorkFolder(entry, entry.condition(name)).shard(of)
              for name, of in wanted.items()}
    for group in _groups(chosen, wanted, engine, device):
        examine_plans(group.plans(device), engine)
    with ExitStack() as stack:
        locks = {name: stack.enter_context(ExitStack()) for name in chosen}
        for name, shard in chosen.items():
            if wait and shard.busy():
                print(f"{experiment} {name}: waiting for {shard.holder()}", flush=True)
            locks[name].enter_context(shard.lock(wait=wait))
            shard.failed(None)
            files.sweep(shard.path)
            WorkFolder(entry, shard.condition).hand_in()  # what a killed process left
        for group in [*_groups(chosen, wanted, engine, device)]:
            print(f"{experiment}: {len(group.shards)} conditions together, "
                  f"seeds {seed_lists.text(group.seeds)}", flush=True)
            _train(group, engine, device, checkpoint_seconds)
            for name in group.names:
                locks[name].close()


def _groups(chosen: Mapping[str, Shard], wanted: Mapping[str, tuple[int, ...]], engine: str,
            device: str) -> Iterator[Group]:
    """What is to be trained now, by what results there are and what was begun."""
    entry = next(iter(chosen.values())).experiment
    missing = runs.missing(entry.name)
    lacking = {name: {*wanted[name]} & {*missing[name]} for name in chosen}
    for group in _begun(chosen, wanted, engine, device):
        if any(lacking[name] & {*group.seeds} for name in group.names):
            for name in group.names:
                lacking[name] -= {*group.seeds}
            yield group
    alike = defaultdict(list)
    for name, shard in chosen.items():
        if lacking[name]:
            group = Group((shard,), tuple(sorted(lacking[name])))
            alike[tuple(group.plans(device)[0].batches().items())].append(group)
    for found in alike.values():
        yield Group(tuple(group.shards[0] for group in found), found[0].seeds)


def _begun(chosen: Mapping[str, Shard], wanted: Mapping[str, tuple[int, ...]], engine: str,
           device: str) -> Iterator[Group]:
    """The groups that a killed process has left with a checkpoint, in their old composition.

    A condition of theirs may have results by now, from elsewhere or because the process was
    killed while it stored them; it goes along, which costs little and changes nothing.
    """
    notes = {(*training["together"], training["seeds"])
             for shard in chosen.values() for training in shard.trainings()
             if "together" in training and "seconds" not in training}
    for *names, text in sorted(notes):
        seeds = seed_lists.parse(text)
        if all(name in chosen and {*seeds} <= {*wanted[name]} for name in names):
            group = Group(tuple(chosen[name] for name in names), seeds)
            if group.checkpoint(engine, device).exists():
                yield group


def _train(group: Group, engine: str, device: str, checkpoint_seconds: float) -> None:
    training = about(group.seeds, engine, device)
    if len(group.shards) > 1:
        training["together"] = group.names
    checkpoint = group.checkpoint(engine, device)

    def note() -> None:
        for shard in group.shards:
            shard.note(training)

    prepare(engine, device)
    with Progress(f"{len(group.shards)} conditions") as bar:
        trained = fit_together(group.plans(device), engine=engine, checkpoint_file=checkpoint,
                               checkpoint_seconds=checkpoint_seconds, progress=first(note, bar))
    for shard, fit in zip(group.shards, trained, strict=True):
        keep(shard, group.seeds, fit.history, training)
        WorkFolder(shard.experiment, shard.condition).hand_in()
    checkpoint.unlink(missing_ok=True)
