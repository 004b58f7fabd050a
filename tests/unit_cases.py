"""The units, with reproducible weights, for the tests of units."""

import torch

from nalu import units

# The models of the papers: of the default tasks, of the ablation, of the gate experiment. What is
# known of the authors' runs, and the compiled engines, are theirs; a new model passes the rest.
TABLE = ["Linear", "ReLU", "ReLU6", "NAC_add", "NAC_mul", "NAC_mul_sigma", "NAC_mul_NMU", "NALU",
         "NALU_separate", "NAU", "NMU", "Gated_NAU_NMU"]
ABLATIONS = ["NMU_no_Rsparse", "NMU_no_Wclamp", "NMU_no_Rsparse_no_Wclamp"]
GATES = ["NAC_then_NALU", "NAC_then_NALU_separate", "NAU_then_Gated_NAU_NMU"]
PAPERS = TABLE + ABLATIONS + GATES

NAMES = [name for name in units.__all__ if name != "Unit"]
HARD = ["DMUAdd", "DMUSub", "DMUAddSingle", "DMUSubSingle"]
"""Units whose gate is 0 or 1 in evaluation, so that its parameters have a gradient in training only."""
GATED = ["NALU", "NALUSeparate", "GatedNAUNMU", "GNALU", *HARD]
RANGED = ["NAU", "NMU", "NACMulNMU", "GatedNAUNMU", "NRU", "NMRU", "SNMU", "SNMUBatch", "RealNPUModified"]
POSITIVE = ["MulMCFC"]
"""Units of positive inputs."""
DIVIDING = ["NRU", "NMRU"]
"""Units of inputs that are not 0."""
EPSILON = 1e-7


def make(name, in_features=4, out_features=3, dtype=torch.float64):
    """The unit with reproducible initial weights, as it is evaluated."""
    generator = torch.Generator().manual_seed(1)
    return getattr(units, name)(in_features, out_features, generator, dtype=dtype).eval()


def smooth(name, *sizes, **kind):
    """The unit as it is evaluated, or as it is trained if only that is a smooth function of its parameters."""
    return make(name, *sizes, **kind).train(name in HARD)


def allowed(name, x):
    """The inputs, or others that the unit is made for."""
    if name in POSITIVE:
        return x.abs() + 0.1
    return torch.where(x == 0, 0.5, x) if name in DIVIDING else x


def fill(unit, numbers, low, high):
    """Every parameter of the unit uniform in [low, high], biases included."""
    for parameter in unit.parameters():
        parameter.data = numbers(*parameter.shape, low=low, high=high)
    return unit
