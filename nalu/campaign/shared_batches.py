"""Train conditions at once that learn from the same batches, of one experiment or of several.

Behind ``python -m nalu train --together``. Every condition ends in the folder and the rows
that it would have alone, and a run that several experiments declare is trained once. A batch
is drawn once for all conditions that lack its seed; conditions with other batches, and seeds
that other conditions lack, form groups of their own, one after the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack

from nalu.campaign import order
from nalu.campaign.launch import Group, examine, plan
from nalu.experiments import SequenceExperiment
from nalu.results.shard import Shard
from nalu.results.workfolder import WorkFolder, lacking
from nalu.support import files, seed_lists
from nalu.support.check import Refusal
from nalu.training.together import examine as examine_plans


def train_together(folders: Iterable[WorkFolder], seeds: str = "", engine: str = "auto", device: str = "cpu", *,
                   wait: bool = False, checkpoint_seconds: float = 60.0) -> None:
    """Train the seeds of some conditions that have no results yet, and hand these in.

    Parameters
    ----------
    folders
        Of the conditions.
    seeds, engine, device, wait, checkpoint_seconds
        See `nalu.campaign.launch.train_condition`.

    Raises
    ------
    ValueError
        If an argument is wrong, the engine cannot do it, another process trains these
        seeds, or a file of theirs is not what it should be.
    OSError
        If a file cannot be written. The same call then continues.
    """
    wanted = {}
    for folder in folders:
        entry, case = folder.experiment, folder.condition
        if isinstance(entry, SequenceExperiment):
            raise Refusal(f"conditions of {entry.name} share no batches; leave out --together")
        wanted[folder] = examine(entry.name, case.id, seeds, engine, device)
        examine_plans((plan(case, wanted[folder], device),), engine)
    shards = {folder: folder.shard(of) for folder, of in wanted.items()}
    with ExitStack() as stack:
        locks = {folder: stack.enter_context(ExitStack()) for folder in shards}
        for folder, shard in shards.items():
            if wait and shard.busy():
                print(f"{folder.title}: waiting for {shard.holder()}", flush=True)
            locks[folder].enter_context(shard.lock(wait=wait))
            shard.failed(None)
            files.sweep(shard.path)
            folder.hand_in()  # what a killed process left
        for group in _begun(shards, wanted, engine, device):
            _train(group, checkpoint_seconds)
        groups = [*_groups(shards, wanted, engine, device)]
        while groups:
            group = groups.pop(0)
            _train(group, checkpoint_seconds)
            for folder in {*group.folders}.difference(*(other.folders for other in groups)):
                locks[folder].close()


def _train(group: Group, checkpoint_seconds: float) -> None:
    names = ", ".join(dict.fromkeys(shard.experiment.name for shard in group.shards))
    print(f"{names}: {len(group.shards)} conditions together, seeds {seed_lists.text(group.seeds)}", flush=True)
    group.train(checkpoint_seconds)


def _groups(shards: Mapping[WorkFolder, Shard], wanted: Mapping[WorkFolder, tuple[int, ...]], engine: str,
            device: str) -> Iterator[Group]:
    """What has no results and is begun anew."""
    streams = defaultdict(lambda: defaultdict(list))
    left = ((folder.experiment, folder.condition, seeds) for folder, seeds in lacking(wanted).items())
    for entry, case, seeds in order.once(left):
        for seed in seeds:
            streams[case.batches()][seed].append(shards[WorkFolder(entry, case)])
    for stream in streams.values():
        alike = defaultdict(list)
        for seed, found in sorted(stream.items()):
            alike[tuple(found)].append(seed)
        for found, seeds in alike.items():
            yield Group(found, tuple(seeds), engine, device)


def _begun(shards: Mapping[WorkFolder, Shard], wanted: Mapping[WorkFolder, tuple[int, ...]], engine: str,
           device: str) -> Iterator[Group]:
    """The groups that a killed process has left with a checkpoint, in their old composition.

    A condition of theirs may have results by now, from elsewhere or because the process was
    killed while it stored them; it goes along, which costs little and changes nothing.
    """
    folders = {folder.title: folder for folder in shards}
    notes = {(*training["together"], training["seeds"])
             for shard in shards.values() for training in shard.trainings()
             if "together" in training and "seconds" not in training}
    for *names, text in sorted(notes):
        seeds = seed_lists.parse(text)
        if all(name in folders and {*seeds} <= {*wanted[folders[name]]} for name in names):
            group = Group(tuple(shards[folders[name]] for name in names), seeds, engine, device)
            left = lacking(dict.fromkeys(group.folders, seeds))  # now, that those before are through
            if group.checkpoint.exists() and any(left.values()):
                yield group
