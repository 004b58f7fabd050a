"""Compile the convolutions once per machine, in a process of its own; see `nalu.training.fused.warm`."""

import torch

from nalu.sequential.training.cnn import CNN
from nalu.sequential.training.features import STORE, adam
from nalu.training.fused.warm import once


def warm() -> None:
    """See that they are compiled, and Adam; `RuntimeError` with the compiler's last line if they cannot be."""
    once(STORE, "float32", __name__, "the convolutions")


if __name__ == "__main__":
    network = CNN()
    network.compiled = True
    network(torch.zeros(1, 1, 28, 28)).sum().backward()
    W = torch.zeros(1)
    adam(W, W.clone(), W.clone(), W.clone(), 1, 0.0)
