"""Which lanes share a block of threads, and where the block keeps its arrays.

Lanes that learn from the same batches share a block. The block draws the batches once for all of them, and computes their
first layers as one product. The numbers of a lane do not depend on which lanes share its block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import numpy as np

from nalu.training.cuda.program import Variant
from nalu.training.cuda.records import CHUNK, GAP, ROW
from nalu.training.fused.member import Layout, Member
from nalu.training.fused.products import PARTIAL
from nalu.training.plan import Plan

TILE, SEGMENT, RING = 4, 4, 2048
"""Sizes that the source of the kernel has, too: rows and inputs of a tile, factors between two products that are kept, words of a ring."""

MANY_LANES, FEW_LANES, SHARED = (20, 4), (20, 8), (10, 4)
"""How many warps a block has, and how many of them draw. The first two are for a block that has a multiprocessor to itself:
one with many lanes, and one with few lanes, which have to wait for the draw. The third is for a block that shares it."""

RESERVED = 1024  # bytes of shared memory that the system takes for each block
STEP = 4096  # blocks whose shared memory differs by less are launched together
MOST_SAMPLES = 32
ROWS = 64
"""A block has at most this many rows of first layers, unless a single lane has more. Sixteen warps multiply so many at a time."""


def odd_fours(count: int) -> int:
    """Return the least odd multiple of four that is no less than `count`. Eight rows with this stride begin in different banks of shared memory."""
    fours = -(-count // 4)
    return 4 * (fours + 1 - fours % 2)


@dataclass(frozen=True)
class Team:
    """Plans, by their index, that are trained together in one or more blocks, one for each seed."""

    plans: tuple[int, ...]
    seeds: tuple[int, ...]


def stream(plan: Plan) -> tuple:
    """Return the settings that determine the batches and the evaluation inputs of a seed."""
    task = asdict(plan.task)
    del task["operation"]
    return tuple(task.items())


def teams(plans: list[Plan], members: list[Member], at_most: int | None = None) -> Iterator[Team]:
    """Divide all seeds of all plans into teams of at most `ROWS` rows; with `at_most`, of at most so many lanes."""
    streams: dict[tuple, dict[int, list[int]]] = {}
    for j, plan in enumerate(plans):
        for seed in plan.seeds:
            streams.setdefault(stream(plan), {}).setdefault(seed, []).append(j)
    for seeds in streams.values():
        alike: dict[tuple[int, ...], list[int]] = {}
        for seed, lanes in seeds.items():
            alike.setdefault(tuple(lanes), []).append(seed)
        for lanes, found in alike.items():
            for part in _parts(lanes, [members[j].rows_wanted() for j in lanes], at_most):
                yield Team(tuple(part), tuple(found))


def _parts(lanes: list[int], wanted: list[list[int]], at_most: int | None) -> Iterator[list[int]]:
    """Divide lanes into equal parts. If one part cannot hold them, lanes that need logarithms or factors get parts of their own."""
    groups: dict[tuple, list[tuple[int, int]]] = {}
    split = sum(map(sum, wanted)) > ROWS
    for lane, rows in zip(lanes, wanted, strict=True):
        groups.setdefault((rows[1] > 0, rows[2] > 0) if split else (), []).append((lane, sum(rows)))
    for group in groups.values():
        rows = np.array([1 if at_most else count for _, count in group])
        parts = -(-rows.sum() // (at_most or ROWS))
        which = (np.cumsum(rows) - rows / 2) * parts // rows.sum()
        for part in range(parts):
            if chosen := [lane for (lane, _), its in zip(group, which, strict=True) if its == part]:
                yield chosen


@dataclass
class Chip:
    """Space in the shared memory of a block, and in its scratch for what does not fit there."""

    limit: int
    places: dict[str, int] = field(default_factory=dict)
    size: int = 0
    scratch: int = 0

    def place(self, name: str, count: int, item: int, inside: bool | None = None) -> None:
        """Give an array of `count` numbers of `item` bytes a place. With `inside` it must be in shared memory, or must not be there."""
        wanted = -(-count * item // 16) * 16
        if inside or (inside is None and self.size + wanted <= self.limit):
            self.places[name], self.size = self.size, self.size + wanted
        else:
            self.places[name], self.scratch = ~self.scratch, self.scratch + wanted

    @property
    def fits(self) -> bool:
        return self.size <= self.limit


class Shape:
    """The tables of a team, the same for all its seeds, and the places of its arrays.

    Attributes
    ----------
    layout : Layout
    rows : numpy.ndarray
        One record of type `ROW` for each row of a first layer.
    variant : Variant
        The program that trains the team.
    warps, size, scratch : int
        How many warps, bytes of shared memory and bytes of scratch a block has.
    block : dict
        The fields of `BLOCK` that are equal in all blocks of the team.
    problem : str or None
        Why no block of a GPU can train the team; None if one can.
    """

    def __init__(self, members: list[Member], limit: int, warps: tuple[int, int] | None = None) -> None:
        plan, task = members[0].plan, members[0].plan.task
        self.operations = list(dict.fromkeys(member.plan.task.operation for member in members))
        self.layout = layout = Layout(members, self.operations, TILE)
        self.sizes = [member.size for member in members]
        self.rows, counts = _rows(layout)
        I, B = task.input_size, plan.batch_size
        self._count = layout.sums + layout.logs + layout.factors
        columns = -(-B // PARTIAL) * PARTIAL
        x_stride = odd_fours(I)
        span = max(stop for _, stop in task.layout) - min(start for start, _ in task.layout)
        self.block = dict(zip(("by_x", "by_l", "by_factors"), counts, strict=True)) | {
            "number_of_slots": len(layout.slots), "number_of_operations": len(self.operations),
            "number_of_subsets": len(task.layout), "lanes": len(members), "sums": layout.sums, "logs": layout.logs,
            "factors": layout.factors, "stride": layout.stride, "x_stride": x_stride, "columns": columns,
            "z_stride": max(columns, CHUNK) + GAP, "weights": layout.weights, "numbers": layout.numbers, "input_size": I,
            "span": span, "two": len(task.train_range) - 1.0}
        (low0, high0), (low1, high1) = task.train_range[0], task.train_range[-1]
        self.block |= {"low0": low0, "width0": high0 - low0, "low1": low1, "width1": high1 - low1}
        item = np.dtype(plan.dtype).itemsize
        half = (limit + RESERVED) // 2 - RESERVED
        ways = [(*MANY_LANES, limit), (MANY_LANES[0], 0, limit)]
        if self._count <= ROWS // 2:
            ways = [(*SHARED, half), (SHARED[0], 0, half), (*FEW_LANES, limit), (FEW_LANES[0], 0, limit)]
        if warps:
            ways = [(*warps, limit)]
        for self.warps, drawers, room in ways:
            chip = self._placed(room, item, columns, drawers, plan, inside=True)
            if on_chip := chip.fits:
                break
        else:
            drawers, room = 0, limit
            chip = self._placed(room, item, columns, drawers, plan, inside=None)
        samples = 4 if columns <= 4 * PARTIAL else MOST_SAMPLES
        self.variant, self.scratch = Variant(plan.dtype, on_chip, samples), chip.scratch
        self.size = min(-(-chip.size // STEP) * STEP, room)
        self.problem = None
        if not chip.fits:
            self.problem = f"what the threads of {len(members)} models share needs {chip.size} bytes of shared memory, {limit} are there"
        elif B > MOST_SAMPLES * PARTIAL:
            self.problem = f"a batch of {B} samples; at most {MOST_SAMPLES * PARTIAL} are possible"
        self.block |= chip.places | {"drawers": drawers}

    def _placed(self, limit: int, item: int, columns: int, drawers: int, plan: Plan, inside: bool | None) -> Chip:
        of, layout, chip = self.block, self.layout, Chip(limit)
        lanes, wide = of["lanes"], max(columns, CHUNK)
        for name, count, size in (
                ("running", lanes, 4), ("left", 1, 4), ("now", 4 * lanes, item), ("each", len(layout.slots), item),
                ("errors", 4 * lanes, 8), ("ring", RING, 4), ("dw", layout.weights - self._count * layout.stride, item),
                ("sums_at", of["number_of_subsets"] * columns, 8), ("y0", of["number_of_operations"] * columns, item)):
            chip.place(name, count, size, inside=True)
        if drawers:
            chip.place("y1", of["number_of_operations"] * columns, item, inside=True)
        chip.places["dw"] -= self._count * layout.stride * item  # as weights are counted from the first layers' on
        chip.place("z", self._count * of["z_stride"], item, inside)
        chip.place("w", layout.weights, item, inside)
        chip.place("x0", wide * of["x_stride"], item, inside)
        if drawers:
            chip.place("x1", wide * of["x_stride"], item, inside)
        chip.place("l", wide * of["x_stride"] if layout.logs else 0, item, inside)
        chip.places = {"x1": chip.places["x0"], "y1": chip.places["y0"]} | chip.places
        authors, n = plan.stream == "authors", plan.batch_size * of["input_size"]
        two = of["two"] > 0
        chip.place("drawn", authors * (plan.batch_size * of["span"] + 2 * n * two), 8, False if two else None)
        for name in ("P", "m", "v", "kept"):
            chip.place(name, layout.numbers, item)
        chip.place("slopes", of["factors"] * layout.stride, item)
        chip.place("before", bool(layout.factors) * self.warps * (of["input_size"] // SEGMENT + 2) * columns, item)
        return chip

    def places(self) -> np.ndarray:
        """Return the place of each parameter among those of the slots. The parameters are in the order of the members."""
        found = np.empty(self.layout.parameters, np.int64)
        for slot in self.layout.slots:
            count = slot["tensors"] * slot["rows"]
            inside = slot["at"] + np.arange(count)[:, None] * slot["stride"] + np.arange(slot["columns"])
            found[slot["parameters"] : slot["parameters"] + inside.size] = inside.ravel()
        return found


def _rows(layout: Layout) -> tuple[np.ndarray, list[int]]:
    """Return the rows of first layers, and how many of them read x, logarithms and factors; they are sorted in this order."""
    end, found = (layout.sums + layout.logs + layout.factors) * layout.stride, ([], [], [])
    for lane, plan in enumerate(layout.plans):
        for s in range(plan["slots"], plan["end"]):
            slot = layout.slots[s]
            if slot["to"] >= end:
                continue
            for r in range(slot["rows"]):
                to, at = slot["to"] + r * slot["stride"], slot["at"] + r * slot["stride"]
                z, copy = to // layout.stride, -1 if slot["also"] < 0 else slot["also"] + r * slot["stride"]
                which = 0 if z < layout.sums else 1 if z < layout.sums + layout.logs else 2
                found[which].append((lane, s, z, copy // layout.stride if copy >= 0 else -1, at, to, copy))
    return np.array([row for rows in found for row in rows], ROW), [len(rows) for rows in found]

