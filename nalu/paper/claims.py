r"""Every printed number is a claim -> what our runs say about it: the one place of all verdicts.

`nalu.analysis.verdict` says when a claim is ``reproduced``, ``compatible``, ``contradicted`` or has ``too few runs``;
`nalu.analysis.comparisons` has the test for each metric, `nalu.analysis.differences` the intervals. A
success rate whose runs are known at the authors', seed by seed, is tested on the pairs of our seeds: both
sides share weights and data. All other claims are tested as two independent samples, which replayed seeds are not
quite; they are more alike, so that true claims are rejected less often.

Before any test a claim may be

* ``published value is an artefact``, whether or not there are runs of ours: where the
  authors' runs are known, by `nalu.paper.artefacts`; elsewhere for a sparsity error that is
  rejected while twice its value is not (p of at least 5 %), as a beta fit halves it, and
  whose printed bounds are not equally far. Many of such a fit are, but so are those of a
  mean without one, hence a halved value with equal bounds is only contradicted,
* ``not comparable``: the papers print no number, or no value scatters on either side,
* ``not run yet``,
* ``shorter here``: our runs were trained for less time than the papers', so that their rate says in
  which direction it lies and is no test of the printed one.

The halved sparsity errors are found by the procedure of Benjamini and Hochberg over the sparsity errors alone: they would
use up its level for the others.

The same number printed twice, about the same runs of ours, is one claim: it is tested once, and
all its lines have that verdict.

Which runs speak to a claim is decided in `nalu.paper.evidence`.
"""

import math
from collections.abc import Hashable, Iterable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from nalu.analysis import comparisons, differences, power, verdict
from nalu.analysis.statistics import FEWEST, Interval
from nalu.analysis.summary import Cell
from nalu.analysis.verdict import ARTEFACT, FEW, LEVEL, NOT_COMPARABLE, REPRODUCED, SHORTER, Comparison
from nalu.experiments import Condition, Experiment
from nalu.paper import artefacts, evidence
from nalu.paper.evidence import SPARSITY, Evidence
from nalu.paper.numbers import RATE, Printed
from nalu.results import runs, store
from nalu.support import notation
from nalu.support.notation import NOT_RUN


class Claim(NamedTuple):
    """A printed number with ours, and what a test says of them; p and the effect are NaN where none was made."""

    printed: Printed
    ours: Cell
    verdict: str
    p: float
    effect: Interval  # ours minus the printed rate, or ours over the printed number
    corrected: Interval | None
    note: str
    same: Hashable


class Said(NamedTuple):
    """What the tests say of a claim; it has no verdict before all claims have been looked at together."""

    verdict: str | None = None
    tested: Comparison | None = None
    note: str = ""
    corrected: Interval | None = None
    p_twice: float = math.nan


def all_claims(level: float = LEVEL) -> list[Claim]:
    """Return the claims of both papers with their verdicts, from the results of this checkout."""
    return [*_judged(level, store.state())[0]]


def of(experiment: Experiment, condition: Condition, metric: str = RATE) -> Claim | None:
    """Return the claim about a condition's number in the table or figure that an experiment reproduces; None if none is printed.

    It is one of `all_claims`, so that every page says the same of it.
    """
    if experiment.published is None:
        return None
    source = experiment.published.format(operation=condition.task.operation)
    return _judged(LEVEL, store.state())[1].get((source, runs.settings(condition), metric))


@lru_cache(maxsize=4)
def _judged(level: float, state: Hashable) -> tuple[list[Claim], dict[tuple, Claim]]:
    """Return all claims, and those of tables and figures by source, settings and metric; anew where files have changed."""
    found = judge(evidence.gather(), level)
    return found, {(c.printed.source, runs.settings(c.printed.place.condition), c.printed.metric): c
                   for c in found if c.printed.place and c.printed.place.length is None}


def judge(items: Iterable[Evidence], level: float = LEVEL) -> list[Claim]:
    """Return a claim for each piece of evidence, in the same order; the arguments are those of `verdicts`."""
    items = [*items]
    said = verdicts(items, level)
    measured = {same: evidence.ours(item) for same, item in {i.same: i for i in items}.items()}
    return [Claim(i.printed, measured[i.same], s.verdict, s.tested.p if s.tested else math.nan,
                  s.tested.effect if s.tested else Interval(), s.corrected, s.note, i.same)
            for i in items for s in [said[i.same]]]


def verdicts(items: Iterable[Evidence], level: float = LEVEL) -> dict[Hashable, Said]:
    """Return the verdict on each different claim; claims that are the same are tested once.

    ``level`` is that of the procedure of Benjamini and Hochberg.
    """
    said = {same: _look(item) for same, item in {i.same: i for i in items}.items()}
    twice = [same for same, s in said.items() if s.verdict is None and not math.isnan(s.p_twice)]
    for same, rejected in zip(twice, comparisons.rejected((said[t].tested.p for t in twice), level), strict=True):
        if rejected and said[same].p_twice >= LEVEL:
            said[same] = said[same]._replace(
                verdict=ARTEFACT, note=f"half, by the beta fit: twice the value is not rejected, p = {said[same].p_twice:.2g}")
    still = [same for same, s in said.items() if s.verdict is None]
    for same, word in zip(still, verdict.words([said[t].tested for t in still], level), strict=True):
        apart = "told apart, by less than the margin" if word == REPRODUCED and said[same].tested.p < LEVEL else ""
        said[same] = said[same]._replace(verdict=word, corrected=None, note=said[same].note or apart)
    return said


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
    tested = _few(item) or (_of_rates(item) if metric == RATE else _of_known(item) if known else _of_printed(item))
    if corrected:
        beside = f"; ours beside the corrected value: p = {tested.tested.p:.2g}" if tested.tested else ""
        return tested._replace(verdict=ARTEFACT, note=note + beside, corrected=corrected, tested=None)
    return tested


def _few(item: Evidence) -> Said | None:
    """Return that a claim has too few runs of ours for any test."""
    x = evidence.values(item)
    return Said(FEW, note=_runs(len(x), item.printed.metric)) if len(x) < FEWEST else None


def _of_rates(item: Evidence) -> Said:
    value, paper = evidence.ours(item), item.printed.cell
    if item.authors is not None:
        return _of_pairs(item)
    smallest = comparisons.rate_smallest(value.n, paper)
    if smallest >= LEVEL:
        return Said(FEW, note="no outcome could be rejected")
    effect = differences.of_rates(value.k, value.n, paper.k, paper.n)
    return Said(tested=Comparison(RATE, comparisons.rates(value, paper), effect, smallest, power.of_rates(value.n, paper.k, paper.n)))


def _of_pairs(item: Evidence) -> Said:
    """Compare with the authors' outcomes of the same seeds."""
    pairs = item.rows[["seed", "solved"]].merge(item.authors[["seed", "solved"]], on="seed", suffixes=("", "_authors"), validate="1:1")
    ours, theirs = (pairs[c].to_numpy(bool) for c in ("solved", "solved_authors"))
    n, k, here, there = len(pairs), int(theirs.sum()), int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    note = f"of the same {n} seeds, {k} are solved there; {here} are solved only here, {there} only there"
    smallest = comparisons.pairs_smallest(n, k)
    if smallest >= LEVEL:
        return Said(FEW, note=note)
    effect = differences.of_pairs(here, there, n)
    return Said(tested=Comparison(RATE, float(comparisons.mcnemar(here, there)), effect, smallest, power.of_pairs(n, here + there)), note=note)


def _of_known(item: Evidence) -> Said:
    """Compare with the authors' runs themselves."""
    x, y = evidence.values(item), artefacts.sample(item.authors, item.printed.metric)
    if item.printed.metric == "solved_at_median":
        return _of_medians(x, float(np.median(y)) if len(y) else math.nan, 0.0, len(y))
    smallest = comparisons.means_smallest(len(x), len(y))
    if smallest >= LEVEL:
        return Said(FEW, note=_runs(len(x)))
    y = np.minimum(y, 0.5) if item.printed.metric == SPARSITY else y
    return _of_factors(item.printed.metric, comparisons.means_by_factor(x, y), float(x.mean() / y.mean()), smallest)


def _of_printed(item: Evidence) -> Said:
    """Compare with a number that is all there is."""
    x, paper = evidence.values(item), item.printed.cell
    off = notation.scientific_rounding(paper.estimate) * (1 + 1e-6)
    if item.printed.metric == "solved_at_median":
        return _of_medians(x, paper.estimate, off, paper.k)
    if len(x) < comparisons.FEWEST or paper.k < 2:
        return Said(FEW, note=_runs(len(x)))
    if math.isnan(comparisons.printed_mean(x, paper, off)):
        return Said(NOT_COMPARABLE, note="no value scatters")
    said = _of_factors(item.printed.metric, lambda f: comparisons.printed_mean(x / f, paper, off), float(x.mean()) / paper.estimate, 0.0)
    if item.printed.metric != SPARSITY or not _lopsided(paper):
        return said
    double = paper._replace(**{f: 2 * getattr(paper, f) for f in Interval._fields})
    return said._replace(p_twice=comparisons.printed_mean(x, double, 2 * off), corrected=double.interval)


def _lopsided(value: Cell) -> bool:
    """Whether the printed bounds are not equally far, so that they are hardly those of a mean without a fit."""
    up, down = value.upper - value.estimate, value.estimate - value.lower
    return abs(up - down) > 1e-3 * (up + down)


def _of_medians(x: np.ndarray, median: float, off: float, m: int) -> Said:
    smallest = comparisons.median_smallest(len(x), m) if len(x) and m else 1.0
    if smallest >= LEVEL:
        return Said(FEW, note=_runs(len(x)))
    logged = partial(comparisons.median, x, median, off, m, step=evidence.LOGGED)
    said = _of_factors("solved_at_median", logged, float(np.median(x)) / median, smallest)
    return said._replace(tested=said.tested._replace(p=comparisons.median(x, median, off, m)))


def _of_factors(metric: str, p_value, ratio: float, smallest: float) -> Said:
    effect = differences.of_factors(p_value, ratio)
    return Said(tested=Comparison(metric, p_value(1.0), effect, smallest, power.of_factor(effect)))


def _runs(n: int, metric: str = "") -> str:
    return f"{n} {'' if metric == RATE else 'solved '}{'run' if n == 1 else 'runs'}"
