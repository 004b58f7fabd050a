r"""What a unit is, and what a network learned, for a notebook page.

Reads the files of `nalu.units` as text, so that no page has a second copy of an equation or
of the lines that compute it.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from IPython.display import Markdown, Math

from nalu.registry import MODELS
from nalu.report.provenance import note_read
from nalu.support import check

UNITS = Path(__file__).parents[1] / "units"
BESIDE = '<div style="flex: 1 1 24em; min-width: 0">'
NEAR = 1e-3
"""Weights at most this far from 0 or ±1 are written as 0 or ±1: about what three digits tell apart."""

LONG = 6
"""Sums of this many neighbouring inputs are abbreviated with dots."""


def unit(name: str) -> Markdown:
    """Return the equation and the code of a class of `nalu.units`, beside each other where the page is wide enough.

    The equation is the module's docstring; what the class says of itself for `help` is left out.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    files = {cls.name: path for path in sorted(UNITS.glob("*.py"))
             for cls in _classes(path) if not cls.name.startswith("_")}
    path = files[check.one_of(name, files, "unit")]
    note_read(path)
    text = path.read_text("utf8")
    code = next(_code(text, cls) for cls in _classes(path) if cls.name == name)
    return Markdown(
        f'<div style="display: flex; flex-wrap: wrap; gap: 0 2em">\n{BESIDE}\n\n'
        f"{ast.get_docstring(ast.parse(text))}\n\n</div>\n{BESIDE}\n\n"
        f"```python\n{code}\n```\n\n</div>\n</div>"
    )


def formula(model: str, weights: Sequence[np.ndarray], near: float = NEAR) -> Math:
    r"""Return the formula that a two-layer network computes, with the weights it learned.

    A weight that is 0 or ±1 to within ``near`` is written as such, any other with three
    significant digits; $\epsilon$ is left out. A solved network should read as the exact
    solution, $(x_1 + x_2)(x_1 + x_2 + x_3 + x_4)$ on the ten-parameter task. The last weights of
    a solved run are farther from 0 and ±1 than those of its best step, as the optimiser never
    comes to rest.

    The model is one of `nalu.registry.MODELS`, of units that add or multiply, without a gate;
    the weights are the effective ones of both layers, ``[H, I]`` and ``[1, H]``.

    Raises
    ------
    ValueError
        If the model is unknown or has no such formula, or the weights do not fit together.
    """
    row = MODELS[check.one_of(model, MODELS, "model")]
    first = _LAYERS[check.one_of(row.first, _LAYERS, "layer of a formula")]
    second = _LAYERS[check.one_of(row.second, _LAYERS, "layer of a formula")]
    W1, W2 = (_rounded(W, near) for W in weights)
    if W1.ndim != 2 or W2.shape != (1, len(W1)):
        raise ValueError(f"weights must be [H, I] and [1, H], got {W1.shape} and {W2.shape}")
    inputs = [f"x_{{{i}}}" for i in range(1, W1.shape[1] + 1)]
    hidden = [first(w, inputs) for w in W1]
    return Math(rf"\hat y = {second(W2[0], hidden)}")


def _classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.parse(path.read_text("utf8")).body if isinstance(node, ast.ClassDef)]


def _code(text: str, cls: ast.ClassDef) -> str:
    """The lines of a class, without its docstring and the empty line below it."""
    lines, said = text.split("\n"), cls.body[0]
    return "\n".join([*lines[cls.lineno - 1 : said.lineno - 1], *lines[said.end_lineno + 1 : cls.end_lineno]])


def _rounded(W: np.ndarray, near: float) -> np.ndarray:
    W = np.asarray(W, dtype=float)
    whole = np.clip(np.round(W), -1, 1)
    return np.where(abs(W - whole) <= near, whole, W) + 0.0  # -0 becomes 0


def _number(w: float) -> str:
    """Three significant digits, powers of ten as such."""
    mantissa, _, exponent = f"{w:.3g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _sum(w: np.ndarray, terms: list[str]) -> str:
    """The sum of w_i times term i; neighbours with equal weights ±1 may be abbreviated."""
    parts = []
    for weight, run in groupby(zip(w, terms, strict=True), key=lambda pair: pair[0]):
        run = [_bracket(term) for _, term in run]
        sign = "-" if weight < 0 else "+"
        if weight == 0:
            continue
        if abs(weight) == 1 and len(run) >= LONG:
            run = [run[0], r"\cdots", run[-1]]
        factor = "" if abs(weight) == 1 else rf"{_number(abs(weight))}\,"
        parts += [f"{sign} {factor}{term}" for term in run]
    return " ".join(parts).removeprefix("+ ") or "0"


def _product(w: np.ndarray, terms: list[str]) -> str:
    """NMU: the product of w_i z_i + 1 - w_i."""
    return _factors([
        _bracket(z) if weight == 1 else
        _bracket(rf"{_number(weight)}\,{_bracket(z)} {'-' if weight > 1 else '+'} {_number(abs(1 - weight))}")
        for weight, z in zip(w, terms, strict=True) if weight != 0
    ])


def _power(w: np.ndarray, terms: list[str]) -> str:
    """NAC•: the product of |z_i| to the power of w_i."""
    return _factors([
        rf"\left|{z}\right|" + ("" if weight == 1 else f"^{{{_number(weight)}}}")
        for weight, z in zip(w, terms, strict=True) if weight != 0
    ])


def _factors(factors: list[str]) -> str:
    return r"\,".join(factors) or "1"


def _bracket(term: str) -> str:
    """Set brackets round anything but a single symbol."""
    return rf"\left({term}\right)" if " " in term else term


_LAYERS: Mapping[str, Callable[[np.ndarray, list[str]], str]] = {
    "NAC": _sum, "NAU": _sum, "NAUNoClamp": _sum,
    "NMU": _product, "NMUNoClamp": _product,
    "NACMul": _power, "NACMulSigma": _power, "NACMulNMU": _power,
}
"""Class of `nalu.units` -> its equation, for one output."""
