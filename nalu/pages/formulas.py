r"""What a unit is, and what a network learned, for a notebook page.

Reads the files of `nalu.units` as text, so that no page has a second copy of an equation or
of the lines that compute it.
"""

import ast
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from IPython.display import Markdown, Math

from nalu.formula import LATEX, NEAR, of_layers
from nalu.registry import MODELS
from nalu.report.provenance import note_read
from nalu.support import check

UNITS = Path(__file__).parents[1] / "units"
BESIDE = '<div style="flex: 1 1 24em; min-width: 0">'


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
    W1, W2 = (np.asarray(W, dtype=float) for W in weights)
    if W1.ndim != 2 or W2.shape != (1, len(W1)):
        raise ValueError(f"weights must be [H, I] and [1, H], got {W1.shape} and {W2.shape}")
    inputs = [f"x_{{{i}}}" for i in range(1, W1.shape[1] + 1)]
    (text,) = of_layers([(row.first, W1), (row.second, W2)], inputs, near, LATEX)
    return Math(rf"\hat y = {text}")


def _classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.parse(path.read_text("utf8")).body if isinstance(node, ast.ClassDef)]


def _code(text: str, cls: ast.ClassDef) -> str:
    """The lines of a class, without its docstring and the empty line below it."""
    lines, said = text.split("\n"), cls.body[0]
    return "\n".join([*lines[cls.lineno - 1 : said.lineno - 1], *lines[said.end_lineno + 1 : cls.end_lineno]])
