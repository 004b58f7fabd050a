"""The recurrent models of sequential MNIST: one row each. Data only.

A model is a convolutional network that turns a picture into a number, and a cell that takes
this number and its own last state, one of each, and gives the next state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nalu.registry import MODELS

LOGS = ("NACMul", "NACMulSigma", "NACMulNMU")
"""Units that take logarithms of their inputs: the authors' $R_z$ sees these."""

TO_ONE, TO_ZERO = "one", "zero"
"""What $R_z$ pulls the mean inputs of a unit to: its neutral element."""


@dataclass(frozen=True)
class Recurrent:
    """One row: the cell, and how figures call it.

    `cell` is a class of `nalu.units`, ``LSTM``, or one of the two references without
    weights. `initial_state` is the authors' $h_0$. `neutral` says what the regulariser
    $R_z$ pulls to, None where the authors define none.
    """

    cell: str
    initial_state: float
    plain: str
    colour: str
    marker: str = "o"
    neutral: str | None = None

    @property
    def logs(self) -> bool:
        """Whether the unit takes logarithms."""
        return self.cell in LOGS


def _like(name: str, initial_state: float, neutral: str | None = None) -> Recurrent:
    """A row whose cell is the last unit of a model of the static task."""
    row = MODELS[name]
    return Recurrent(row.second, initial_state, row.plain, row.colour, row.marker, neutral)


_ROWS = {
    "NMU": _like("NMU", 1.0, TO_ONE),
    "NAC_mul_NMU": _like("NAC_mul_NMU", 1.0, TO_ONE),
    "NAC_mul_sigma": _like("NAC_mul_sigma", 1.0),
    "NAC_mul": _like("NAC_mul", 1.0),
    "NAU": _like("NAU", 0.0, TO_ZERO),
    "NAC_add": _like("NAC_add", 0.0, TO_ZERO),
    "NALU": _like("NALU", 0.0),
    "LSTM": Recurrent("LSTM", 0.0, "LSTM", "#222222"),
    "reference": Recurrent("reference", 1.0, "solved accumulator", "#7f7f7f", "s"),
    "pass_through": Recurrent("pass_through", 0.0, "no accumulator", "#a6a6a6", "s"),
}

RECURRENT: Mapping[str, Recurrent] = MappingProxyType(_ROWS)
"""Name -> `Recurrent`; names as in `nalu.registry.MODELS` where the unit is the same.

``reference`` multiplies or adds exactly what the pictures give, so that its error is that of
the convolutional network alone: the success thresholds come from it. ``pass_through``
gives what the last picture gives."""
