"""Arithmetic units as PyTorch layers: one equation per file.

All are drop-in layers, `NMU(in_features, out_features)`: batch dimensions first, features
last. Import them into any model; call ``penalty()`` in the loss and ``project_()`` after
each optimiser step.
"""

from .gated_nau_nmu import GatedNAUNMU
from .linear import ELU, SELU, Linear, ReLU, ReLU6, Sigmoid, Softsign, Tanh
from .nac import NAC
from .nac_mul import NACMul
from .nac_mul_nmu import NACMulNMU
from .nac_mul_sigma import NACMulSigma
from .nalu import NALU, NALUSeparate
from .nau import NAU, NAUNoClamp
from .nmu import NMU, NMUNoClamp
from .unit import Unit

__all__ = [
    "ELU", "GatedNAUNMU", "Linear", "NAC", "NACMul", "NACMulNMU", "NACMulSigma", "NALU",
    "NALUSeparate", "NAU", "NAUNoClamp", "NMU", "NMUNoClamp", "ReLU", "ReLU6", "SELU",
    "Sigmoid", "Softsign", "Tanh", "Unit",
]
