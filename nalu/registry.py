"""The models of the papers and of the single-module benchmark, one row each, and what can train them. Data only.

A model is a network of two units, I inputs -> H hidden -> 1 output; in the benchmark it is the second one alone. No other place knows
which unit pairs with which, or how a model is regularised, labelled and coloured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType


@dataclass(frozen=True)
class Recipe:
    """What the training of a later unit needs beside the sparsity regulariser; `nalu.training.stacked` does it.

    Parameters
    ----------
    l1 : tuple of (operation, float, float)
        Weight of the L1 norm of all parameters by operation, in the beginning and in the end. It grows tenfold every `GROWTH` updates.
    clip_value : float
        The largest magnitude of a number of the gradient.
    clip_norm : float
        The largest norm of the whole gradient.
    penalty_below : float
        The sparsity regulariser counts only while the last logged validation error is below.
    restart : bool
        Parameters are drawn again where the validation error does not fall, see `nalu.training.restarts`.
    noise : bool
        The unit takes noise in training, as numbers in [0, 1) of the shape of its input.
    """

    l1: tuple[tuple[str, float, float], ...] = ()
    clip_value: float = math.inf
    clip_norm: float = math.inf
    penalty_below: float = math.inf
    restart: bool = False
    noise: bool = False

    def l1_at(self, operation: str, iteration: int) -> float:
        """Weight of the L1 norm in an update."""
        for name, begin, end in self.l1:
            if name == operation:
                return min(float(Decimal(str(begin)) * 10 ** (iteration // GROWTH)), end)
        return 0.0


GROWTH = 10_000
"""Updates between two weights of the L1 norm."""


@dataclass(frozen=True)
class Model:
    """One row of the papers' tables.

    `first` and `second` name classes of `nalu.units`. The sparsity regulariser has weight
    `lambda_sparse`, scaled from 0 at iteration `lambda_start` to 1 at `lambda_end`.
    """

    first: str
    second: str
    label: str  # LaTeX, without dollars
    plain: str
    colour: str
    flags: str = ""  # how the authors' script selects it
    marker: str = "o"
    lambda_sparse: float = 10.0
    lambda_start: int = 1_000_000
    lambda_end: int = 2_000_000
    note: str = field(default="", compare=False)
    recipe: Recipe | None = None  # of the units of the benchmark, which the compiled engines do not know

    @property
    def gated(self) -> bool:
        """Whether the last unit has a gate."""
        return self.second.startswith(("NALU", "Gated", "GNALU", "DMU"))


_NAU = "ReRegualizedLinearNAC"
_GATED = "ReRegualizedLinearNALU --nalu-two-nac --nalu-mul mnac"
_NO_CLAMP = "--oob-mode regualized --regualizer-oob 0"

# Colours: Okabe and Ito's palette, told apart with any colour vision, and shades of it.
_ROWS = {
    "Linear": Model("Linear", "Linear", r"\mathrm{Linear}", "Linear", "#7f7f7f", "linear"),
    "ReLU": Model("ReLU", "Linear", r"\mathrm{ReLU}", "ReLU", "#a6a6a6", "ReLU",
                  note="only the hidden layer has the activation"),
    "ReLU6": Model("ReLU6", "Linear", r"\mathrm{ReLU6}", "ReLU6", "#c0a98e", "ReLU6",
                   note="only the hidden layer has the activation"),
    "NAC_add": Model("NAC", "NAC", r"\mathrm{NAC}_{+}", "NAC₊", "#e69f00", "NAC"),
    "NAC_mul": Model("NAC", "NACMul", r"\mathrm{NAC}_{\bullet}", "NAC•", "#d55e00", "NAC --nac-mul normal"),
    "NAC_mul_sigma": Model("NAC", "NACMulSigma", r"\mathrm{NAC}_{\bullet,\sigma}", "NAC•,σ",
                           "#cc79a7", "PosNAC --nac-mul normal --first-layer NAC"),
    "NAC_mul_NMU": Model("NAU", "NACMulNMU", r"\mathrm{NAC}_{\bullet,\mathrm{NMU}}",
                         "NAC•,NMU", "#882255",
                         f"ReRegualizedLinearPosNAC --nac-mul normal --first-layer {_NAU}",
                         note="the paper's table of models says NAC₊ for the first layer"),
    "NALU": Model("NALU", "NALU", r"\mathrm{NALU}", "NALU", "#56b4e9", "NALU"),
    "NALU_separate": Model("NALUSeparate", "NALUSeparate", r"\mathrm{NALU}_{\mathrm{separate}}",
                           "NALU (separate)", "#332288", "NALU --nalu-two-nac"),
    "NAU": Model("NAU", "NAU", r"\mathrm{NAU}", "NAU", "#009e73", _NAU, marker="^",
                 lambda_sparse=0.01, lambda_start=5_000, lambda_end=50_000),
    "NMU": Model("NAU", "NMU", r"\mathrm{NMU}", "NMU", "#0072b2", f"{_NAU} --nac-mul mnac", marker="^"),
    "Gated_NAU_NMU": Model("GatedNAUNMU", "GatedNAUNMU", r"\mathrm{Gated\ NAU/NMU}", "Gated NAU/NMU",
                           "#999933", _GATED),
}
_NMU = _ROWS["NMU"]
_ROWS |= {
    "NMU_no_Rsparse": replace(
        _NMU, label=r"\mathrm{NMU},\ \mathrm{no}\ \mathcal{R}_{sparse}",
        plain="NMU, no R_sparse", colour="#44aa99", lambda_sparse=0.0,
        flags=f"{_NMU.flags} --regualizer 0"),
    "NMU_no_Wclamp": replace(
        _NMU, first="NAUNoClamp", second="NMUNoClamp", plain="NMU, no W-clamp",
        label=r"\mathrm{NMU},\ \mathrm{no}\ W\mathrm{\mbox{-}clamp}", colour="#117733",
        flags=f"{_NMU.flags} {_NO_CLAMP}"),
    "NMU_no_Rsparse_no_Wclamp": replace(
        _NMU, first="NAUNoClamp", second="NMUNoClamp", plain="NMU, no R_sparse, no W-clamp",
        label=r"\mathrm{NMU},\ \mathrm{no}\ \mathcal{R}_{sparse},\ \mathrm{no}\ W\mathrm{\mbox{-}clamp}",
        colour="#aa4499", lambda_sparse=0.0, flags=f"{_NMU.flags} --regualizer 0 {_NO_CLAMP}"),
    "NAC_then_NALU": replace(
        _ROWS["NALU"], first="NAC", plain="NALU (shared)",
        label=r"\mathrm{NALU}_{\mathrm{shared}}", flags="NALU --first-layer NAC",
        note="gate experiment: the first layer only adds"),
    "NAC_then_NALU_separate": replace(
        _ROWS["NALU_separate"], first="NAC", flags="NALU --nalu-two-nac --first-layer NAC",
        note="gate experiment: the first layer only adds"),
    "NAU_then_Gated_NAU_NMU": replace(
        _ROWS["Gated_NAU_NMU"], first="NAU", flags=f"{_GATED} --first-layer {_NAU}",
        note="gate experiment: the first layer only adds"),
}


# The units of the single-module benchmark. Their colours are those of related units, as no figure has all of them.
_POWER = (("mul", 1e-7, 1e-5), ("div", 1e-9, 1e-7))
_ROWS |= {
    "iNALU": Model("INALU", "INALU", r"\mathrm{iNALU}", "iNALU", "#332288", "iNALU --clip-grad-value 0.1 --reinit",
                   lambda_sparse=0.05, lambda_start=10_000, lambda_end=10_001,
                   recipe=Recipe(clip_value=0.1, penalty_below=1.0, restart=True)),
    "G_NALU": Model("GNALU", "GNALU", r"\mathrm{G\mbox{-}NALU}", "G-NALU", "#88ccee",
                    "NALU --nalu-gate golden-ratio --nalu-mul golden-ratio --nac-weight golden-ratio", recipe=Recipe()),
    "NPU": Model("NAU", "NPU", r"\mathrm{NPU}", "NPU", "#882255", "NPU --nac-mul npu --regualizer-l1", lambda_sparse=0.0,
                 recipe=Recipe(l1=_POWER)),
    "RealNPU": Model("NAU", "RealNPU", r"\mathrm{RealNPU}", "RealNPU", "#aa4499", "RealNPU --nac-mul real-npu --regualizer-l1",
                     lambda_sparse=0.0, recipe=Recipe(l1=_POWER)),
    "RealNPU_modified": Model("NAU", "RealNPUModified", r"\mathrm{RealNPU}_{\mathrm{modified}}", "RealNPU (modified)", "#cc6677",
                              "RealNPU --nac-mul real-npu --regualizer-l1 --npu-clip wg --regualizer-npu-w 1 --regualizer-gate 1 "
                              "--reg-scale-type madsen --npu-Wr-init xavier-uniform-constrained",
                              lambda_sparse=1.0, lambda_start=40_000, lambda_end=50_000, recipe=Recipe(l1=_POWER)),
    "NRU": Model("NAU", "NRU", r"\mathrm{NRU}", "NRU", "#999933", "NRU --nac-mul mnac", lambda_start=20_000, lambda_end=35_000,
                 recipe=Recipe()),
    "NMRU": Model("NAU", "NMRU", r"\mathrm{NMRU}", "NMRU", "#117733", "SignNMRU --clip-grad-norm 1", lambda_start=20_000,
                  lambda_end=35_000, recipe=Recipe(clip_norm=1.0)),
    "sNMU": Model("NAU", "SNMU", r"\mathrm{sNMU}", "sNMU", "#44aa99", f"{_NAU} --nac-mul mnac --nmu-noise --noise-range [1,5]",
                  lambda_start=20_000, lambda_end=35_000, recipe=Recipe(noise=True)),
    "sNMU_batch": Model("NAU", "SNMUBatch", r"\mathrm{sNMU}_{\mathrm{batch}}", "sNMU (batch)", "#0072b2",
                        f"{_NAU} --nac-mul mnac --nmu-noise", lambda_start=20_000, lambda_end=35_000, recipe=Recipe(noise=True)),
    "MC_FC": Model("MCFC", "MCFC", r"\mathrm{MC\mbox{-}FC}", "MC-FC", "#e69f00", "MCFC", lambda_start=20_000, lambda_end=35_000,
                   recipe=Recipe()),
    "Mul_MC_FC": Model("MulMCFC", "MulMCFC", r"\mathrm{Mul\mbox{-}MC\mbox{-}FC}", "Mul-MC-FC", "#d55e00", "MulMCFC",
                       lambda_start=20_000, lambda_end=35_000, recipe=Recipe()),
    "Mul_MC_FC_sign": Model("MulMCFCSign", "MulMCFCSign", r"\mathrm{Mul\mbox{-}MC\mbox{-}FC}_{\mathrm{sign}}", "Mul-MC-FC (sign)",
                            "#cc79a7", "MulMCFCSignINALU", lambda_start=20_000, lambda_end=35_000, recipe=Recipe()),
    "Mul_MC_FC_sign_RealNPU": Model("MulMCFCSignRealNPU", "MulMCFCSignRealNPU", r"\mathrm{Mul\mbox{-}MC\mbox{-}FC}_{\mathrm{RealNPU}}",
                                    "Mul-MC-FC (sign of the RealNPU)", "#aa4499", "MulMCFCSignRealNPU --reg-scale-type madsen --regualizer-gate 1",
                                    lambda_start=20_000, lambda_end=35_000, recipe=Recipe()),
    "DMU_add": Model("NAU", "DMUAdd", r"\mathrm{DMU}_{\mathrm{add}}", "DMU (add)", "#ddaa33", "DAG --dag-depth 1 --freeze-O --clip-grad-norm 0.01",
                     lambda_sparse=0.0, recipe=Recipe(clip_norm=0.01)),
    "DMU_sub": Model("NAU", "DMUSub", r"\mathrm{DMU}_{\mathrm{sub}}", "DMU (sub)", "#bb5566", "DAG --dag-depth 1 --freeze-O --clip-grad-norm 0.01",
                     lambda_sparse=0.0, recipe=Recipe(clip_norm=0.01)),
    "DMU_add_single": Model("NAU", "DMUAddSingle", r"\mathrm{DMU}_{\mathrm{add},1}", "DMU (add, one gate)", "#ddaa33",
                            "DAG --dag-depth 1 --freeze-O --single-G --clip-grad-norm 0.01", lambda_sparse=0.0, recipe=Recipe(clip_norm=0.01)),
    "DMU_sub_single": Model("NAU", "DMUSubSingle", r"\mathrm{DMU}_{\mathrm{sub},1}", "DMU (sub, one gate)", "#bb5566",
                            "DAG --dag-depth 1 --freeze-O --single-G --clip-grad-norm 0.01", lambda_sparse=0.0, recipe=Recipe(clip_norm=0.01)),
}

MODELS: Mapping[str, Model] = MappingProxyType(_ROWS)
"""Name -> `Model`; names as in the published tables' machine-readable copies."""

OPTIMIZERS = ("adam", "sgd")
"""Adam as in PyTorch, or gradient descent with heavy-ball momentum."""

ENGINES = ("auto", "fused", "cuda", "reference")
"""Who can run the loop of a training, see `nalu.training.engines`."""

TOGETHER = ENGINES[:3]
"""Those that train several conditions from the same batches."""
