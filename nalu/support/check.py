"""One clear line for bad input.

Every function returns the value in the type its caller works with, or raises a
:class:`Refusal`, a :class:`ValueError` that names the value and what is allowed.
"""

import difflib
import math
import numbers
import re
from collections.abc import Iterable


class Refusal(ValueError):
    """What a user got wrong, in one line that names the value and what is allowed.

    The command line says that line and ends with status 2; any other exception is a fault of the program.
    """


LISTED = 20
SEEDS = 2**32


def one_of(value, allowed: Iterable, what: str):
    """Return ``value`` if it is one of ``allowed``.

    Parameters
    ----------
    value
        What the user gave.
    allowed
        The legal values, in the order in which a message should list them.
    what
        What the value is, as in "unknown *model* 'NUM'".

    Raises
    ------
    ValueError
        With the nearest legal value, upper and lower case being ignored, and the list
        of legal values, shortened to twenty.
    """
    allowed = list(allowed)
    if value in allowed:
        return value
    by_spelling = {str(name).casefold(): name for name in allowed}
    near = difflib.get_close_matches(given := str(value).casefold(), by_spelling, n=5)
    near.sort(key=lambda name: sorted(name) != sorted(given))  # letters in another order are nearer than another letter
    hint = f"; did you mean {by_spelling[near[0]]!r}?" if near else ";"
    names = ", ".join(map(str, allowed[:LISTED]))
    rest = f" and {len(allowed) - LISTED} more" if len(allowed) > LISTED else ""
    raise Refusal(f"unknown {what} {value!r}{hint} allowed: {names}{rest}")


def integer(value, what: str, at_least: int | None = None) -> int:
    """Return ``value`` as an ``int``; ``2e5`` is one, ``True``, ``2.5`` and ``"2"`` are not.

    Raises
    ------
    ValueError
        If the value is no integer, or smaller than ``at_least``.
    """
    wanted = "an integer" if at_least is None else f"an integer of at least {at_least}"
    whole = _is_real(value) and math.isfinite(value) and value == int(value)
    if not whole or at_least is not None and value < at_least:
        raise Refusal(f"{what} must be {wanted}, got {value!r}")
    return int(value)


def typed(given, what: str, at_least: int | None = None) -> int:
    """Return an integer that was typed, or is one already; ``1_0`` and ``010`` are none, which others read as 10 or 8.

    Raises
    ------
    ValueError
        As `integer` does.
    """
    whole = isinstance(given, str) and re.fullmatch("0|[1-9][0-9]*", given)
    return integer(int(given) if whole else given, what, at_least)


def real(value, what: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Return ``value`` as a ``float`` if it is a finite number in ``[low, high]``.

    Raises
    ------
    ValueError
        If the value is no finite number, or lies outside the limits.
    """
    if not _is_real(value) or not math.isfinite(value) or not low <= value <= high:
        raise Refusal(f"{what} must be {_a_number(low, high)}, got {value!r}")
    return float(value)


def seeds(values: Iterable) -> tuple[int, ...]:
    r"""Return the seeds as a tuple of integers, in the order given.

    NumPy's legacy generator, which fixes the subsets of a run, takes seeds in
    $[0, 2^{32})$; a seed that occurs twice would count one run as two.

    Raises
    ------
    ValueError
        If ``values`` is not a list of integers, is empty, or holds a seed that is out
        of range or occurs twice; the message names that seed.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise Refusal(f"seeds must be a list of integers such as [0, 1, 2], got {values!r}")
    checked = {}
    for value in values:
        seed = integer(value, "a seed", at_least=0)
        if seed >= SEEDS:
            raise Refusal(f"a seed must be less than 2**32, got {value!r}")
        if seed in checked:
            raise Refusal(f"seeds must differ, but {seed} occurs twice")
        checked[seed] = None
    if not checked:
        raise Refusal("seeds must not be empty")
    return tuple(checked)


def _is_real(value) -> bool:
    """NumPy registers its scalars with :mod:`numbers`, except its booleans."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _a_number(low: float, high: float) -> str:
    """Name an interval in words, leaving out the sides that are open."""
    if math.isinf(low) and math.isinf(high):
        return "a finite number"
    if math.isinf(high):
        return f"a finite number of at least {low:g}"
    if math.isinf(low):
        return f"a finite number of at most {high:g}"
    return f"a number from {low:g} to {high:g}"
