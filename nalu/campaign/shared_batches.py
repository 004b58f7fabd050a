"""Train conditions of an experiment at once that learn from the same batches.

Behind ``python -m nalu train --together``. Every condition ends in the folder and the rows
that it would have alone. What is trained together must lack the same seeds and be equal in
all that decides the batches; the other conditions form groups of their own, one after the
other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack

from nalu import experiments
from nalu.campaign.launch import Group, examine, plan
from nalu.experiments import SequenceExperiment
from nalu.results import runs
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder
from nalu.support import files, seed_lists
from nalu.support.check import Refusal
from nalu.training.together import examine as examine_plans


def train_together(experiment: str, conditions: Iterable[str], seeds: str = "",
                   engine: str = "auto", device: str = "cpu", *, wait: bool = False,
                   checkpoint_seconds: float = 60.0) -> None:
    """Train the seeds of some conditions that have no results yet, and hand these in.

    Parameters
    ----------
    experiment, conditions, seeds, engine, device, wait, checkpoint_seconds
        See `nalu.campaign.launch.train_condition`.

    Raises
    ------
    ValueError
        If an argument is wrong, the engine cannot do it, another process trains these
        seeds, or a file of theirs is not what it should be.
    OSError
        If a file cannot be written. The same call then continues.
    """
    entry = experiments.get(experiment)
    if isinstance(entry, SequenceExperiment):
        raise Refusal(f"conditions of {experiment} share no batches; leave out --together")
    wanted = {name: examine(experiment, name, seeds, engine, device) for name in conditions}
    for name, of in wanted.items():
        examine_plans((plan(entry.condition(name), of, device),), engine)
    chosen = {name: WorkFolder(entry, entry.condition(name)).shard(of)
              for name, of in wanted.items()}
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
            group.train(checkpoint_seconds)
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
            group = Group((shard,), tuple(sorted(lacking[name])), engine, device)
            alike[tuple(group.plans()[0].batches().items())].append(group)
    for found in alike.values():
        yield Group(tuple(group.shards[0] for group in found), found[0].seeds, engine, device)


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
            group = Group(tuple(chosen[name] for name in names), seeds, engine, device)
            if group.checkpoint.exists():
                yield group
