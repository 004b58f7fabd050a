"""Networks of the papers: two units, I inputs -> H hidden -> 1 output; or one unit alone, I inputs -> 1 output."""

from __future__ import annotations

from typing import overload

import torch
from torch import Generator, Tensor, nn

from nalu import units
from nalu.registry import MODELS
from nalu.support import check
from nalu.units import Unit


class TwoLayer(nn.Module):
    """`second(first(x))`: maps `[..., I]` to `[..., 1]`.

    Parameters
    ----------
    first, second : nalu.units.Unit
        Units with as many outputs of the first as inputs of the second.
    """

    def __init__(self, first: Unit, second: Unit) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))  # [..., I] -> [..., H] -> [..., 1]

    def weights(self) -> list[Tensor]:
        """Effective weights of both units, `[..., out, in]` each."""
        return [self.first.weight(), self.second.weight()]

    def penalty(self) -> Tensor:
        """Sum of the units' sparsity regularisers."""
        return self.first.penalty() + self.second.penalty()

    def project_(self) -> None:
        """Put the parameters of both units back into their range."""
        self.first.project_()
        self.second.project_()

    def gate(self, x: Tensor) -> Tensor:
        """Gate of the second unit, `[..., I]` -> `[..., 1]`; NaN where it has none."""
        gate = getattr(self.second, "gate", None)
        if gate is None:
            return x.new_full((*x.shape[:-1], 1), torch.nan)
        return gate(self.first(x))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw the initial weights, first unit first."""
        self.first.reset_parameters(generator)
        self.second.reset_parameters(generator)


class OneUnit(nn.Module):
    """A unit by itself, without a hidden layer: maps `[..., I]` to `[..., 1]`.

    Parameters
    ----------
    unit : nalu.units.Unit
        With one output.
    """

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, x: Tensor, *noise: Tensor) -> Tensor:
        return self.unit(x, *noise)  # [..., I] -> [..., 1]

    def weights(self) -> list[Tensor]:
        """Effective weights of the unit, `[..., 1, I]`."""
        return [self.unit.weight()]

    def penalty(self) -> Tensor:
        """The unit's sparsity regulariser."""
        return self.unit.penalty()

    def project_(self) -> None:
        """Put the unit's parameters back into their range."""
        self.unit.project_()

    def gate(self, x: Tensor) -> Tensor:
        """Gate of the unit, `[..., I]` -> `[..., 1]`; NaN if it has none."""
        gate = getattr(self.unit, "gate", None)
        return x.new_full((*x.shape[:-1], 1), torch.nan) if gate is None else gate(x)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw the initial weights."""
        self.unit.reset_parameters(generator)


@overload
def build(name: str, input_size: int = ..., hidden_size: int = ..., *, generator: Generator | None = ...,
          device: torch.device | str | None = ..., dtype: torch.dtype | None = ...) -> TwoLayer: ...


@overload
def build(name: str, input_size: int = ..., hidden_size: int | None = ..., *, generator: Generator | None = ...,
          device: torch.device | str | None = ..., dtype: torch.dtype | None = ...) -> TwoLayer | OneUnit: ...


def build(name: str, input_size: int = 100, hidden_size: int | None = 2, *, generator: Generator | None = None,
          device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> TwoLayer | OneUnit:
    """The network `name` of `nalu.registry.MODELS`; with `hidden_size` None, its second unit by itself.

    Initial weights come from `generator`, or from the global generator, in the authors'
    order: all units are drawn, and drawn again, as their network's constructor and then
    their training script did. After ``torch.manual_seed(seed)`` the weights are those of
    the authors' run of that seed.

    Raises
    ------
    ValueError
        If the name is not in the registry or a size is not a positive integer.
    """
    row = MODELS[check.one_of(name, MODELS, "model")]
    input_size = check.integer(input_size, "input_size", at_least=1)
    kind = {"generator": generator, "device": device, "dtype": dtype}
    model: TwoLayer | OneUnit
    if hidden_size is None:
        model = OneUnit(getattr(units, row.second)(input_size, 1, **kind))
    else:
        hidden_size = check.integer(hidden_size, "hidden_size", at_least=1)
        model = TwoLayer(getattr(units, row.first)(input_size, hidden_size, **kind),
                         getattr(units, row.second)(hidden_size, 1, **kind))
    model.reset_parameters(generator)
    return model


def seeded(name: str, seed: int, input_size: int = 100, hidden_size: int | None = 2) -> TwoLayer | OneUnit:
    """The network `name` with the initial weights of the authors' run `seed`."""
    return build(name, input_size, hidden_size, generator=Generator().manual_seed(seed))
