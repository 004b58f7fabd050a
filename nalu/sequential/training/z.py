r"""The regulariser $R_z$: inputs that a unit does not use should be neutral to it.

$$\mathcal R_z = \frac{1}{OI} \sum_{oi} (1 - W_{oi})\,(1 - \bar x_i)^2 \quad\text{(NMU, NAC•,NMU)}, \qquad
  \mathcal R_z = \frac{1}{OI} \sum_{oi} (1 - |W_{oi}|)\,\bar x_i^2 \quad\text{(NAU, NAC₊)}$$

with $\bar x_i$ the mean of an input over the batch and all positions (Neural Arithmetic
Units, section 3.5).

Departs from the paper (r-z): the paper regularises what the convolutional network gives.
The authors' code takes all inputs of the unit: the state, too, and logarithms where the
unit takes them. `SequenceCondition.z_over` chooses.
"""

from torch import Tensor

from nalu.experiments.sequential_models import TO_ONE
from nalu.sequential.training.cells import UnitCell
from nalu.sequential.training.networks import Network


def penalty(network: Network, neutral: str, over: str, inputs: Tensor, numbers: Tensor) -> Tensor:
    """Return $R_z$, a scalar.

    Parameters
    ----------
    network
        Its cell is a unit; gradients flow to its weights, and through the means to all else.
    neutral
        ``"one"`` or ``"zero"``, see `nalu.experiments.sequential_models`.
    over
        ``"cell"``: the means of `inputs` `[L, n, 2]`; ``"image"``: those of `numbers` `[n, L]`.
    """
    W = _parameter(network.cell)  # [1, 2]
    if over == "image":
        W, mean = W[:, :1], numbers.mean().view(1)
    else:
        mean = inputs.mean((0, 1))  # [L, n, 2] -> [2]
    if neutral == TO_ONE:
        return ((1.0 - W) * (1.0 - mean).square()).mean()
    return ((1.0 - W.abs()) * mean.square()).mean()


def _parameter(cell: UnitCell) -> Tensor:
    """The weight as the authors take it, before any clamp."""
    return cell.unit.W if hasattr(cell.unit, "W") else cell.unit.weight()
