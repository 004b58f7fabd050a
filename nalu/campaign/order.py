"""What a campaign trains first: breadth before depth, so that every printed number soon has some runs behind it.

First come the conditions that the papers print, with the seeds 0-4, then with 5-9, then with 10-24, then with the rest.
Then the conditions that they do not print follow in the same way. Among equally important conditions, short ones come before long ones,
and those that learn from the same batches are next to each other. Sequential MNIST comes after the arithmetic task.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from nalu.experiments import Case, Entry, SequenceExperiment
from nalu.paper import numbers
from nalu.results import estimate, runs

BANDS = (5, 10, 25)
"""The seeds at which another band begins."""


def once(asked: Iterable[tuple[Entry, Case, Iterable[int]]]) -> Iterator[tuple[Entry, Case, tuple[int, ...]]]:
    """Yield the seeds of conditions; a run that several conditions declare is yielded for only one of them.

    Those of experiments that keep learning curves come first, as they take no rows of others.
    """
    claimed: dict[tuple, set[int]] = defaultdict(set)
    for entry, case, seeds in sorted(asked, key=lambda of: not of[0].curves):
        others = claimed[runs.settings(case), entry.window]
        own = tuple(sorted({*seeds} - (set() if entry.curves else others)))
        others.update(own)
        if own:
            yield entry, case, own


def shards(seeds: Iterable[int], most: int = 0) -> list[tuple[int, ...]]:
    """Divide seeds into shards. No shard lies in two bands, and none has more than `most` seeds if that is given.

    Where a shard ends does not depend on the other seeds, so that conditions which lack some have most shards in common.
    """
    dealt = groupby(sorted(seeds), lambda seed: (bisect(BANDS, seed), seed // most if most else 0))
    return [tuple(shard) for _, shard in dealt]


def breadth_first(items: Iterable, of: Callable[..., tuple[Entry, Case, int]]) -> list:
    """Sort trainings; `of` returns the experiment, the condition and the first seed of each."""
    streams: dict[tuple, int] = {}

    def place(item) -> tuple:
        entry, case, seed = of(item)
        stream = streams.setdefault(case.batches(), len(streams))
        return (isinstance(entry, SequenceExperiment), not numbers.printed(entry, case), bisect(BANDS, seed),
                estimate.work(case.settings()), stream, seed)

    return sorted(items, key=place)
