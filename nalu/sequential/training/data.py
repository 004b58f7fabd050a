"""Training and evaluation sequences as tensors: all images lie on the device once."""

import numpy as np
import torch
from torch import Tensor

from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.sequential.training.cnn import normalised
from nalu.tasks.digits import load
from nalu.tasks.mnist import sequences


class Data:
    """The pictures of a condition, its sequences and their targets."""

    def __init__(self, condition: SequenceCondition, seeds: tuple[int, ...], device: str) -> None:
        self.condition, self.seeds, self.device = condition, seeds, device
        self.digits, task = load(condition.data), condition.task
        self.images = torch.from_numpy(self.digits.images).to(device)  # [N, 28, 28]
        self.training = [sequences(task.order(self.digits, "train", seed), task.train_length)
                         for seed in seeds]
        self.orders = {part: task.order(self.digits, part) for part in ("valid", "test")}
        for length in task.test_lengths:
            sequences(self.orders["test"], length)  # all must be there
        self._epoch = [(-1, np.empty(0, np.int64))] * len(seeds)

    @property
    def updates(self) -> int:
        """Batches in an epoch; the last one may be smaller."""
        return -(-len(self.training[0]) // self.condition.batch_size)

    def batch(self, k: int, update: int) -> tuple[Tensor, Tensor]:
        """Pictures `[B, L, 1, 28, 28]` and targets `[B, L]` of the seed with place `k`."""
        epoch, number = divmod(update, self.updates)
        if self._epoch[k][0] != epoch:
            self._epoch[k] = epoch, shuffled(self.seeds[k], epoch, len(self.training[k]))
        chosen = self._epoch[k][1][number * self.condition.batch_size:][: self.condition.batch_size]
        which = self.training[k][chosen]  # [B, L]
        targets = self.condition.task.targets(self.digits.labels[which])
        return self.pictures(which), torch.from_numpy(targets).to(self.device)

    def pictures(self, which: np.ndarray) -> Tensor:
        """The pictures with these indices as the network takes them, `[..., 1, 28, 28]`."""
        return normalised(self.images[torch.from_numpy(which).to(self.device)])

    def test(self, part: str, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Places in the part's order `[n, length]` and targets, for sequences of a length."""
        places = sequences(np.arange(len(self.orders[part])), length)
        labels = self.digits.labels[self.orders[part]]
        return places, self.condition.task.targets(labels[places])


def shuffled(seed: int, epoch: int, n: int) -> np.ndarray:
    """Order of the sequences in an epoch: a function of its arguments, on every machine.

    Departs from the paper (mnist-order): the authors draw it from PyTorch's global
    generator, which initial weights and evaluations move.
    """
    return np.random.RandomState([seed, epoch]).permutation(n)
