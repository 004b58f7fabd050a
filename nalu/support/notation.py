r"""How the papers write a number with its interval, as LaTeX without dollars, and as prose.

A rate is a percentage without decimals, any other number a mantissa with one decimal and a
power of ten; the bounds are offsets with exponents of their own:
$94\% {~}^{+3\%}_{-6\%}$ and $1.4 \cdot 10^{4} {~}^{+2.2 \cdot 10^{2}}_{-2.1 \cdot 10^{2}}$.

Departs from the paper (zero-width): an interval of width zero has the offsets 0; the
papers print "NaN · 10^-Inf" there.
"""

import math

MISSING = "—"
"""What the papers print where there is no number."""

NOT_RUN, NOT_PRINTED = "not run yet", "not printed"
"""Where there are no runs of ours, and where the papers print nothing."""


def percent(estimate: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """Return a fraction as a percentage; the interval is left out where it is NaN."""
    return _with_offsets(_percent, estimate, lower, upper)


def scientific(estimate: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """Return a number as mantissa and power of ten; the interval is left out where it is NaN.

    The exponent is found before the mantissa is rounded, as in the authors' script, so
    that 9.99 is written 10.0 · 10⁰.
    """
    return _with_offsets(_scientific, estimate, lower, upper)


def percent_rounding(x: float) -> float:
    """Return how far from the value a printed rate may be: half a percent."""
    return 0.005


def scientific_rounding(x: float) -> float:
    """Return how far from the value a printed number may be: half of its last digit."""
    return 0.05 * 10.0 ** _exponent(x) if x else 0.0


def of(k: int, n: int, absent: str = NOT_RUN) -> str:
    """Return a count as running text has it, ``4 of 5``; ``absent`` if there is nothing to count."""
    return f"{k} of {n}" if n else absent


def prose_rate(rate: float, absent: str = MISSING) -> str:
    """Return a fraction as running text has it, ``94 %``; ``absent`` if it is NaN."""
    return absent if math.isnan(rate) else f"{100 * rate:.0f} %"


def prose_range(lower: float, upper: float, absent: str = MISSING) -> str:
    """Return the interval of a fraction as running text has it, ``88–97 %``; ``absent`` if it is NaN."""
    return absent if math.isnan(lower + upper) else f"{100 * lower:.0f}–{100 * upper:.0f} %"


def _with_offsets(form, estimate: float, lower: float, upper: float) -> str:
    """Return the number, and how far its bounds are above and below it."""
    if math.isnan(estimate):
        return MISSING
    if math.isnan(lower + upper):
        return form(estimate)
    return f"{form(estimate)} {{~}}^{{+{form(upper - estimate)}}}_{{-{form(estimate - lower)}}}"


def _percent(x: float) -> str:
    return rf"{abs(round(100 * x)):d}\%"


def _scientific(x: float) -> str:
    x = float(f"{x:.12g}")  # a difference of two bounds has lost its last digits
    if x == 0:
        return "0"
    exponent = _exponent(x)
    return rf"{x / 10.0**exponent:.1f} \cdot 10^{{{exponent}}}"


def _exponent(x: float) -> int:
    return math.floor(math.log10(abs(x)))
