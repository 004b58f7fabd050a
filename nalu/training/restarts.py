r"""When the iNALU starts again: its parameters are drawn anew where the validation error does not fall.

Every update notes the validation error that was logged last, up to a thousand updates ago. At every tenth update, once more than
5000 are noted, the first half of them is compared with the second. If

$$\overline{e_1} \le \overline{e_2} + \mathrm{sd}(e_2) \quad \text{and} \quad \overline{e_2} > 1$$

the parameters are drawn again and all notes are thrown away; the moments of Adam stay. Source: the code of the single-module benchmark,
where the errors of a whole thousand updates are one number, so that the spread of the second half is that of a few numbers.
"""

from __future__ import annotations

import numpy as np

EVERY, STORED, BEARABLE = 10, 5000, 1.0


class Restarts:
    """The notes of all lanes; equal ones are kept as one with how long they hold.

    Parameters
    ----------
    lanes : int
    end, log_every : int
        How many updates there are, and how many between two logged errors.
    """

    def __init__(self, lanes: int, end: int, log_every: int) -> None:
        self.begun = np.zeros(lanes, np.int64)
        """The first update whose error is still noted."""
        self.errors = np.full((lanes, -(-end // log_every)), np.nan)
        """The validation errors, as they were logged."""
        self._every = log_every

    def due(self, t: int) -> np.ndarray:
        """Return the lanes that start again after update `t`, and forget their notes."""
        stored = t + 1 - self.begun
        wanted = stored > STORED
        if t % EVERY or not t or not wanted.any():
            return np.empty(0, np.int64)
        middle = self.begun + stored // 2
        first, _ = self._mean(self.begun, middle)
        second, spread = self._mean(middle, np.full_like(middle, t + 1))
        lanes = np.flatnonzero(wanted & (first <= second + spread) & (second > BEARABLE))
        self.begun[lanes] = t + 1
        return lanes

    def _mean(self, start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of what is noted from `start` to `stop`, of every lane."""
        begins = np.arange(self.errors.shape[1]) * self._every
        held = np.maximum(np.minimum(begins + self._every, stop[:, None]) - np.maximum(begins, start[:, None]), 0)
        errors, count = np.where(held > 0, self.errors, 0.0), np.maximum(stop - start, 1)
        mean = (held * errors).sum(1) / count  # of whole numbers times single precision: equal errors have this mean exactly
        return mean, np.sqrt((held * (errors - mean[:, None]) ** 2).sum(1) / count)
