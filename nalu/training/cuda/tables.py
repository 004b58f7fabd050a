"""The arguments of the kernel for some plans: tables, initial state, evaluation data."""

from __future__ import annotations

import numpy as np

from nalu.tasks import Arithmetic
from nalu.training.cuda import records, units
from nalu.training.cuda.blocks import Block
from nalu.training.cuda.lanes import Parts
from nalu.training.history import RUNNING


class Tables:
    """Arrays for the kernel, lanes in the order of the blocks; `lane[j, k]` says where a seed is."""

    def __init__(self, parts: list[Parts], blocks: list[Block]) -> None:
        self.kind = np.dtype(parts[0].plan.dtype)
        order = [lane for block in blocks for lane in block.lanes]
        self.lane = {lane: number for number, lane in enumerate(order)}
        sizes = [parts[j].size for j, _ in order]
        self.begin = np.cumsum([0, *sizes])
        self.evaluation, self.logs = _Pool(self.kind), None
        self.targets = _Pool(self.kind)
        self.fixed: dict[tuple, np.ndarray] = {}
        starts = [part.start() for part in parts]
        self.parameters = np.concatenate([starts[j][k] for j, k in order])
        self.lanes, self.tensors = self._lanes(parts, order)
        self.subsets = np.zeros((len(blocks), max(len(p.plan.task.layout) for p in parts), 2), np.uint64)
        self.words = np.zeros((len(blocks), 624), np.uint32)
        self.scratch = self.log_scratch = 0
        self.blocks = np.zeros(len(blocks), records.BLOCK)
        for number, block in enumerate(blocks):
            for name, value in self._block(number, block, parts).items():
                self.blocks[name][number] = value
        self.stopped_at = np.full(len(order), RUNNING, np.int64)

    def _lanes(self, parts: list[Parts], order: list[tuple[int, int]]):
        settings = [part.lane() for part in parts]
        own = [list(part.tensors()) for part in parts]
        lanes, rows = np.zeros(len(order), records.LANE), []
        for number, (j, k) in enumerate(order):
            task, seed = parts[j].plan.task, parts[j].plan.seeds[k]
            row = settings[j] | {
                "tensor": len(rows), "tensors": len(own[j]),
                "valid_y": self._targets(task, seed, "validation"),
                "test_y": self._targets(task, seed, "test")}
            for name, value in row.items():
                lanes[name][number] = value
            begin = self.begin[number]
            rows += [tensor | {"parameters": tensor["parameters"] + begin} for tensor in own[j]]
        tensors = np.zeros(len(rows), records.TENSOR)
        for name in records.TENSOR.names:
            tensors[name] = [row[name] for row in rows]
        return lanes, tensors

    def _targets(self, task: Arithmetic, seed: int, which: str) -> int:
        return self.targets.place((task, seed, which), lambda: np.float32(
            task.target(self._fixed(task, which)[1], seed)[:, 0]))

    def _block(self, number: int, block: Block, parts: list[Parts]) -> dict[str, float]:
        j, k = block.lanes[0]
        plan, I = parts[j].plan, parts[j].I
        task, seed, B = plan.task, plan.seeds[k], plan.batch_size
        (low0, high0), (low1, high1) = task.train_range[0], task.train_range[-1]
        self.subsets[number, : len(task.layout)] = task.subsets(seed)
        authors, two = plan.stream == "authors", len(task.train_range) == 2
        if authors:
            self.words[number] = np.random.RandomState(task.training_seed(seed)).get_state()[1]
        row = block.places | {
            "index": number, "lane": self.lane[block.lanes[0]], "lanes": len(block.lanes),
            "turn": number, "authors": authors, "seed": seed, "position": 624, "input_size": I,
            "intervals": len(task.train_range), "number_of_subsets": len(task.layout),
            "low0": low0, "width0": high0 - low0, "low1": low1, "width1": high1 - low1,
            "scratch": self.scratch, "evaluated": len(self._fixed(task, "test")[1]),
            "valid_x": self._inputs(task, "validation"), "test_x": self._inputs(task, "test")}
        self.scratch += 2 * I * B * (authors and two)
        if block.places["logs"] == 2:
            row["log_x"] = self.log_scratch
            self.log_scratch += I * (B | 1)
        return row

    def _inputs(self, task: Arithmetic, which: str) -> int:
        key, x = self._fixed(task, which)
        return self.evaluation.place(key, lambda: np.float32(x).T.ravel())

    def _fixed(self, task: Arithmetic, which: str) -> tuple[tuple, np.ndarray]:
        """The evaluation inputs of a task, drawn once for all tasks that have them, and their name."""
        where = task.train_range if which == "validation" else task.test_range
        key = which, task.input_size, where
        if key not in self.fixed:
            self.fixed[key] = getattr(task, f"{which}_inputs")()
        return key, self.fixed[key]

    def logarithms(self, wanted: bool) -> np.ndarray:
        """Of all evaluation inputs, if a first layer wants them."""
        x = self.evaluation.array() if wanted else np.ones(1, self.kind)
        return np.log(np.abs(x) + self.kind.type(units.EPSILON))


class _Pool:
    """Arrays one behind the other in one; what is the same is there once."""

    def __init__(self, kind: np.dtype) -> None:
        self.kind, self.pieces, self.places, self.size = kind, [], {}, 0

    def place(self, key, make) -> int:
        """Where the array of this name begins."""
        if key not in self.places:
            self.places[key] = self.size
            self.pieces.append(make().astype(self.kind))
            self.size += self.pieces[-1].size
        return self.places[key]

    def array(self) -> np.ndarray:
        """All of them."""
        return np.concatenate(self.pieces)
