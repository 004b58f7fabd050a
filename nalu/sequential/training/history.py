"""What a training on sequential MNIST records: one point per seed and measured epoch."""

import numpy as np
import pandas as pd

from nalu.experiments.sequential_conditions import SequenceCondition

RUNNING = -1
DIGITS = 10


class History:
    """Measures of every seed at every measured point, before the update of that number.

    The arrays of ``values`` are `[seed, point, ...]`, NaN where nothing was measured:

    * ``valid_mse`` (target²): over all positions of the validation sequences, which are as
      long as those of the training,
    * ``test_mse`` `[..., length]`: the same on the test sequences of each length,
    * ``sparsity_error``: the unit's largest distance of a weight from the nearest of -1, 0, 1,
    * ``weights`` `[..., 2]`: the unit's weights of the picture and of the state,
    * ``digit_mean``, ``digit_sd`` `[..., 10]`: mean and standard deviation of what the
      convolutional network gives for the test images of each digit.

    ``stopped_at`` `[seed]` is the update at which a seed became NaN, or `RUNNING`.
    """

    def __init__(self, condition: SequenceCondition, seeds: tuple[int, ...], updates: int) -> None:
        """`updates` is the number of updates in an epoch."""
        self.condition, self.seeds = condition, seeds
        points = condition.epochs // condition.log_every + 1
        self.steps = np.arange(points) * condition.log_every * updates
        sizes = {"valid_mse": (), "test_mse": (len(condition.task.test_lengths),), "sparsity_error": (),
                 "weights": (2,), "digit_mean": (DIGITS,), "digit_sd": (DIGITS,)}
        self.values = {name: np.full((len(seeds), points, *size), np.nan) for name, size in sizes.items()}
        self.stopped_at = np.full(len(seeds), RUNNING, np.int64)

    def record(self, seed: int, update: int, measures: dict[str, np.ndarray]) -> None:
        """Store the measures of the seed with this place, before this update."""
        for name, value in measures.items():
            self.values[name][seed, np.searchsorted(self.steps, update)] = value

    def state(self) -> dict[str, np.ndarray]:
        """All arrays."""
        return {f"history/{name}": v for name, v in self.values.items()} | {"stopped_at": self.stopped_at}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over a `state`."""
        for name, array in self.values.items():
            array[:] = state[f"history/{name}"]
        self.stopped_at[:] = state["stopped_at"]

    def frame(self, iteration: int) -> pd.DataFrame:
        """What was measured before the update of this number and at the end, one row per seed and point.

        Columns ``seed, step, valid_mse, sparsity_error, image_weight, state_weight``, and ``test_mse/4``,
        ``digit_mean/3`` and ``digit_sd/3`` for every test length and digit, as `nalu.results.recorded` takes
        them. A seed that became NaN has no rows after; ``attrs["stopped_at"]`` says when.
        """
        v, lengths = self.values, self.condition.task.test_lengths
        ran = (self.stopped_at[:, None] == RUNNING) | (self.steps < self.stopped_at[:, None])
        k, p = np.nonzero(ran & (self.steps <= iteration))
        columns = {"seed": np.array(self.seeds)[k], "step": self.steps[p], "valid_mse": v["valid_mse"][k, p],
                   "sparsity_error": v["sparsity_error"][k, p], "image_weight": v["weights"][k, p, 0],
                   "state_weight": v["weights"][k, p, 1]}
        for name, numbers in (("test_mse", lengths), ("digit_mean", range(DIGITS)), ("digit_sd", range(DIGITS))):
            columns |= {f"{name}/{number}": v[name][k, p, n] for n, number in enumerate(numbers)}
        table = pd.DataFrame(columns)
        table.attrs["stopped_at"] = {seed: int(at) for seed, at in zip(self.seeds, self.stopped_at, strict=True)
                                     if at != RUNNING}
        return table
