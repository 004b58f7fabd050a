"""What a training records: one row per seed and logged iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nalu.training.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("train_loss", "valid_mse", "test_mse", "penalty", "sparsity_error", "gate")
RUNNING = -1


class History:
    """Measures of every seed at every logged iteration.

    ``values`` is `[seed, logged iteration, measure]` in the order of `MEASURES`; NaN where
    nothing was logged. All measures are taken before the update of their iteration.

    * ``train_loss``: mean squared error of the training batch,
    * ``valid_mse``, ``test_mse``: the same on the 10,000 fixed interpolation and
      extrapolation inputs,
    * ``penalty``: the sparsity regulariser, without its weight,
    * ``sparsity_error``: max over all weights of min(|W|, |1 - |W||),
    * ``gate``: mean gate of the last unit on the training batch.

    ``stopped_at`` `[seed]` is the iteration at which a seed became NaN, or `RUNNING`.

    An engine that trains several plans at once may give the memory of both.
    """

    def __init__(self, plan: Plan, values: np.ndarray | None = None,
                 stopped_at: np.ndarray | None = None) -> None:
        self.seeds = np.array(plan.seeds, np.int64)
        self.steps = plan.log_steps
        shape = len(self.seeds), len(self.steps), len(MEASURES)
        self.values = np.empty(shape) if values is None else values
        self.stopped_at = np.empty(shape[0], np.int64) if stopped_at is None else stopped_at
        self.values[:] = np.nan
        self.stopped_at[:] = RUNNING

    def state(self, iteration: int) -> dict[str, np.ndarray]:
        """What is known before `iteration`."""
        return {"history": self.values[:, : self._rows(iteration)], "stopped_at": self.stopped_at}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over a `state`."""
        known = state["history"]
        self.values[:, : known.shape[1]] = known
        self.stopped_at[:] = state["stopped_at"]

    def _rows(self, iteration: int) -> int:
        return int(np.searchsorted(self.steps, iteration))

    def frame(self, iteration: int) -> pd.DataFrame:
        """Tidy table of what was logged before `iteration`, sorted by seed and step."""
        import pandas as pd

        rows = self._rows(iteration)
        steps = self.steps[:rows]
        ran = (self.stopped_at[:, None] == RUNNING) | (steps < self.stopped_at[:, None])
        which, when = np.nonzero(ran)
        table = pd.DataFrame({"seed": self.seeds[which], "step": steps[when]})
        for k, name in enumerate(MEASURES):
            table[name] = self.values[which, when, k]
        table = table.sort_values(["seed", "step"], ignore_index=True)
        stopped = self.stopped_at != RUNNING
        table.attrs["stopped_at"] = {
            int(s): int(t)
            for s, t in zip(self.seeds[stopped], self.stopped_at[stopped], strict=True)
        }
        return table
