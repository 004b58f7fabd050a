"""The training loop of the original code: one seed, plain PyTorch, one batch after the other.

Written from what the authors' script does for the arithmetic task: a module, Adam, batches
drawn by NumPy's `RandomState` and rounded to float32, the loss with its regularisers, a
step, the projection of the weights, a look for NaN in every weight matrix of each forward
pass, and both errors on 10,000 inputs at every 1000th iteration. What their script did
besides, hidden values checked and summaries written for TensorBoard, is left out.
"""

import math

import numpy as np
import torch

from nalu.models import seeded
from nalu.registry import MODELS
from nalu.tasks import Arithmetic
from nalu.units import Unit

EVALUATE_EVERY = 1000


class Loop:
    """Trains one seed of a model; `advance` runs a number of iterations.

    ``losses`` are the training errors of all iterations so far, as tensors, ``errors`` pairs
    of validation and test error.
    """

    def __init__(self, name: str, task: Arithmetic, seed: int) -> None:
        self.row, self.task, self.seed = MODELS[name], task, seed
        self.model = seeded(name, seed, task.input_size)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.batches = task.batches(seed)
        self.fixed = [self._tensors(x) for x in (task.validation_inputs(), task.test_inputs())]
        units = (self.model.first, self.model.second)
        self.regularised = any(type(unit).penalty is not Unit.penalty for unit in units)
        self.matrices = [p for name, p in self.model.named_parameters()
                         if name.split(".")[-1] in ("W", "W_hat")]
        self.iteration, self.losses, self.errors = 0, [], []

    def _tensors(self, x: np.ndarray) -> list[torch.Tensor]:
        pair = x, self.task.target(x, self.seed)
        return [torch.from_numpy(array.astype(np.float32)) for array in pair]

    def _error(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        for W in self.matrices:
            if torch.isnan(W).any():
                raise ValueError(f"{self.row.plain}, seed {self.seed}: nan detected")
        return torch.nn.functional.mse_loss(self.model(x), y)

    def _set_temperature(self, i: int) -> None:
        """Of gates with noise; no model of the papers has one, but the script looks for it."""
        for name, parameter in self.model.named_parameters():
            if name.endswith("tau"):
                parameter.data.fill_(max(0.5, math.exp(-1e-5 * i)))

    def advance(self, count: int) -> int:
        """Run `count` iterations and return it."""
        start, end, weight = self.row.lambda_start, self.row.lambda_end, self.row.lambda_sparse
        for i in range(self.iteration, self.iteration + count):
            self._set_temperature(i)
            self.optimiser.zero_grad()
            if i % EVALUATE_EVERY == 0:
                with torch.no_grad():
                    self.errors.append([self._error(*pair).item() for pair in self.fixed])
            error = self._error(*self._tensors(next(self.batches)))
            scale = max(0.0, min(1.0, (i - start) / (end - start)))
            penalty = self.model.penalty() if self.regularised else 0.0
            (error + weight * scale * penalty).backward()
            self.optimiser.step()
            self.model.project_()
            self.losses.append(error.detach())
        self.iteration += count
        return count
