"""Numbers as the papers print them, checked against cells of the papers."""

from math import nan

import pytest

from nalu.support import notation


@pytest.mark.parametrize("value, text", [
    ((0.94, 0.88, 0.97), r"94\% {~}^{+3\%}_{-6\%}"),  # Table 1, NMU
    ((0.0, 0.0, 0.0370), r"0\% {~}^{+4\%}_{-0\%}"),
    ((1.0, 0.963, 1.0), r"100\% {~}^{+0\%}_{-4\%}"),
    ((0.5, nan, nan), r"50\%"),
    ((nan, nan, nan), "—"),
])
def test_a_rate(value, text):
    assert notation.percent(*value) == text


@pytest.mark.parametrize("value, text", [
    # Table 1, NMU: solved at and sparsity error, whose bounds have exponents of their own
    ((14000, 13790, 14220), r"1.4 \cdot 10^{4} {~}^{+2.2 \cdot 10^{2}}_{-2.1 \cdot 10^{2}}"),
    ((2.6e-8, 1.96e-8, 3.24e-8), r"2.6 \cdot 10^{-8} {~}^{+6.4 \cdot 10^{-9}}_{-6.4 \cdot 10^{-9}}"),
    ((55000,), r"5.5 \cdot 10^{4}"),
    ((1000,), r"1.0 \cdot 10^{3}"),
    ((0.999e-6,), r"10.0 \cdot 10^{-7}"),  # the exponent comes before the rounding
    ((3.0, 3.0, 3.0), r"3.0 \cdot 10^{0} {~}^{+0}_{-0}"),
    ((0.0,), "0"),
    ((nan,), "—"),
])
def test_a_number(value, text):
    assert notation.scientific(*value) == text


def test_offsets_lose_no_digit_to_cancellation():
    assert "+2.0" in notation.scientific(7.5e-6, 5.5e-6, 9.5e-6)
    assert "-2.0" in notation.scientific(7.5e-6, 5.5e-6, 9.5e-6)


def test_prose():
    assert notation.prose_rate(0.94) == "94 %"
    assert notation.prose_range(0.875, 0.972) == "88–97 %"
    assert notation.prose_rate(nan, "not run yet") == "not run yet"
    assert notation.prose_range(nan, nan, "not run yet") == "not run yet"


def test_what_rounding_may_hide():
    assert notation.percent_rounding(0.94) == 0.005
    assert notation.scientific_rounding(14000) == pytest.approx(500)  # 1.4 · 10⁴
    assert notation.scientific_rounding(2.6e-8) == pytest.approx(5e-10)
    assert notation.scientific_rounding(0.0) == 0
