r"""The formula that units with given weights compute, as text or as LaTeX.

A weight that is 0 or ±1 to within a tolerance is written as such, any other with three
significant digits; $\epsilon$ is left out. Plain numbers: no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from nalu.support import check
from nalu.support.check import Refusal

NEAR = 1e-3
"""Weights at most this far from 0 or ±1 are written as 0 or ±1: about what three digits tell apart."""


class _Product(str):
    """A product needs no brackets, neither in a sum nor in another product."""


@dataclass(frozen=True)
class Notation:
    """How numbers and operations are written; the fields are templates."""

    number: Callable[[float], str]
    scaled: str
    bracket: str
    magnitude: str
    power: str
    times: str
    dots: str | None = None  # stands for all but the ends of a long run of neighbours
    long: int = 6
    tidy: bool = False  # factors by their length, whichever unit they come from, and none in brackets that is the only one


def _latex_number(w: float) -> str:
    """Powers of ten as such."""
    mantissa, _, exponent = f"{w:.3g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


LATEX = Notation(_latex_number, r"{}\,{}", r"\left({}\right)", r"\left|{}\right|", "{}^{{{}}}", r"\,", r"\cdots")
TEXT = Notation("{:.3g}".format, "{} * {}", "({})", "abs({})", "{}**{}", " * ", tidy=True)
"""That of Python."""


def of_layers(layers: Sequence[tuple[str, np.ndarray]], inputs: Sequence[str], near: float = NEAR,
              notation: Notation = TEXT) -> list[str]:
    """The formula of each output of units that follow each other.

    Parameters
    ----------
    layers
        The class of each unit, one without a gate that adds or multiplies, and its effective weight, ``[out, in]``.
    inputs
        What the inputs are called.

    Raises
    ------
    ValueError
        If a unit has no such formula, or the sizes do not fit together.

    >>> of_layers([("NAU", [[1, 1, 0], [0, 0, 1]]), ("NMU", [[1, 1]])], ["x1", "x2", "x3"])
    ['x3 * (x1 + x2)']
    """
    terms = list(inputs)
    for name, weight in layers:
        write, W = _LAYERS[check.one_of(name, _LAYERS, "layer of a formula")], _rounded(weight, near)
        if W.ndim != 2 or W.shape[1] != len(terms):
            raise Refusal(f"the weight of the {name} must be [out, {len(terms)}], its shape is {W.shape}")
        terms = [write(w, terms, notation) for w in W]
    return [str(term) for term in terms]


def _rounded(W: np.ndarray, near: float) -> np.ndarray:
    W = np.asarray(W, dtype=float)
    whole = np.clip(np.round(W), -1, 1)
    return np.where(abs(W - whole) <= near, whole, W) + 0.0  # -0 becomes 0


def _sum(w: np.ndarray, terms: list[str], to: Notation) -> str:
    """The sum of w_i times term i; neighbours with equal weights ±1 may be abbreviated."""
    parts = []
    for weight, group in groupby(zip(w, terms, strict=True), key=lambda pair: pair[0]):
        run = [_bracket(term, to) for _, term in group]
        sign = "-" if weight < 0 else "+"
        if weight == 0:
            continue
        if abs(weight) == 1 and to.dots and len(run) >= to.long:
            run = [run[0], to.dots, run[-1]]
        parts += [(sign, term if abs(weight) == 1 else to.scaled.format(to.number(abs(weight)), term)) for term in run]
    if [sign for sign, _ in parts] == ["+"]:
        return parts[0][1]
    return " ".join(f"{sign} {term}" for sign, term in parts).removeprefix("+ ") or "0"


def _product(w: np.ndarray, terms: list[str], to: Notation) -> str:
    """NMU: the product of w_i z_i + 1 - w_i."""
    used = [(weight, z) for weight, z in zip(w, terms, strict=True) if weight != 0]
    factors = [z if weight == 1 else
               f"{to.scaled.format(to.number(weight), _bracket(z, to))} {'-' if weight > 1 else '+'} {to.number(abs(1 - weight))}"
               for weight, z in used]
    return factors[0] if to.tidy and len(factors) == 1 else _factors([_bracket(factor, to) for factor in factors], to)


def _power(w: np.ndarray, terms: list[str], to: Notation) -> str:
    """NAC•: the product of |z_i| to the power of w_i."""
    sizes = [(weight, to.magnitude.format(z)) for weight, z in zip(w, terms, strict=True) if weight != 0]
    return _factors([size if weight == 1 else to.power.format(size, to.number(weight)) for weight, size in sizes], to)


def _factors(factors: list[str], to: Notation) -> str:
    return _Product(to.times.join(sorted(factors, key=lambda f: (len(f), f)) if to.tidy else factors) or "1")


def _bracket(term: str, to: Notation) -> str:
    """Set brackets round anything but a single symbol or a product."""
    return term if " " not in term or isinstance(term, _Product) else to.bracket.format(term)


_LAYERS: Mapping[str, Callable[[np.ndarray, list[str], Notation], str]] = {
    "NAC": _sum, "NAU": _sum, "NAUNoClamp": _sum,
    "NMU": _product, "NMUNoClamp": _product,
    "NACMul": _power, "NACMulSigma": _power, "NACMulNMU": _power,
}
"""Class of `nalu.units` -> its equation, for one output."""
