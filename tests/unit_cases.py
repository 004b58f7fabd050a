"""The units, with reproducible weights, for the tests of units."""

import torch

from nalu import units

NAMES = [name for name in units.__all__ if name != "Unit"]
GATED = ["NALU", "NALUSeparate", "GatedNAUNMU"]
RANGED = ["NAU", "NMU", "NACMulNMU", "GatedNAUNMU"]
EPSILON = 1e-7


def make(name, in_features=4, out_features=3, dtype=torch.float64):
    """The unit with reproducible initial weights."""
    generator = torch.Generator().manual_seed(1)
    return getattr(units, name)(in_features, out_features, generator, dtype=dtype)


def fill(unit, numbers, low, high):
    """Every parameter of the unit uniform in [low, high], biases included."""
    for parameter in unit.parameters():
        parameter.data = numbers(*parameter.shape, low=low, high=high)
    return unit
