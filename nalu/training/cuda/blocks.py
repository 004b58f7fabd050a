"""Which lanes share a block of threads, and what the block has in shared memory.

Lanes that train on the same batches, of whatever models and operations, can share a block: the
batches are then drawn once for all of them. The numbers of a lane do not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nalu.training.cuda.lanes import Parts
from nalu.training.cuda.target import SIMULATED, WARP

WORDS = 2 * 624
TILE_ROWS = 16  # samples of the authors' stream that are drawn before they are laid out
WARPS = 2 if SIMULATED else 8
DRAWING = {"philox": 4, "authors": 10}
TRAINING = 20
"""Rough times, of the same unit: a batch, and one lane on each warp of a full multiprocessor."""


@dataclass
class Block:
    """Lanes `(plan, seed's index)` that share the stream `key`, and a layout of shared memory."""

    key: tuple
    lanes: list[tuple[int, int]]
    warps: int = WARPS
    places: dict[str, int] = field(default_factory=dict)
    size: int = 0


def stream(parts: Parts, k: int) -> tuple:
    """What the batches of a seed are a function of."""
    plan, seed = parts.plan, parts.plan.seeds[k]
    source = seed if plan.stream == "philox" else plan.task.training_seed(seed)
    return plan.stream, source, plan.task.input_size, plan.task.train_range, plan.task.subsets(seed)


def distribute(parts: list[Parts], multiprocessors: int, at_most: int | None) -> list[Block]:
    """Blocks for all seeds of all plans, `at_most` so many lanes each, or as many as seem best."""
    streams: dict[tuple, list[tuple[int, int]]] = {}
    for j, part in enumerate(parts):
        for k in range(len(part.plan.seeds)):
            streams.setdefault(stream(part, k), []).append((j, k))
    for lanes in streams.values():  # similar workspaces beside each other
        lanes.sort(key=lambda lane: (parts[lane[0]].work, lane))
    counts = [len(lanes) for lanes in streams.values()]
    kind = next(iter(streams))[0]
    size = at_most or best_size(counts, kind, 2 * multiprocessors)
    blocks = []
    for key, lanes in streams.items():
        cuts = np.array_split(np.arange(len(lanes)), -(-len(lanes) // size))
        blocks += [Block(key, [lanes[i] for i in cut]) for cut in cuts]
    return blocks


def best_size(counts: list[int], kind: str, slots: int) -> int:
    """Lanes a block, for so many lanes of every stream and so many blocks at a time."""
    def seconds(size: int) -> float:
        waves = -(-sum(-(-count // size) for count in counts) // slots)
        return waves * (DRAWING[kind] + TRAINING * -(-size // WARPS))

    return min(range(1, max(counts) + 1), key=seconds)


def lay_out(block: Block, parts: list[Parts], limit: int) -> str | None:
    """Place all that a block needs; what does not fit, if anything.

    First the logarithms of the inputs move to global memory, then there are fewer warps.
    """
    own = [parts[j] for j, _ in block.lanes]
    plan, I = own[0].plan, own[0].I
    B, item = plan.batch_size, np.dtype(plan.dtype).itemsize
    authors, intervals = plan.stream == "authors", len(plan.task.train_range)
    inputs, work = I * (B | 1), max(part.work for part in own)
    logs = any(part.first.wants_logs for part in own)
    tile = min(TILE_ROWS, B) if authors and intervals == 1 else 0
    for warps, shared in [(w, s) for w in (block.warps, 4, 2, 1) for s in (1, 0)]:
        if warps > block.warps:
            continue
        doubles = tile * I + len(plan.task.layout) * B + warps * WARP
        begin = 8 * doubles + 4 * WORDS * authors
        size = begin + item * (inputs * (1 + (logs and shared)) + warps * work)
        if size <= limit:
            x = -(-begin // item)
            block.warps, block.size = warps, -(-(size + item) // 16) * 16
            block.places = {
                "tile": 0, "tile_rows": tile, "sums": tile * I,
                "reduce": tile * I + len(plan.task.layout) * B, "words": 2 * doubles, "x": x,
                "logs": 0 if not logs else 2 - shared, "log_x": x + inputs if shared else 0,
                "work": x + inputs * (1 + (logs and shared)), "work_size": work,
            }
            return None
    return (f"a batch of {B} x {I} inputs needs {size} bytes of shared memory beside its warp, "
            f"{limit} are there")
