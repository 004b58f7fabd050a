"""What is shown of a unit is what runs; a formula is the network it was read from."""

import re

import numpy as np
import pytest

from nalu.pages import formulas

TEN = [[[1, 1, 0, 0], [1, 1, 1, 1]], [[1, 1]]]


def test_a_unit_is_shown_with_its_equation_and_its_code():
    text = formulas.unit("NMU").data
    assert r"\prod_{i=1}^{I} \left(W_{oi}\, x_i + 1 - W_{oi}\right)" in text
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert code.startswith("class NMU(Unit):") and "factors.prod(-1)" in code
    assert "class NMUNoClamp" not in text and ">>>" not in text
    compile(code, "shown", "exec")


def test_every_unit_can_be_shown():
    from nalu import units

    for name in units.__all__:
        code = re.search(r"```python\n(.*?)```", formulas.unit(name).data, re.DOTALL)[1]
        assert code.startswith(f"class {name}(")
        compile(code, name, "exec")


@pytest.mark.parametrize("model, weights, text", [
    ("NMU", TEN, r"\left(x_{1} + x_{2}\right)\,\left(x_{1} + x_{2} + x_{3} + x_{4}\right)"),
    # not quite discrete: rounded near 0 and ±1, three digits elsewhere
    ("NMU", [[[0.9999, 1, 1e-4, -1], [0, 1, 0, 0.31416]], [[1, 1]]],
     r"\left(x_{1} + x_{2} - x_{4}\right)\,\left(x_{2} + 0.314\,x_{4}\right)"),
    # a hidden unit that the second layer ignores, and one that it takes in part
    ("NMU", [TEN[0], [[0, 1]]], r"\left(x_{1} + x_{2} + x_{3} + x_{4}\right)"),
    ("NMU", [[[1, 0], [0, 1]], [[0.25, 1]]], r"\left(0.25\,x_{1} + 0.75\right)\,x_{2}"),
    ("NMU", [[[1, 0], [0, 1]], [[0, 0]]], "1"),
    ("NAU", [[[1, -1], [0, 0]], [[-1, 1]]], r"- \left(x_{1} - x_{2}\right) + 0"),
    ("NAU", [[[1, 0], [0, 1]], [[-1, 2e-3]]], r"- x_{1} + 0.002\,x_{2}"),
    ("NAC_mul", [TEN[0], [[1, -1]]],
     r"\left|x_{1} + x_{2}\right|\,\left|x_{1} + x_{2} + x_{3} + x_{4}\right|^{-1}"),
])
def test_formulas(model, weights, text):
    assert formulas.formula(model, weights).data == rf"\hat y = {text}"


def test_long_sums_are_abbreviated():
    W = np.zeros((1, 100))
    W[0, 44:69] = 1
    assert formulas.formula("NMU", [W, [[1]]]).data == r"\hat y = \left(x_{45} + \cdots + x_{69}\right)"


def test_how_near_is_near():
    weights = [[[0.99, 0], [0, 1]], [[1, 1]]]
    assert "0.99" in formulas.formula("NMU", weights).data
    assert "0.99" not in formulas.formula("NMU", weights, near=0.02).data


@pytest.mark.parametrize("wrong, message", [
    (lambda: formulas.unit("NUM"), "unknown unit 'NUM'; did you mean 'NMU'"),
    (lambda: formulas.formula("NUM", TEN), "unknown model 'NUM'"),
    (lambda: formulas.formula("NALU", TEN), "unknown layer of a formula 'NALU'"),
    (lambda: formulas.formula("NMU", [TEN[0], [[1, 1, 1]]]), r"must be \[H, I\] and \[1, H\]"),
])
def test_what_is_wrong_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
