"""A trained network in a small file: its parameters in half precision, compressed."""

from pathlib import Path

import numpy as np
import torch

from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.sequential.training.networks import Network, build
from nalu.support import files


def save(network: Network, path: Path) -> None:
    """Write the parameters of a network, float16: half a megabyte in place of two."""
    arrays = {name: p.detach().cpu().numpy().astype(np.float16) for name, p in network.state_dict().items()}
    np.savez_compressed(path, **arrays)


def load(condition: SequenceCondition, path: Path) -> Network:
    """The network of a condition with the parameters in a file.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it does not hold the parameters of such a network.
    """
    network = build(condition, seed=0)
    with files.intact(f"{path} does not hold the parameters of {condition.id}"):
        with np.load(path, allow_pickle=False) as file:
            state = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}
        network.load_state_dict(state)
    return network
