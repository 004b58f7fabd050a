"""The functions of the CUDA kernel are those of the fused engine, translated; what cannot be is refused."""

import re

import pytest

from nalu.training.cuda import translation
from nalu.training.fused.weights import KINDS


def written(function):
    """The text of a function of Python in C++, without those that it calls."""
    return translation._Function(function, [function]).text.split("{\n", 1)[1].removesuffix("}\n")


def test_every_function_of_every_kind_of_weights_is_there():
    text = translation.header()
    for kind in KINDS.values():
        for part in (kind.weight, kind.chain, kind.smaller):
            assert len(re.findall(rf"R>? {part.py_func.__name__}\(", text)) == 1
    assert text.count("float exponential(float x)") == text.count("double exponential(double x)") == 1


def test_operations_keep_their_order_and_literals_their_value():
    def polynomial(x, p):
        q, r = x * p + 0.1, -x / 3.0
        x = where(q > r, q, spread(2.5, q))  # noqa: F821
        return x - q - r, r

    assert written(polynomial).splitlines() == [
        "  auto q = ((x * p) + R(0.1));", "  auto r = over((-x), R(3.0));", "  x = ((q > r) ? q : R(R(2.5)));",
        "  return {((x - q) - r), r};"]


@pytest.mark.parametrize("refused", ["power", "keyword", "swap", "loop", "chained", "otherwise", "truth"])
def test_what_has_no_translation_is_refused(refused):
    def power(x):
        return x**2

    def keyword(x):
        return abs(x=x)

    def swap(x, y):
        x, y = y, x
        return x - y

    def loop(x):
        for _ in range(3):
            x = x + x
        return x

    def chained(x):
        return 0.0 < x < 1.0

    def otherwise(x):
        if x > 0.0:
            return x
        else:
            x = -x
        return x

    def truth(x):
        return x * True

    with pytest.raises((NotImplementedError, AssertionError)):
        written(locals()[refused])
