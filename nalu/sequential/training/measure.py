"""What is measured of a network: errors at every length, weights, what it makes of each digit.

The convolutional network sees every image once; sequences of all lengths are then cut from
its numbers, as the authors cut them from the images.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nalu.sequential.training.data import Data
from nalu.sequential.training.history import DIGITS
from nalu.sequential.training.networks import Network

CHUNK = 500
"""Images at a time."""


@torch.no_grad()
def measure(network: Network, data: Data) -> dict[str, np.ndarray]:
    """Return the measures of `nalu.sequential.training.history.History` of one network."""
    task = data.condition.task
    numbers = {part: numbers_of(network, data, part) for part in ("valid", "test")}
    test = [error(network, data, "test", numbers["test"], length) for length in task.test_lengths]
    weight = network.weight()
    weights = np.full(2, np.nan) if weight is None else weight.flatten().double().cpu().numpy()
    size = np.abs(weights)
    found = {
        "valid_mse": error(network, data, "valid", numbers["valid"], task.train_length),
        "test_mse": np.array(test), "weights": weights,
        "sparsity_error": np.minimum(size, np.abs(1.0 - size)).max(),
    }
    labels, values = data.digits.labels[data.orders["test"]], numbers["test"].double().cpu().numpy()
    for name, of in (("digit_mean", np.mean), ("digit_sd", np.std)):
        found[name] = _by_digit(values, labels, of)
    return found


def numbers_of(network: Network, data: Data, part: str) -> Tensor:
    """What the convolutional network gives for the images of a part, in its order, `[N]`."""
    order = data.orders[part]
    pieces = [network.cnn(data.pictures(order[k:k + CHUNK])) for k in range(0, len(order), CHUNK)]
    return torch.cat(pieces).flatten()


def error(network: Network, data: Data, part: str, numbers: Tensor, length: int) -> float:
    """Mean squared error over all positions of the sequences of a length.

    Outputs and targets are float32, as the authors'; the mean is taken in float64, as a
    square of a product of twenty digits may not fit into float32.
    """
    places, targets = data.test(part, length)
    outputs, _ = network.accumulate(numbers[torch.from_numpy(places).to(numbers.device)])
    return float(np.mean((outputs.double().cpu().numpy() - targets) ** 2))


def _by_digit(values: np.ndarray, labels: np.ndarray, of: Callable) -> np.ndarray:
    return np.array([of(values[labels == d]) if (labels == d).any() else np.nan for d in range(DIGITS)])
