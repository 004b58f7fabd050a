r"""Sparsity and range of all units of a model, wherever in it they stand.

$$L = \mathrm{MSE} + \lambda_{sparse}\,\min\left(\max\left(\frac{t - t_0}{t_1 - t_0}, 0\right), 1\right)
      \sum_{\text{units}} \mathcal R_{sparse}$$

Neural Arithmetic Units, eq. 10. After every step of the optimiser the weights are put back
into their range. `penalty`, `ramp` and `project_` are the three parts; a `Regulariser` does
all of it beside an optimiser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from nalu.support import check
from nalu.support.check import Refusal
from nalu.units import Unit


def units_of(model: nn.Module) -> dict[str, Unit]:
    """The units of a model by their names in it; a unit that is part of another, as in a NALU, is left out.

    Raises
    ------
    ValueError
        If there is none.

    >>> from torch import nn
    >>> from nalu.units import NAU, NMU
    >>> units_of(nn.Sequential(nn.Linear(9, 4), NAU(4, 2), NMU(2, 1)))
    {'1': NAU(4, 2), '2': NMU(2, 1)}
    """
    found = dict(_outermost(model, "", set()))
    if not found:
        raise Refusal(f"{type(model).__name__} has no arithmetic units")
    return found


def _outermost(module: nn.Module, name: str, seen: set[nn.Module]) -> Iterator[tuple[str, Unit]]:
    if module in seen:
        return
    seen.add(module)
    if isinstance(module, Unit):
        yield name, module
        return
    for key, child in module.named_children():
        yield from _outermost(child, f"{name}.{key}".lstrip("."), seen)


def penalty(model: nn.Module) -> Tensor:
    r"""The sum of $\mathcal R_{sparse}$ over the units of a model, a scalar; 0 if its units have none.

    Raises
    ------
    ValueError
        If the model has no units.

    >>> import torch
    >>> from nalu.units import NMU
    >>> unit = NMU(2, 1)
    >>> unit.W.data = torch.tensor([[0.5, 1.0]])
    >>> penalty(torch.nn.Sequential(unit, torch.nn.ReLU())).item()
    0.25
    """
    first, *others = (unit.penalty() for unit in units_of(model).values())
    for other in others:
        first = first + other.to(first.device)
    return first


def project_(model: nn.Module) -> None:
    """Put the weights of all units of a model back into their range, as belongs after every step of the optimiser.

    Raises
    ------
    ValueError
        If the model has no units.

    >>> import torch
    >>> from nalu.units import NMU
    >>> unit = NMU(2, 1)
    >>> unit.W.data = torch.tensor([[-0.1, 1.2]])
    >>> project_(torch.nn.Sequential(unit))
    >>> unit.W.tolist()
    [[0.0, 1.0]]
    """
    for unit in units_of(model).values():
        unit.project_()


def ramp(step: int, start: int, end: int) -> float:
    r"""$\min(\max((t - t_0)/(t_1 - t_0), 0), 1)$, from 0 at `start` to 1 at `end`.

    Raises
    ------
    ValueError
        If it does not end after it starts.

    >>> ramp(150, 100, 300)
    0.25
    """
    if end <= start:
        raise Refusal(f"the ramp ends at {end}; allowed: more than its start, {start}")
    return min(max((step - start) / (end - start), 0.0), 1.0)


class Regulariser:
    r"""The penalty of a model with the papers' ramp, and the projection after each step of its optimiser.

    Parameters
    ----------
    model : nn.Module
        With at least one unit in it; other layers are left alone.
    optimiser : torch.optim.Optimizer
        Its steps are counted, and each is followed by the projection.
    steps : int
        How many updates there will be. The penalty grows between the first and the second
        fifth of them, as it does for products in the papers.
    weight : float
        $\lambda_{sparse}$; 10 is the papers' for products.
    start, end : int, optional
        Where the ramp begins and ends instead.

    Raises
    ------
    ValueError
        If the model has no units, a number is out of range, or the ramp does not end after it starts.

    >>> import torch
    >>> from nalu.units import NAU, NMU
    >>> model = torch.nn.Sequential(NAU(4, 2), NMU(2, 1))
    >>> optimiser = torch.optim.Adam(model.parameters())
    >>> regulariser = Regulariser(model, optimiser, steps=10)
    >>> for _ in range(10):
    ...     loss = model(torch.rand(8, 4)).square().mean() + regulariser()
    ...     optimiser.zero_grad()
    ...     loss.backward()
    ...     optimiser.step()
    >>> regulariser.step, regulariser.scale()
    (10, 10.0)
    """

    def __init__(self, model: nn.Module, optimiser: Optimizer, steps: int, weight: float = 10.0,
                 start: int | None = None, end: int | None = None) -> None:
        steps = check.integer(steps, "steps", at_least=1)
        self.weight = check.real(weight, "weight", low=0.0)
        self.start = steps // 5 if start is None else check.integer(start, "start", at_least=0)
        self.end = max(2 * steps // 5, self.start + 1) if end is None else check.integer(end, "end", at_least=0)
        self.model, self.step = model, 0
        units_of(model), ramp(0, self.start, self.end)  # both say what is wrong
        self._hook = optimiser.register_step_post_hook(self._after_step)

    def scale(self) -> float:
        r"""$\lambda_{sparse}$ times the ramp, at the present step."""
        return self.weight * ramp(self.step, self.start, self.end)

    def __call__(self) -> Tensor:
        """What is to be added to the loss: the penalties of all units, scaled; a scalar."""
        return self.scale() * penalty(self.model)

    def _after_step(self, *_: Any) -> None:
        project_(self.model)
        self.step += 1

    def remove(self) -> None:
        """Leave the optimiser alone from now on."""
        self._hook.remove()

    def state_dict(self) -> dict[str, int]:
        """What a checkpoint must keep: the number of steps."""
        return {"step": self.step}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue where a `state_dict` was taken."""
        self.step = state["step"]
