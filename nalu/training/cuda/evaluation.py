"""The fixed inputs and targets on which the kernel evaluates networks. Tasks that have the same ones share them."""

from __future__ import annotations

import numpy as np

from nalu.tasks import OPERATIONS, Arithmetic
from nalu.training.cuda.blocks import odd_fours
from nalu.training.cuda.records import CHUNK


class Evaluation:
    """Inputs and targets in two flat arrays, which grow with every seed that asks for its own."""

    def __init__(self) -> None:
        self.inputs, self.targets, self._fixed = Pool(), Pool(), {}

    def of_seed(self, seed: int, task: Arithmetic, operations: list[str]) -> dict[str, int]:
        """Return where the inputs and targets of a seed begin, by column of `records.BLOCK`. Its targets are those of all operations."""
        row = {}
        for which, where in (("valid", task.train_range), ("test", task.test_range)):
            key = which, task.input_size, where
            if key not in self._fixed:
                self._fixed[key] = getattr(task, {"valid": "validation_inputs", "test": "test_inputs"}[which])()
            x = self._fixed[key]
            row["evaluated"], whole = len(x), -(-len(x) // CHUNK) * CHUNK
            row[f"{which}_x"] = self.inputs.place(key, lambda x=x, whole=whole: _padded(x, whole))
            row[f"{which}_y"] = self.targets.place((key, tuple(operations), task.subsets(seed)), lambda x=x, whole=whole: np.stack(
                [np.pad(np.float32(OPERATIONS[name].apply(sums)[:, 0]), (0, whole - len(x)))
                 for sums in [task.sums(x, seed)] for name in operations]))
        return row


def _padded(x: np.ndarray, whole: int) -> np.ndarray:
    """Round evaluation inputs to float32 and arrange them in rows as the kernel reads them. Samples beyond the last are 1."""
    rows = np.ones((whole, odd_fours(x.shape[1])))
    rows[: len(x), : x.shape[1]] = np.float32(x)
    return rows


class Pool:
    """One long array that holds others one after the other. Arrays of one name are held once."""

    def __init__(self) -> None:
        self._pieces, self._places, self._size = [], {}, 0

    def place(self, key, make) -> int:
        """Return where the array of this name begins; add it if it is new."""
        if key not in self._places:
            self._places[key] = self._size
            self._pieces.append(make().ravel())
            self._size += self._pieces[-1].size
        return self._places[key]

    def array(self) -> np.ndarray:
        """Return the long array."""
        return np.concatenate(self._pieces)
