"""What a trained model found: its exact solution, and the formula that it computes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from nalu import formula as writing
from nalu.models import TwoLayer
from nalu.sparsity import units_of
from nalu.support.check import Refusal
from nalu.units import NAC, NAU, NMU, NACMulSigma, Unit

LIMIT = 1000.0
"""A parameter of which tanh and the sigmoid are exactly 1, in every precision."""


def exact(model: nn.Module, near: float = 0.1) -> nn.Module:
    r"""A copy of a model in which every weight of every unit is exactly -1, 0 or 1, or 0 or 1 where that is its range.

    Other layers are left alone. Units whose weight is a $\tanh$ or a $\sigma$ get parameters in the limit.

    Parameters
    ----------
    model : nn.Module
        Of units without a gate, and of other layers.
    near : float
        How far a weight may be moved.

    Raises
    ------
    ValueError
        If a weight is farther than that from an exact one, which says that the training has not
        found a solution; if a unit has no exact weights; or if there are no units.

    >>> import torch
    >>> from nalu.units import NMU
    >>> unit = NMU(2, 1)
    >>> unit.W.data = torch.tensor([[0.98, 0.03]])
    >>> exact(unit).W.tolist(), unit.W.tolist() == [[1.0, 0.0]]
    ([[1.0, 0.0]], False)
    """
    copy = deepcopy(model)
    for name, unit in units_of(copy).items():
        what = f"the {type(unit).__name__}{f' {name!r}' if name else ''}"
        if not isinstance(unit, NAC | NACMulSigma | NAU | NMU):
            raise Refusal(f"{what} has no exact weights; allowed: units without a gate that add or multiply")
        found = unit.weight().detach()
        distance, place = (found - found.round()).abs().flatten().max(0)
        if not distance <= near:  # NaN is not near, either
            raise Refusal(f"{what} has the weight {found.flatten()[place].item():.3g}, farther than {near:g} from an exact one; "
                          "it has not learned a solution")
        _set(unit, found.round())
    return copy


@torch.no_grad()
def _set(unit: Unit, W: Tensor) -> None:
    """Choose the parameters that have exactly this weight."""
    if isinstance(unit, NACMulSigma):
        unit.W_hat.copy_(LIMIT * (2.0 * W - 1.0))
    elif isinstance(unit, NAC):
        unit.W_hat.copy_(LIMIT * W)
        unit.M_hat.fill_(LIMIT)
    elif isinstance(unit, NAU | NMU):
        unit.W.copy_(W)


def formula(model: nn.Module, inputs: Sequence[str] | None = None, near: float = writing.NEAR) -> str:
    """The formula of a model of units, as Python would compute it; a line for each output.

    Weights that are not exact are written with three digits: of a model that has learned a solution,
    ``formula(exact(model))`` is the solution itself.

    Parameters
    ----------
    model : nn.Module
        A unit without a gate that adds or multiplies, a ``nn.Sequential`` of such units, or a model of `nalu.models`.
        Of another model, give ``nn.Sequential`` of its units in the order in which it applies them.
    inputs : sequence of str, optional
        What the inputs are called; ``x1``, ``x2`` and so on without it.
    near : float
        Weights at most this far from 0 or ±1 are written as such.

    Raises
    ------
    ValueError
        If there is no such formula, or the names of the inputs are not as many as there are inputs.

    >>> import torch
    >>> from nalu.units import NAU, NMU
    >>> model = torch.nn.Sequential(NAU(3, 2), NMU(2, 1))
    >>> model[0].W.data = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> model[1].W.data = torch.tensor([[1.0, 1.0]])
    >>> print(formula(model))
    x3 * (x1 + x2)
    """
    units = _in_order(model)
    known = units[0].in_features
    names = [f"x{i}" for i in range(1, known + 1)] if inputs is None else list(inputs)
    if len(names) != known:
        raise Refusal(f"{len(names)} names were given for {known} inputs")
    layers = [(type(unit).__name__, unit.weight().detach().double().cpu().numpy()) for unit in units]
    return "\n".join(writing.of_layers(layers, names, near))


def _in_order(model: nn.Module) -> list[Unit]:
    if isinstance(model, Unit):
        return [model]
    if isinstance(model, TwoLayer | nn.Sequential):
        found = [unit for child in model.children() for unit in _in_order(child)]
        if found:
            return found
    raise Refusal(f"{type(model).__name__} has no formula; allowed: units and nn.Sequential of units")
