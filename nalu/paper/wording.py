"""What is said about one claim and about several: sentences that are true whatever is recorded."""

import math
from collections.abc import Iterable

from nalu.analysis import verdict
from nalu.analysis.summary import Cell
from nalu.analysis.verdict import VERDICTS
from nalu.paper.claims import Claim
from nalu.support.notation import NOT_PRINTED, NOT_RUN

FEW = 5  # runs below which a share has no word
SHARES = {"every run": 1.0, "nearly every run": 0.9, "most runs": 0.5, "some runs": 0.1, "few runs": 0.0}
"""What a share of the runs is called -> the smallest share of which that is said."""


def word(claim: Claim | None, ours: Cell) -> str:
    """Return the verdict. Where nothing is printed, return ``"not printed"``, or ``"not run yet"`` if we have no runs either."""
    return claim.verdict if claim else NOT_PRINTED if ours.n else NOT_RUN


def effect(claim: Claim) -> str:
    """Return how far the two sides are apart, with the interval: ``+1 points [-6, 8]``; an empty text where that was not tested."""
    return verdict.effect(claim.printed.metric, claim.effect)


def p_value(claim: Claim) -> str:
    """Return a p-value as text: ``p = 0.02``; an empty text where there is none."""
    return "" if math.isnan(claim.p) else f"p = {claim.p:.2g}"


def often(k: int, n: int, whose: str = "") -> str:
    """Return in how many runs something happened, in words and in numbers: ``in most runs here (34 of 44)``; only in numbers for fewer than five."""
    if not n:
        return f"in no run{whose}, as it is {NOT_RUN}"
    if n < FEW:
        return f"in {k} of {n} runs{whose}"
    share = next(word for word, least in SHARES.items() if k >= least * n) if k else "no run"
    return f"in {share}{whose} ({k:,} of {n:,})"


def counted(words: Iterable[str]) -> str:
    """Return how often each verdict occurs, in the order of the verdicts: ``40 reproduced, 24 not run yet``."""
    words = [*words]
    return ", ".join(f"{words.count(w)} {w}" for w in (*VERDICTS, NOT_PRINTED) if w in words)
