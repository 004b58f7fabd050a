"""TensorBoard: watch the seeds of a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from nalu.training.history import MEASURES, RUNNING
from nalu.training.plan import Plan


class Board:
    """One TensorBoard run per seed under `folder`: scalars of the history, and weights."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan = plan
        self.writers = [SummaryWriter(str(folder / f"seed-{s}")) for s in plan.seeds]

    def show(self, machine) -> None:
        """Write the weights just before a logged iteration, its measures just after."""
        t, every = machine.iteration, self.plan.log_every
        for k, writer in enumerate(self.writers):
            if machine.histories[0].stopped_at[k] != RUNNING:
                continue
            if t % every == 0:
                for layer, W in enumerate(machine.model(k).weights(), 1):
                    writer.add_histogram(f"weight/layer_{layer}", W.detach().cpu().numpy(), t)
            elif (t - 1) % every == 0:
                row = machine.histories[0].values[k, (t - 1) // every]
                for name, value in zip(MEASURES, row, strict=True):
                    if np.isfinite(value):
                        writer.add_scalar(name, value, t - 1)
            writer.flush()

    def close(self) -> None:
        """Write what is left and close the files."""
        for writer in self.writers:
            writer.close()
