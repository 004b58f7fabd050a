r"""Cells: from the number of a picture and the last state to the next state.

A cell has ``start(n)``, the first state of `n` sequences, ``forward(l, state)`` and
``output(state)``; ``inputs(l, state)`` is what its unit sees, $[l_t, h_{t-1}]$, of which the
authors' $R_z$ takes the mean. Numbers and outputs are `[n, 1]`.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from nalu import units
from nalu.units.initialisation import undrawn
from nalu.units.unit import EPSILON


class UnitCell(nn.Module):
    r"""$h_t = \mathrm{unit}([l_t, h_{t-1}])$ with any unit of two inputs and one output.

    Parameters
    ----------
    unit : str
        A class of `nalu.units`.
    initial_state : float
        $h_0$.
    logs : bool
        Whether the unit takes logarithms of its inputs.
    """

    def __init__(self, unit: str, initial_state: float, logs: bool) -> None:
        super().__init__()
        self.unit = getattr(units, unit)(2, 1, undrawn())
        self.initial_state, self.logs = initial_state, logs

    def reset_parameters(self) -> None:
        """Draw the unit's initial weights from the global generator."""
        self.unit.reset_parameters()

    def start(self, like: Tensor) -> Tensor:
        """$h_0$ for as many sequences as `like` has numbers, `[n, 1]`."""
        return torch.full_like(like, self.initial_state)

    def forward(self, l: Tensor, state: Tensor) -> Tensor:
        return self.unit(torch.cat([l, state], -1))  # [n, 1], [n, 1] -> [n, 1]

    def inputs(self, l: Tensor, state: Tensor) -> Tensor:
        """What the unit sees, `[n, 2]`: numbers and states, or logarithms of their absolute values."""
        x = torch.cat([l, state], -1)
        return (x.abs() + EPSILON).log() if self.logs else x

    def output(self, state: Tensor) -> Tensor:
        """The state itself."""
        return state


class LSTM(nn.Module):
    r"""The LSTM of Hochreiter and Schmidhuber as PyTorch has it, with $h$ and $c$ in one state.

    With one state its output is $h_t = o \tanh c$, between −1 and 1, as in the authors'
    code; with more a linear layer reads the output.
    """

    def __init__(self, size: int, initial_state: float) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(1, size)
        self.size, self.initial_state = size, initial_state
        if size > 1:
            self.read = nn.Linear(size, 1)

    def reset_parameters(self) -> None:
        """Draw the initial weights as PyTorch does, from the global generator."""
        self.cell.reset_parameters()
        if self.size > 1:
            self.read.reset_parameters()

    def start(self, like: Tensor) -> Tensor:
        """$h_0$ and $c_0$, `[n, 2 size]`."""
        return like.new_full((len(like), 2 * self.size), self.initial_state)

    def forward(self, l: Tensor, state: Tensor) -> Tensor:
        h, c = state.chunk(2, -1)  # written out, so that seeds can be stacked
        gates = linear(l, self.cell.weight_ih, self.cell.bias_ih) + linear(
            h, self.cell.weight_hh, self.cell.bias_hh)
        i, f, g, o = gates.chunk(4, -1)  # [n, 4 size] -> 4 × [n, size]
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return torch.cat([o.sigmoid() * c.tanh(), c], -1)

    def output(self, state: Tensor) -> Tensor:
        """$h$, or what is read from it."""
        h = state[..., : self.size]
        return self.read(h) if self.size > 1 else h


class Accumulator(nn.Module):
    """The reference: multiplies or adds exactly, without weights."""

    def __init__(self, operation: str, initial_state: float) -> None:
        super().__init__()
        self.operation, self.initial_state = operation, initial_state

    def reset_parameters(self) -> None:
        """Nothing to draw."""

    def start(self, like: Tensor) -> Tensor:
        """1 for a product, 0 for a sum."""
        return torch.full_like(like, self.initial_state)

    def forward(self, l: Tensor, state: Tensor) -> Tensor:
        return state * l if self.operation == "product" else state + l

    def output(self, state: Tensor) -> Tensor:
        """The state itself."""
        return state


class PassThrough(Accumulator):
    """The other reference: the number of the last picture, nothing before it."""

    def forward(self, l: Tensor, state: Tensor) -> Tensor:
        return l
