r"""The single-module task: two inputs, one unit.

A unit sees nothing but the two operands, $x_0$ and $x_1$, and has to combine them:
$x_0 + x_1$, $x_0 - x_1$, $x_0 x_1$ or $x_0 / x_1$. There is no hidden layer, so that
nothing has to be selected first and nothing hides what the unit itself can learn. In a harder form there are more inputs, and
the operands are two neighbours among them, which the seed chooses. Its threshold is that of the operands alone.

A run is solved when its test error is below the expected error of a unit whose weights are
wrong by $\epsilon = 10^{-5}$, over the extrapolation range:

$$\begin{aligned}
\text{add, sub:} \quad & \epsilon^2\, \mathbb{E}\left[(|x_0| + |x_1|)^2\right] \\
\text{mul:} \quad & \left(1 - (1 - \epsilon)^2\right)^2 \mathbb{E}[x^2]^2 \\
\text{div:} \quad & \left(\frac{2\epsilon}{1 + \epsilon}\right)^2 \mathbb{E}[x^2]\, \mathbb{E}[x^{-2}]
\end{aligned}$$

Source: Mistry, Farrahi and Hare, *A Primer for Neural Arithmetic Logic Modules* (JMLR 2022).
Their script has $\epsilon = 10^{-4}$, the setup file of their runs $10^{-5}$; replayed runs
of the NMU and the NAU have the published outcomes with $10^{-5}$.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from nalu.support import check
from nalu.support.check import Refusal
from nalu.tasks.arithmetic import Arithmetic
from nalu.tasks.operations import Range
from nalu.tasks.threshold import EPSILON

OPERATIONS = ("add", "sub", "mul", "div")
"""Those of the benchmark, in its order."""

RANGES: MappingProxyType[Range, Range] = MappingProxyType({
    ((-20, -10),): ((-40, -20),),
    ((-2, -1),): ((-6, -2),),
    ((-1.2, -1.1),): ((-6.1, -1.2),),
    ((-0.2, -0.1),): ((-2, -0.2),),
    ((-2, 2),): ((-6, -2), (2, 6)),
    ((0.1, 0.2),): ((0.2, 2),),
    ((1, 2),): ((2, 6),),
    ((1.1, 1.2),): ((1.2, 6),),
    ((10, 20),): ((20, 40),),
})
"""Where it is trained -> where it is tested: the nine pairs of the benchmark."""


@dataclass(frozen=True)
class SingleModule(Arithmetic):
    """The arithmetic task on two inputs, each an operand: `nalu.tasks.Arithmetic` has its parameters and streams.

    Raises
    ------
    ValueError
        If the operation is not one of the four, or the operands are not two inputs.

    >>> from nalu.tasks import SingleModule
    >>> SingleModule("div").target([6.0, 3.0], seed=0).tolist()
    [2.0]
    """

    input_size: int = 2
    subset_ratio: float = 0.5
    overlap_ratio: float = 0.0

    def __post_init__(self) -> None:
        check.one_of(self.operation, OPERATIONS, "operation of the single-module task")
        super().__post_init__()
        if self.layout != ((0, 1), (1, 2)):
            raise Refusal("the single-module task has two inputs that are operands; "
                          "allowed: subset_ratio=1/input_size, overlap_ratio=0")

    def threshold(self, epsilon: float = EPSILON) -> float:
        """Test error below which a run counts as solved, in closed form.

        Parameters
        ----------
        epsilon
            How wrong every weight may be.

        Raises
        ------
        ValueError
            If the operation is not defined everywhere in the test range.
        """
        size, square = self._moment(1), self._moment(2)
        if self.operation in ("add", "sub"):
            return epsilon**2 * 2 * (square + size**2)
        if self.operation == "mul":
            return (1 - (1 - epsilon) ** 2) ** 2 * square**2
        if any(low <= 0 <= high for low, high in self.test_range):
            raise Refusal(f"operation 'div' has no threshold on test_range {self.test_range}; "
                          "allowed: ranges without 0")
        return (2 * epsilon / (1 + epsilon)) ** 2 * square * self._moment(-2)

    def threshold_as_published(self) -> float:
        """The same: the benchmark's thresholds have no other subsets."""
        return self.threshold()

    def _moment(self, power: int) -> float:
        r"""$\mathbb{E}|x|^p$ of one input in the test range, $p \ne -1$."""
        return sum(_integral(high, power) - _integral(low, power) for low, high in self.test_range) / sum(
            high - low for low, high in self.test_range)


def _integral(x: float, power: int) -> float:
    """Antiderivative of $|x|^p$, odd in x."""
    return (1 if x >= 0 else -1) * abs(x) ** (power + 1) / (power + 1)
