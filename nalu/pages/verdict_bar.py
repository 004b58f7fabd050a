"""Claims -> how many have each verdict, as one bar and four tiles that lead to the claims themselves.

The bar stands on the front page of the book; the list of claims reads the verdict from the address of a link
(``claims.js``), and shows everything to a reader without that script.
"""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from IPython.display import HTML

from nalu.analysis.verdict import ARTEFACT, COMPATIBLE, CONTRADICTED, FEW, NOT_COMPARABLE, REPRODUCED, SHORTER, VERDICTS
from nalu.pages import claims_table
from nalu.paper.claims import Claim
from nalu.support.notation import NOT_RUN

TILES = {REPRODUCED: "The difference from our runs lies within a stated margin.", COMPATIBLE: "No difference was found, but the interval is wider than the margin.",
         CONTRADICTED: "Our runs reject the printed number.", ARTEFACT: "The authors' own runs give a different number from the one they print."}
"""Verdict -> what it means, for those that have a tile."""

OPEN = {FEW: "have too few runs", NOT_RUN: "are not run yet", SHORTER: "rest on shorter runs", NOT_COMPARABLE: "are not comparable"}
"""The other verdicts, as the sentence below the tiles says them."""


def html(claims: Iterable[Claim], page: str) -> HTML:
    """Return the bar, the tiles and a sentence about the rest; ``page`` is the address of the list of claims."""
    different = claims_table.distinct(claims)
    counted = {v: sum(c.verdict == v for c in different) for v in VERDICTS}
    to = {v: f"{page}#{escape(urlencode({'verdict': v}))}" for v in VERDICTS}
    parts = "".join(f'<i class="{claims_table.verdict_class(v)}" style="flex-grow:{n}"></i>' for v, n in counted.items() if n)
    said = ", ".join(f"{n:,} {v}" for v, n in counted.items() if n)
    tiles = "".join(f'<a class="{claims_table.verdict_class(v)}" href="{to[v]}"><b>{counted[v]:,}</b> <strong>{escape(v)}</strong> <span>{text}</span></a>'
                    for v, text in TILES.items())
    rest = ", ".join(f'<a class="{claims_table.verdict_class(v)}" href="{to[v]}">{counted[v]:,} {text}</a>' for v, text in OPEN.items() if counted[v])
    rest = f'<p>The bar counts {len(different):,} claims. The others are open: {rest}.</p>' if rest else ""
    return HTML(f'<div class="verdicts"><div class="verdict-bar" role="img" aria-label="{len(different):,} claims: {escape(said)}">{parts}</div>'
                f'<div class="verdict-tiles">{tiles}</div>{rest}</div>')
