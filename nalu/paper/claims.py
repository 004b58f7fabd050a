r"""Every printed number is a claim -> what our runs say about it, by tests that are stated here.

A *claim* says that one distribution gave the printed number and our runs of the same
condition; `nalu.analysis.comparisons` has the test for each metric. Its verdict is

* ``published value is an artefact``, whether or not there are runs of ours: where the
  authors' runs are known, by `nalu.paper.artefacts`; elsewhere for a sparsity error that is
  rejected while twice its value is not (p of at least 5 %), as a beta fit halves it, and
  whose printed bounds are not equally far. Many of such a fit are, but so are those of a
  mean without one, hence a halved value with equal bounds is only said to differ,
* ``cannot be compared``: the papers print no number, or no value scatters on either side,
* ``not run yet``,
* ``shorter here``: our runs were trained for less time than the papers', so that their rate says in
  which direction it lies and is no test of the printed one,
* ``too few runs``: whatever our runs had given, no p-value would have been below 5 %,
  so that to agree would mean nothing; or a mean has fewer solved runs than its test needs.
  To be rejected among many, a claim needs a smaller one: `powerless` counts what could not,
* ``differ`` if the procedure of Benjamini and Hochberg at 5 %, over all claims that are left,
  rejects it; else ``agree``.

The procedure controls the false discovery rate: of the claims that are said to differ, a share
of at most 5 % is expected to be true, if the tests are independent or positively dependent.
Claims about the same runs are; and replayed seeds make the two sides more alike than
independent samples, so that true claims are rejected less often still. Claims that are too
weak to be rejected are left out of it, which only the numbers of runs decide. The halved
sparsity errors are found before, by the procedure over the sparsity errors alone: they would
use up its level for the others.

The same number printed twice, about the same runs of ours, is one claim: it is tested once, and
all its lines have that verdict.

Which runs speak to a claim is decided in `nalu.paper.evidence`.
"""

import math
from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np

from nalu.analysis import comparisons, verdict
from nalu.analysis.statistics import Interval
from nalu.analysis.summary import Cell
from nalu.analysis.verdict import LEVEL
from nalu.paper import artefacts, evidence
from nalu.paper.evidence import SPARSITY, Evidence
from nalu.paper.numbers import RATE, Printed
from nalu.support import notation
from nalu.support.notation import NOT_RUN

AGREE, DIFFER, ARTEFACT, FEW, SHORTER, NOT_COMPARABLE = \
    "agree", "differ", "published value is an artefact", "too few runs", "shorter here", "cannot be compared"
VERDICTS = (AGREE, DIFFER, ARTEFACT, FEW, SHORTER, NOT_RUN, NOT_COMPARABLE)


class Claim(NamedTuple):
    """A printed number with ours, and what a test says of them; p is NaN where none was made."""

    printed: Printed
    ours: Cell
    verdict: str
    p: float
    corrected: Interval | None
    note: str
    same: Hashable
    smallest: float  # the p-value of the outcome of our runs that is farthest from the printed number


class Said(NamedTuple):
    """What the tests say of a claim; it has no verdict before all claims have been looked at together."""

    verdict: str | None
    p: float = math.nan
    note: str = ""
    corrected: Interval | None = None
    p_twice: float = math.nan
    smallest: float = math.nan


def all_claims(level: float = LEVEL) -> list[Claim]:
    """Return the claims of both papers with their verdicts, from the results of this checkout."""
    return judge(evidence.gather(), level)


def judge(items: Iterable[Evidence], level: float = LEVEL) -> list[Claim]:
    """Return a claim for each piece of evidence, in the same order; the arguments are those of `verdicts`."""
    items = [*items]
    said = verdicts(items, level)
    measured = {same: evidence.ours(item) for same, item in {i.same: i for i in items}.items()}
    return [Claim(i.printed, measured[i.same], s.verdict, s.p, s.corrected, s.note, i.same, s.smallest)
            for i in items for s in [said[i.same]]]


def verdicts(items: Iterable[Evidence], level: float = LEVEL) -> dict[Hashable, Said]:
    """Return what is said of each different claim; those that are the same are tested once.

    ``level`` is that of the procedure of Benjamini and Hochberg.
    """
    said = {same: _look(item) for same, item in {i.same: i for i in items}.items()}
    twice = [same for same, s in said.items() if s.verdict is None and not math.isnan(s.p_twice)]
    for same in _found(twice, said, level):
        if said[same].p_twice >= LEVEL:
            said[same] = said[same]._replace(
                verdict=ARTEFACT, note=f"half, by the beta fit: twice the value agrees, p = {said[same].p_twice:.2g}")
    still = [same for same, s in said.items() if s.verdict is None]
    differ = set(_found(still, said, level))
    for same in still:
        said[same] = said[same]._replace(verdict=DIFFER if same in differ else AGREE, corrected=None)
    return said


def powerless(claims: Iterable[Claim], level: float = LEVEL) -> list[Claim]:
    """Return the different claims that agree and would, with the p-values of the others, whatever our runs had given."""
    tested = [*{c.same: c for c in claims if c.verdict in (AGREE, DIFFER)}.values()]
    p = np.array([c.p for c in tested])

    def out_of_reach(k: int) -> bool:
        lowered = p.copy()
        lowered[k] = tested[k].smallest
        return not comparisons.rejected(lowered, level)[k]

    return [c for k, c in enumerate(tested) if c.verdict == AGREE and out_of_reach(k)]


def _found(names: list, said: dict[Hashable, Said], level: float) -> list:
    """Return those of some claims that the procedure rejects."""
    wrong = comparisons.rejected((said[name].p for name in names), level)
    return [name for name, rejected in zip(names, wrong, strict=True) if rejected]


def _look(item: Evidence) -> Said:
    """Look at one claim by itself."""
    paper, metric = item.printed.cell, item.printed.metric
    if math.isnan(paper.estimate):
        return Said(NOT_COMPARABLE, note="no number is printed")
    known, corrected, note = item.authors is not None and metric != RATE, None, ""
    if known:
        found = artefacts.find(paper.estimate, item.authors, metric)
        if found.defects:
            note, corrected = ", ".join(artefacts.WORDS[d] for d in found.defects), found.correct
    if item.rows is None or item.rows.empty:
        return Said(ARTEFACT if corrected else NOT_RUN, note=note, corrected=corrected)
    if item.shorter:
        mine = evidence.ours(item).estimate
        where = "the same rate" if mine == paper.estimate else "higher" if mine > paper.estimate else "lower"
        return Said(SHORTER, note=f"{item.shorter}: {where}")
    tested = _of_rates(item) if metric == RATE else _of_known(item) if known else _of_printed(item)
    if corrected:
        beside = "" if math.isnan(tested.p) else f"; ours beside the corrected value: p = {tested.p:.2g}"
        return tested._replace(verdict=ARTEFACT, note=note + beside, corrected=corrected, p=math.nan)
    return tested


def _of_rates(item: Evidence) -> Said:
    value, paper = evidence.ours(item), item.printed.cell
    smallest = comparisons.rate_smallest(value.n, paper)
    if smallest >= LEVEL:
        return Said(FEW, note="no outcome could differ")
    return Said(None, verdict.p_value(value, paper), smallest=smallest)


def _of_known(item: Evidence) -> Said:
    """Compare with the authors' runs themselves."""
    x, y = evidence.values(item), artefacts.sample(item.authors, item.printed.metric)
    if item.printed.metric == "solved_at_median":
        return _of_medians(x, float(np.median(y)) if len(y) else math.nan, 0.0, len(y))
    smallest = comparisons.means_smallest(len(x), len(y))
    if smallest >= LEVEL:
        return Said(FEW, note=_solved(x))
    y = np.minimum(y, 0.5) if item.printed.metric == SPARSITY else y
    return Said(None, comparisons.means(x, y), smallest=smallest)


def _of_printed(item: Evidence) -> Said:
    """Compare with a number that is all there is."""
    x, paper = evidence.values(item), item.printed.cell
    off = notation.scientific_rounding(paper.estimate) * (1 + 1e-6)
    if item.printed.metric == "solved_at_median":
        return _of_medians(x, paper.estimate, off, paper.k)
    if len(x) < comparisons.FEWEST or paper.k < 2:
        return Said(FEW, note=_solved(x))
    p = comparisons.printed_mean(x, paper, off)
    if math.isnan(p):
        return Said(NOT_COMPARABLE, note="no value scatters")
    if item.printed.metric != SPARSITY or not _lopsided(paper):
        return Said(None, p, smallest=0.0)
    double = paper._replace(**{f: 2 * getattr(paper, f) for f in Interval._fields})
    return Said(None, p, p_twice=comparisons.printed_mean(x, double, 2 * off), corrected=double.interval,
                smallest=0.0)


def _lopsided(value: Cell) -> bool:
    """Whether the printed bounds are not equally far, so that they are hardly those of a mean without a fit."""
    up, down = value.upper - value.estimate, value.estimate - value.lower
    return abs(up - down) > 1e-3 * (up + down)


def _of_medians(x: np.ndarray, median: float, off: float, m: int) -> Said:
    smallest = comparisons.median_smallest(len(x), m) if len(x) and m else 1.0
    if smallest >= LEVEL:
        return Said(FEW, note=_solved(x))
    return Said(None, comparisons.median(x, median, off, m), smallest=smallest)


def _solved(x: np.ndarray) -> str:
    return f"{len(x)} solved {'run' if len(x) == 1 else 'runs'}"
