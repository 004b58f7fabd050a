r"""Does our success rate agree with the published one? A test decides, and says so in words.

Both rates are counts, $k$ of $n$ runs solved. They *agree* unless Fisher's exact test, two
sided, rejects at 5 % that both come from one rate: the test conditions on the total number
of solved runs and needs no approximation, also for rates of 0 and 1.
"""

from typing import NamedTuple

from scipy.stats import fisher_exact

from nalu.analysis.statistics import wilson
from nalu.analysis.summary import Cell
from nalu.registry import MODELS
from nalu.support.notation import NOT_PRINTED, NOT_RUN

LEVEL = 0.05


class Comparison(NamedTuple):
    """Two success rates side by side; the intervals are Wilson's, of k and n, at 95 %."""

    p_value: float
    paper_in_ours: bool
    ours_in_paper: bool

    @property
    def verdict(self) -> str:
        """``"agree"`` or ``"differ"``."""
        return "differ" if self.p_value < LEVEL else "agree"


def rates(ours: Cell, paper: Cell) -> Comparison | None:
    """Compare two success rates; None where one of them has no runs."""
    if not (ours.n and paper.n):
        return None
    mine, theirs = (wilson(c.k, c.n) for c in (ours, paper))
    return Comparison(p_value(ours, paper), paper_in_ours=mine.lower <= theirs.estimate <= mine.upper,
                      ours_in_paper=theirs.lower <= mine.estimate <= theirs.upper)


def p_value(ours: Cell, paper: Cell) -> float:
    """Return the p-value of Fisher's exact test of two success rates, both of at least one run."""
    return float(fisher_exact([[c.k, c.n - c.k] for c in (ours, paper)]).pvalue)


def word(ours: Cell, paper: Cell) -> str:
    """Return the verdict on two success rates, ``"not run yet"`` or, with runs, ``"not printed"``."""
    if not ours.n:
        return NOT_RUN
    found = rates(ours, paper)
    return found.verdict if found else NOT_PRINTED


def sentence(model: str, ours: Cell, paper: Cell) -> str:
    """Return the comparison of two success rates as a sentence of Markdown."""
    name = MODELS[model].plain
    here = f"{ours.k} of {ours.n} runs solved here" if ours.n else f"{NOT_RUN} here"
    there = f"{paper.k} of {paper.n} in the paper" if paper.n else f"{NOT_PRINTED} in the paper"
    result = rates(ours, paper)
    if result is None:
        return f"{name}: {here}, {there}."
    return (
        f"{name}: {here}, {there}; the rates **{result.verdict}** "
        f"(Fisher's exact test, p = {result.p_value:.2g}). The paper's rate lies "
        f"{_where(result.paper_in_ours)} our interval, ours {_where(result.ours_in_paper)} the paper's."
    )


def _where(inside: bool) -> str:
    return "inside" if inside else "outside"
