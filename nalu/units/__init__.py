"""Arithmetic units as PyTorch layers: one equation per file.

All are drop-in layers, `NMU(in_features, out_features)`: batch dimensions first, features
last. Import them into any model; call ``penalty()`` in the loss and ``project_()`` after
each optimiser step.
"""

from .dmu import DMUAdd, DMUAddSingle, DMUSub, DMUSubSingle
from .gated_nau_nmu import GatedNAUNMU
from .gnalu import GNALU
from .inalu import INALU
from .linear import ELU, SELU, Linear, ReLU, ReLU6, Sigmoid, Softsign, Tanh
from .mcfc import MCFC
from .mul_mcfc import MulMCFC, MulMCFCSign, MulMCFCSignRealNPU
from .nac import NAC
from .nac_mul import NACMul
from .nac_mul_nmu import NACMulNMU
from .nac_mul_sigma import NACMulSigma
from .nalu import NALU, NALUSeparate
from .nau import NAU, NAUNoClamp
from .nmru import NMRU
from .nmu import NMU, NMUNoClamp
from .npu import NPU
from .nru import NRU
from .real_npu import RealNPU, RealNPUModified
from .snmu import SNMU, SNMUBatch
from .unit import Unit

__all__ = [
    "ELU", "GNALU", "INALU", "MCFC", "NAC", "NALU", "NAU", "NMRU", "NMU", "NPU", "NRU", "SELU", "SNMU",
    "DMUAdd", "DMUAddSingle", "DMUSub", "DMUSubSingle", "GatedNAUNMU", "Linear", "MulMCFC", "MulMCFCSign", "MulMCFCSignRealNPU",
    "NACMul", "NACMulNMU", "NACMulSigma", "NALUSeparate", "NAUNoClamp", "NMUNoClamp", "ReLU", "ReLU6", "RealNPU", "RealNPUModified", "SNMUBatch", "Sigmoid", "Softsign", "Tanh", "Unit",
]
