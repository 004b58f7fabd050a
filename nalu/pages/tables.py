r"""A summary -> the table that the papers print, each of our lines above theirs, for a page.

Numbers and labels are LaTeX in ``\( \)``, which JupyterLab and the book both typeset
inside HTML.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import NamedTuple

import pandas as pd
from IPython.display import HTML

from nalu.analysis import comparisons
from nalu.analysis.comparisons import LEVEL
from nalu.analysis.statistics import FEWEST
from nalu.analysis.summary import Cell, as_printed, cell
from nalu.registry import MODELS
from nalu.support import notation
from nalu.support.notation import NOT_PRINTED, NOT_RUN
from nalu.tasks import OPERATIONS


class Column(NamedTuple):
    """A column of the papers' tables."""

    heading: str
    best: str  # "max" or "min"
    text: Callable[..., str]
    rounding: Callable[[float], float]  # how far a printed value may be from the true one


_NUMBER = (notation.scientific, notation.scientific_rounding)

COLUMNS: Mapping[str, Column] = {
    "success_rate": Column("success rate", "max", notation.percent,
                           notation.percent_rounding),
    "solved_at_median": Column("solved at, median", "min", *_NUMBER),
    "solved_at_mean": Column("solved at, mean", "min", *_NUMBER),
    "sparsity_error_mean": Column("sparsity error, mean", "min", *_NUMBER),
}
"""Metric -> `Column`, in the order of the papers."""


def beside_paper(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str] = (),
                 source: str = "paper") -> pd.DataFrame:
    """Return a table with the papers' columns, and for each network our line and theirs.

    The best value of an operation is bold, among our lines and among theirs: the highest
    rate, the lowest of the others; ties are all bold. Only a network with at least `FEWEST` solved runs can be best,
    and only if no other one has a higher success rate by Fisher's exact test at 5 %: what a
    network does in the few runs that it solves is no merit beside one that solves them all. A value that does not exist is
    "—" as in the papers; the success rate of a model without results is "not run yet",
    of one that the paper leaves out "not printed". All is text; the columns are ``operation``
    (if there are several), ``model``, ``source``, ``runs`` and the headings of `COLUMNS`.

    Parameters
    ----------
    ours
        A summary by operation and model, see `nalu.analysis.summary`.
    paper
        A table of `nalu.paper.published`.
    models
        Models to show after those that the paper prints, even if they have no results.
    source
        What the lines of the published table are called.
    """
    paper = as_printed(paper)
    pairs = _pairs(ours, paper, models)
    halves = [_lines(ours, pairs, "ours", NOT_RUN), _lines(paper, pairs, source, NOT_PRINTED)]
    table = pd.concat(halves).sort_index(kind="stable").reset_index(drop=True)
    return table if table["operation"].nunique() > 1 else table.drop(columns="operation")


def alone(ours: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return the table of `beside_paper` with our lines only, one for each operation and model in ``cells``."""
    table = _lines(ours, [*dict.fromkeys(cells)], "ours", NOT_RUN).drop(columns="source")
    return table if table["operation"].nunique() > 1 else table.drop(columns="operation")


def ratios(ours: pd.DataFrame, paper: pd.DataFrame, operation: str = "mul") -> pd.DataFrame:
    """Return the paper's values over ours, one line per printed model, as text.

    It has the ratio with two decimals, and whether the paper's value, which is rounded to
    the printed digits, can lie inside our 95 % interval, where there is one.
    """
    paper = as_printed(paper)
    models = [*dict.fromkeys(paper.loc[paper["operation"] == operation, "model"])]
    table = {"model": [MODELS[m].plain for m in models]}
    for metric, column in COLUMNS.items():
        pairs = [[cell(s, m, metric, operation) for s in (ours, paper)] for m in models]
        table[column.heading] = [_ratio(*pair, column) for pair in pairs]
    return pd.DataFrame(table)


def html(table: pd.DataFrame, name: str, label: str) -> HTML:
    """Return a table of text, formulas and links; it scrolls sideways on a narrow page, with the keyboard too.

    ``name`` stands in the identifiers inside, which pandas would draw at random; ``label`` is what the table holds, for
    readers who hear it.
    """
    styler = table.map(_unbroken).style.hide(axis="index").set_uuid(name)
    styler = styler.set_table_attributes('class="dataframe mathjax_process"')
    styler = styler.set_table_styles([{"selector": "", "props": "font-size: 0.8em"},
                                      {"selector": "thead th", "props": "white-space: normal"},
                                      {"selector": "tbody th", "props": "font-weight: normal"},
                                      {"selector": "th, td", "props": "padding: 0.3em 0.4em"}])
    return HTML(f'<div style="overflow-x: auto" role="region" tabindex="0" aria-label="{escape(label)}">'
                f"{_with_heads(styler.to_html(), _heads(table))}</div>")


def prose(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str] = (),
          operation: str = "mul") -> dict[str, str | int]:
    """Return the success rates of a table's models as running text needs them, by key.

    ``nmu_success`` is ``"94 %"``, ``nmu_success_ci`` ``"88–97 %"``, ``nmu_success_paper``
    the paper's rate and ``nmu_n`` the number of our runs, 0 as long as there are none.
    """
    paper, found = as_printed(paper), {}
    for model in [m for o, m in _pairs(ours, paper, models) if o == operation]:
        mine = cell(ours, model, "success_rate", operation)
        theirs = cell(paper, model, "success_rate", operation)
        key = f"{model.lower()}_success"
        found[key] = notation.prose_rate(mine.estimate, NOT_RUN)
        found[f"{key}_ci"] = notation.prose_range(mine.lower, mine.upper, NOT_RUN)
        found[f"{key}_paper"] = notation.prose_rate(theirs.estimate, NOT_PRINTED)
        found[f"{model.lower()}_n"] = mine.n
    return found


def _heads(table: pd.DataFrame) -> int:
    """Return how many of the first columns tell the lines apart, 1 if three do not."""
    return next((n for n in (1, 2, 3) if not table.iloc[:, :n].duplicated().any()), 1)


def _unbroken(text):
    """Return a text whose intervals and numbers of runs stay on one line where a narrow column breaks it."""
    return re.sub(r"\[[^\]<]*\]|\bn = \d+", lambda m: m[0].replace(" ", "\N{NO-BREAK SPACE}"), text) if isinstance(text, str) else text


def _with_heads(text: str, heads: int) -> str:
    """Return a styled table whose head and first columns are what a reader hears with a cell."""
    text = text.replace("<th id=", '<th scope="col" id=')
    cell = rf'<td( id="[^"]+_col[0-{heads - 1}]"[^>]*>(?!</td>).*?)</td>'  # unless it is empty
    return re.sub(cell, r'<th scope="row"\1</th>', text, flags=re.DOTALL)


def _pairs(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str]) -> list[tuple[str, str]]:
    """Return the rows as (operation, model): those that the paper prints, in its order, then others."""
    printed = [*zip(paper["operation"], paper["model"], strict=True)]
    measured = [*zip(ours["operation"], ours["model"], strict=True)]
    operations = [*dict.fromkeys(o for o, _ in printed + measured)]
    wanted = [(o, m) for o in operations for m in models]
    pairs = dict.fromkeys(printed + wanted + measured)
    return sorted(pairs, key=lambda pair: operations.index(pair[0]))


def _lines(values: pd.DataFrame, pairs: list[tuple[str, str]], source: str, absent: str) -> pd.DataFrame:
    """Return one line for each pair, with the values of one source."""
    rates = {(o, m): cell(values, m, "success_rate", o) for o, m in pairs}
    able = [_may_be_best(rates[o, m], [c for (other, _), c in rates.items() if other == o]) for o, m in pairs]
    table = {
        "operation": [_latex(OPERATIONS[o].symbol) for o, _ in pairs],
        "model": [_latex(MODELS[m].label) for _, m in pairs],
        "source": source,
        "runs": [str(c.n) if c.n else notation.MISSING for c in rates.values()],
    }
    for metric, column in COLUMNS.items():
        cells = [cell(values, m, metric, o) for o, m in pairs]
        best = pd.Series([c.estimate for c in cells]).where(able).groupby([o for o, _ in pairs])
        missing = absent if metric == "success_rate" else notation.MISSING
        table[column.heading] = [_text(c, column, a and c.estimate == b, missing) for c, a, b in
                                 zip(cells, able, best.transform(column.best), strict=True)]
    return pd.DataFrame(table)


def _may_be_best(rate: Cell, others: Iterable[Cell]) -> bool:
    """Whether a network has enough solved runs, and no other one of the same operation a success rate that beats its own."""
    return rate.k >= FEWEST and not any(c.n and c.k * rate.n > rate.k * c.n and comparisons.rates(rate, c) < LEVEL for c in others)


def _text(c: Cell, column: Column, bold: bool, missing: str) -> str:
    if math.isnan(c.estimate):
        return missing
    latex = column.text(*c.interval)
    return _latex(rf"\mathbf{{{latex}}}" if bold else latex)


def _ratio(mine: Cell, theirs: Cell, column: Column) -> str:
    if not mine.n:
        return NOT_RUN
    if not mine.estimate or math.isnan(mine.estimate + theirs.estimate):
        return notation.MISSING
    ratio = f"{theirs.estimate / mine.estimate:.2f}"
    if math.isnan(mine.lower):
        return ratio
    off = column.rounding(theirs.estimate)
    inside = theirs.estimate + off >= mine.lower and theirs.estimate - off <= mine.upper
    return f"{ratio}, {'inside' if inside else 'outside'}"


def _latex(formula: str) -> str:
    return rf"\({formula}\)"
