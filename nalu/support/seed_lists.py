"""Lists of seeds as people write them: ``0-9,70,85``."""

import re
from collections.abc import Iterable

from nalu.support import check
from nalu.support.check import Refusal

AT_MOST = 1_000_000
"""Seeds in one list; more is a slip of the keyboard."""

_SEED = "0|[1-9][0-9]*"


def parse(given: str | int) -> tuple[int, ...]:
    """Return the seeds that a text such as ``0-9,70,85`` names, in its order.

    Raises
    ------
    ValueError
        If the text has another form, or names a seed twice, out of range or too many.
    """
    seeds: list[int] = []
    for part in str(given).split(","):
        found = re.fullmatch(rf"\s*({_SEED})(?:-({_SEED}))?\s*", part)
        if not found:
            raise Refusal(f"seeds must look like '0-99' or '0-9,70,85', got {given!r}")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise Refusal(f"seeds {part.strip()!r} run backwards; allowed: '{last}-{first}'")
        if last - first + len(seeds) >= AT_MOST:
            raise Refusal(f"seeds {given!r} are too many; allowed: at most {AT_MOST}")
        seeds += range(first, last + 1)
    return check.seeds(seeds)


def choose(wanted: str | int | Iterable[int], declared: tuple[int, ...], of: str) -> tuple[int, ...]:
    """Return the wanted seeds, given as text or list; an empty text means all declared ones.

    Raises
    ------
    ValueError
        If they are no seeds, or one is not declared; ``of`` names what declares them.
    """
    if wanted == "":
        return declared
    chosen = parse(wanted) if isinstance(wanted, str | int) else check.seeds(wanted)
    for seed in chosen:
        if seed not in declared:
            raise Refusal(f"{of} has no seed {seed}; allowed: {text(declared)}")
    return chosen


def text(seeds: Iterable[int]) -> str:
    """Return the shortest text that names these seeds in ascending order."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], seed]
        else:
            runs.append([seed])
    return ",".join("-".join(map(str, run)) for run in runs)
