"""The units of the engine as data: which matrices of weights a unit has, and what each of them multiplies. A new unit is a new row."""

from __future__ import annotations

from dataclasses import dataclass

from nalu.training.fused.weights import KINDS

LINEAR, RELU, RELU6 = range(3)
NOTHING, LOGARITHMS, FACTORS = range(3)


@dataclass(frozen=True)
class Matrix:
    """Weights of a kind of `KINDS`, from one or two tensors of a unit.

    `roles` says what the weights do: ``G`` is the gate, ``A`` adds inputs, ``M`` multiplies them, and
    ``B`` is a bias. Weights that are `sparse` have a sparsity error.
    """

    kind: str
    tensors: tuple[str, ...]
    roles: str
    sparse: bool = True


@dataclass(frozen=True)
class Kernel:
    r"""One unit. With its matrices G, A and M,

    $$a = f(A x + b), \qquad m = \exp(M \log(|x| + \epsilon)) \ \text{or} \
    \prod_i (M_i x_i + 1 - M_i), \qquad z = g a + (1 - g) m, \quad g = \sigma(G x);$$

    a part without a matrix is left out. `product` chooses the form of m, and `activation` chooses f.
    """

    matrices: tuple[Matrix, ...]
    product: int = NOTHING
    activation: int = LINEAR

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the unit's tensors in their order."""
        return tuple(name for matrix in self.matrices for name in matrix.tensors)

    @property
    def gated(self) -> bool:
        return any("G" in matrix.roles for matrix in self.matrices)

    @property
    def body(self) -> int:
        """Return the code of what the unit does with its products, see `nalu.training.fused.bodies`."""
        return self.product + 3 * self.gated


def _affine(activation: int) -> Kernel:
    return Kernel((Matrix("plain", ("W",), "A"), Matrix("plain", ("b",), "B", sparse=False)), activation=activation)


_GATE = Matrix("plain", ("G",), "G", sparse=False)
_NAC = "W_hat", "M_hat"
KERNELS = {
    "Linear": _affine(LINEAR),
    "ReLU": _affine(RELU),
    "ReLU6": _affine(RELU6),
    "NAC": Kernel((Matrix("nac", _NAC, "A"),)),
    "NACMul": Kernel((Matrix("nac", _NAC, "M"),), LOGARITHMS),
    "NACMulSigma": Kernel((Matrix("sigma", ("W_hat",), "M"),), LOGARITHMS),
    "NACMulNMU": Kernel((Matrix("nmu", ("W",), "M"),), LOGARITHMS),
    "NALU": Kernel((Matrix("nac", ("nac.W_hat", "nac.M_hat"), "AM"), _GATE), LOGARITHMS),
    "NALUSeparate": Kernel((Matrix("nac", ("add.W_hat", "add.M_hat"), "A"),
                            Matrix("nac", ("mul.W_hat", "mul.M_hat"), "M"), _GATE), LOGARITHMS),
    "NAU": Kernel((Matrix("nau", ("W",), "A"),)),
    "NAUNoClamp": Kernel((Matrix("nau free", ("W",), "A"),)),
    "NMU": Kernel((Matrix("nmu", ("W",), "M"),), FACTORS),
    "NMUNoClamp": Kernel((Matrix("nmu free", ("W",), "M"),), FACTORS),
    "GatedNAUNMU": Kernel((Matrix("nau", ("nau.W",), "A"), Matrix("nmu", ("nmu.W",), "M"), _GATE), FACTORS),
}
"""Name of the unit's class -> its kernel."""

COPY = Kernel((Matrix("plain", ("W",), "A", sparse=False),))
"""The first layer of a unit that is trained by itself."""

CODES = {name: code for code, name in enumerate(KINDS)}
