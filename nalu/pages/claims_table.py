"""Claims -> what the page of claims shows: the table of all numbers, counts, and sentences.

The table is plain HTML that works anywhere; ``claims.js`` of the book adds the controls that
filter it, for each column whose head says ``data-filter``.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import urlencode

import pandas as pd
from IPython.display import HTML

from nalu.analysis.summary import Cell
from nalu.analysis.verdict import COMPATIBLE, CONTRADICTED, NOT_COMPARABLE, REPRODUCED, SHORTER, VERDICTS
from nalu.paper import evidence, published, wording
from nalu.paper.claims import Claim
from nalu.paper.numbers import RATE
from nalu.results import runs
from nalu.support import check, notation
from nalu.support.notation import NOT_RUN
from nalu.tasks import OPERATIONS

COLUMNS = {"Printed in": "source", "Operation": "operation", "Network": "network", "Metric": "metric",
           "Published": "", "Ours": "", "Verdict": "verdict"}
"""Head -> the name of its filter, if it has one; what is filtered is the first line of a cell."""

HEADS = ("Printed in", "Operation", "Network", "Metric")
"""The columns that tell the lines apart."""

METRICS = {RATE: "success rate", "solved_at_median": "solved at, median", "solved_at_mean": "solved at, mean",
           "sparsity_error_mean": "sparsity error, mean"}
PAPERS = {"2001.05016": "ICLR", "1910.01888": "SEDL", published.REPOSITORY: "Repository"}
"""How a place begins in `nalu.paper.published` -> how it is called here."""

ROUNDING = 2.0**-24
"""Distance of a weight near 1 from the next one below, in single precision."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def html(claims: Iterable[Claim]) -> HTML:
    """Return a line for each printed number."""
    head = "".join(f'<th scope="col"{f" data-filter={name}" if name else ""}>{text}</th>'
                   for text, name in COLUMNS.items())
    lines = [f'<tr class="{verdict_class(c.verdict)}">{"".join(map(_cell, COLUMNS, _line(c)))}</tr>' for c in claims]
    return HTML('<div class="claims" role="region" aria-label="All published numbers" tabindex="0">'
                f'<table class="claims-table"><thead><tr>{head}</tr></thead><tbody>\n'
                + "\n".join(lines) + "\n</tbody></table></div>")


def label(source: str) -> str:
    """Return where a table or figure is printed, as a reader calls it.

    Raises
    ------
    ValueError
        If there is no such table or figure.
    """
    places = published.TABLES | published.FIGURES
    text = places[check.one_of(source, places, "table or figure")]
    return next(name + text[len(start):] for start, name in PAPERS.items() if text.startswith(start))


def sign(operation: str) -> str:
    """Return the sign of an operation as plain text."""
    symbol = OPERATIONS[check.one_of(operation, OPERATIONS, "operation")].symbol
    return symbol.replace(r"\times", "×").replace("-", "−").replace("^2", "²").replace(r"\sqrt{z}", "√z")


def number(metric: str, value: Cell) -> str:
    """Return a value with its interval: ``94 % [88, 97]``, ``1.43 [1.38, 1.49] · 10⁶``; ``—`` if there is none."""
    if math.isnan(value.estimate):
        return notation.MISSING
    if metric == RATE:
        return f"{100 * value.estimate:.0f} %" + _bounds(value, lambda x: f"{100 * x:.0f}")
    exponent = math.floor(math.log10(value.estimate)) if value.estimate else 0
    if -2 <= exponent <= 0:
        return f"{value.estimate:.3g}" + _bounds(value, lambda x: f"{x:.3g}")
    scaled = f"{value.estimate / 10.0**exponent:.3g}" + _bounds(value, lambda x: f"{x / 10.0**exponent:.3g}")
    return f"{scaled} · 10{str(exponent).translate(_RAISED)}"


def counts(claims: Iterable[Claim]) -> pd.DataFrame:
    """Return how many different claims have each verdict, in all and by metric; links filter the table."""
    claims = distinct(claims)
    lines = [{"verdict": _filter(verdict=v) if _count(claims, v) else v} | _by_metric([c for c in claims if c.verdict == v]) for v in VERDICTS]
    return pd.DataFrame([*lines, {"verdict": "all"} | _by_metric(claims)])


def distinct(claims: Iterable[Claim]) -> list[Claim]:
    """Return each different claim once: a number that is printed twice, about the same runs of ours, is one."""
    return [*{c.same: c for c in claims}.values()]


def by_source(claims: Iterable[Claim]) -> pd.DataFrame:
    """Return how many different claims of each table and figure have each verdict; one that several print is in several lines."""
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.printed.source, []).append(claim)
    lines = [{"printed in": _filter(source=label(name)), "claims": str(len(group))}
             | {v.replace("published value is an ", ""): str(_count(group, v) or "") for v in VERDICTS}
             for name, group in ((name, distinct(group)) for name, group in groups.items())]
    return pd.DataFrame(lines)


def prose(claims: Iterable[Claim]) -> dict[str, str]:
    """Return the counts of different claims as running text needs them, by key; ``printed`` counts the printed numbers."""
    claims = [*claims]
    different = distinct(claims)
    return {verdict_class(v): f"{_count(different, v):,}" for v in VERDICTS} | {
        "all": f"{len(different):,}", "printed": f"{len(claims):,}", "again": f"{len(claims) - len(different):,}",
        "tested": f"{sum(not math.isnan(c.p) for c in different):,}"}


def verdict_class(verdict: str) -> str:
    """Return a verdict as one word, for styles and keys: ``artefact``, ``too_few``."""
    short = {NOT_RUN: "not_run", NOT_COMPARABLE: "not_comparable", SHORTER: "shorter"}
    words = check.one_of(verdict, VERDICTS, "verdict").split()
    return short.get(verdict, {"published": "artefact", "too": "too_few"}.get(words[0], words[0]))


def contradicted(claims: Iterable[Claim]) -> str:
    """Return a list in Markdown with a sentence for each claim that is contradicted."""
    return listed(claims, lambda c: c.verdict == CONTRADICTED) or \
        f"None: of the {prose(claims)['tested']} claims that are tested, none is contradicted."


def listed(claims: Iterable[Claim], which: Callable[[Claim], bool]) -> str:
    """Return a list in Markdown with a sentence for each different claim of some; empty if there are none."""
    claims, said = [*claims], {}
    for claim in filter(which, claims):
        said.setdefault(claim.same, (claim, []))[1].append(label(claim.printed.source))
    return "\n".join(f"* {_sentence(claim, places, claims)}" for claim, places in said.values())


def _sentence(claim: Claim, places: list[str], claims: list[Claim]) -> str:
    printed = claim.printed
    what = ", ".join(filter(None, [printed.model, sign(printed.operation), printed.at, METRICS[printed.metric]]))
    return (f"{what} ({'; '.join(places)}): here {number(printed.metric, claim.ours)} of {_runs(claim.ours)} runs, "
            f"printed {number(printed.metric, printed.cell)} of {_runs(printed.cell)}; {wording.effect(claim)}, "
            f"p = {claim.p:.1g}{_aside(claim, claims)}.")


def _aside(claim: Claim, claims: list[Claim]) -> str:
    """Return what else is known: the authors' threshold for rates, the median for means, the precision of a weight."""
    printed = claim.printed
    if printed.metric == RATE:
        entry, case, _ = printed.place
        rows = evidence.unbroken(runs.by_condition(entry.name)[case.id], case.seeds)
        k = int((rows["test_mse"] < case.task.threshold_as_published()).sum())
        return "" if k == claim.ours.k else f"; by the threshold of the authors' script {k} of ours are solved"
    if printed.metric == evidence.SPARSITY and max(claim.ours.estimate, printed.cell.estimate) < 100 * ROUNDING:
        return (f"; both are a matter of rounding, {claim.ours.estimate / ROUNDING:.0f} and {printed.cell.estimate / ROUNDING:.0f} "
                "times the distance of neighbouring single-precision numbers just below 1")
    medians = [c.verdict for c in claims if c.printed[:4] == printed[:4] and c.printed.metric == "solved_at_median"]
    said = [v for v in (REPRODUCED, COMPATIBLE) if v in medians]
    return f"; the median of the same runs is {said[0]}" if printed.metric == "solved_at_mean" and said else ""


def _line(claim: Claim) -> list[str]:
    """Return the cells of one number, as HTML."""
    printed = claim.printed
    where = escape(label(printed.source))
    if printed.place:
        where = f'<a href="experiments/{printed.place.experiment.name}.ipynb">{where}</a>'
    notes = [*filter(None, [wording.effect(claim), wording.p_value(claim)])]
    if claim.corrected:
        notes.append(f"corrected {number(printed.metric, Cell(*claim.corrected, 0, 0))}")
    cells = [sign(printed.operation), (printed.model, printed.at), METRICS[printed.metric],
             (number(printed.metric, printed.cell), _runs(printed.cell)),
             (number(printed.metric, claim.ours), _runs(claim.ours)) if claim.ours.n else "",
             (claim.verdict, "; ".join([*notes, *filter(None, [claim.note])]))]
    return [where, *(escape(c) if isinstance(c, str) else _two_lines(*c) for c in cells)]


def _cell(column: str, text: str) -> str:
    """Return a cell: what says which number it is about is a head of its line."""
    return f'<th scope="row">{text}</th>' if column in HEADS else f"<td>{text}</td>"


def _two_lines(first: str, second: str) -> str:
    return escape(first) + (f"<small>{escape(second)}</small>" if second else "")


def _runs(value: Cell) -> str:
    return f"{value.k} of {value.n}"


def _bounds(value: Cell, text) -> str:
    return "" if math.isnan(value.lower + value.upper) else f" [{text(value.lower)}, {text(value.upper)}]"


def _by_metric(claims: list[Claim]) -> dict[str, str]:
    """Return how many claims there are, and how many of rates, of solved-at and of sparsity errors."""
    kinds = {"claims": METRICS, "success rates": (RATE,), "solved at": ("solved_at_median", "solved_at_mean"),
             "sparsity errors": (evidence.SPARSITY,)}
    return {name: f"{sum(c.printed.metric in metrics for c in claims):,}" for name, metrics in kinds.items()}


def _count(claims: Iterable[Claim], verdict: str) -> int:
    return Counter(c.verdict for c in claims)[verdict]


def _filter(**chosen: str) -> str:
    """Return a link that filters the table."""
    (text,) = chosen.values()
    return f'<a href="#{escape(urlencode(chosen))}">{escape(text)}</a>'
