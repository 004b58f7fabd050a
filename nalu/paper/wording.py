"""What is said of a claim, and of several: sentences that hold for whatever is recorded."""

import math
from collections.abc import Iterable

from nalu.analysis import verdict
from nalu.analysis.summary import Cell
from nalu.analysis.verdict import VERDICTS
from nalu.paper.claims import Claim
from nalu.support.notation import NOT_PRINTED, NOT_RUN


def word(claim: Claim | None, ours: Cell) -> str:
    """Return a verdict; where nothing is printed, ``"not printed"`` or, without runs of ours either, ``"not run yet"``."""
    return claim.verdict if claim else NOT_PRINTED if ours.n else NOT_RUN


def effect(claim: Claim) -> str:
    """Return how far both sides are apart, with the interval: ``+1 points [-6, 8]``; nothing where that was not tested."""
    return verdict.effect(claim.printed.metric, claim.effect)


def p_value(claim: Claim) -> str:
    """Return a p-value as text: ``p = 0.02``; nothing where there is none."""
    return "" if math.isnan(claim.p) else f"p = {claim.p:.2g}"


def counted(words: Iterable[str]) -> str:
    """Return how often each verdict occurs, in their order, as running text: ``40 reproduced, 24 not run yet``."""
    words = [*words]
    return ", ".join(f"{words.count(w)} {w}" for w in (*VERDICTS, NOT_PRINTED) if w in words)
