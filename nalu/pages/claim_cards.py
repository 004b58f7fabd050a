"""The printed numbers behind one claim -> a small picture and a table: our value, the printed value, the verdict and the difference.

As in all figures, our values are filled and printed values are open and faint; the bars are 95 % intervals.
"""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from nalu import experiments
from nalu.pages import claims_table, figures
from nalu.paper import claims, wording
from nalu.paper.claims import Claim
from nalu.paper.numbers import RATE
from nalu.registry import MODELS
from nalu.support import check, notation

HEADS = "number", "here", "printed", "verdict"


class Number(NamedTuple):
    """A printed number, as a card calls it."""

    name: str
    claim: Claim


def number(name: str, experiment: str, condition: str, metric: str = RATE) -> Number:
    """Return the number that is printed for a condition of an experiment.

    Raises
    ------
    ValueError
        If there is no such condition, or none is printed.
    """
    entry = experiments.get(experiment)
    cases = {c.id: c for c in entry.conditions}
    found = claims.of(entry, cases[check.one_of(condition, cases, f"condition of {experiment}")], metric)
    if found is None:
        raise ValueError(f"no {metric} is printed for {condition} of {experiment}")
    return Number(name, found)


class Card:
    """The numbers of one claim.

    Parameters
    ----------
    numbers : sequence of Number
        Of one metric.
    alt : str
        What is to be seen, for readers who cannot see it.
    """

    def __init__(self, numbers: Sequence[Number], alt: str) -> None:
        if not alt.strip():
            raise ValueError("alt is empty; a picture needs a text that says what is to be seen")
        if len({n.claim.printed.metric for n in numbers}) != 1:
            raise ValueError("the numbers of a card must be of one metric")
        self.numbers, self.alt = numbers, alt

    @property
    def words(self) -> list[str]:
        """The verdict of each number."""
        return [n.claim.verdict for n in self.numbers]

    def __repr__(self) -> str:
        return f"{self.alt} {wording.counted(self.words)}"

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{text}</th>' for text in HEADS)
        lines = "".join(f"<tr>{''.join(_cells(n))}</tr>" for n in self.numbers)
        return (f'<div class="claim-card"><img class="small-picture" alt="{escape(self.alt)}" src="{picture(pairs(self.numbers))}">'
                f'<table class="claim-numbers"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>')


def pairs(numbers: Sequence[Number]) -> Axes:
    """Draw each number in a lane, ours above the printed one, with their intervals."""
    metric = numbers[0].claim.printed.metric
    with plt.style.context(figures.STYLE):
        ax = plt.subplots(figsize=(2.8, 0.55 + 0.42 * len(numbers)))[1]
        for y, (_, claim) in enumerate(numbers):
            row = MODELS[claim.printed.place.condition.model]
            for value, at, alpha, face in ((claim.ours, y - 0.16, 1.0, row.colour), (claim.printed.cell, y + 0.16, figures.FAINT, "white")):
                ax.plot([value.lower, value.upper], [at, at], "-", color=row.colour, alpha=alpha)
                ax.plot([value.estimate], [at], row.marker, color=row.colour, alpha=alpha, markerfacecolor=face)
        ax.set_yticks(range(len(numbers)), [n.name for n in numbers])
        ax.set_ylim(len(numbers) - 0.5, -0.5)
        ax.grid(False, axis="y")
        if metric == RATE:
            ax.set(xlabel="success rate", xlim=(-0.03, 1.03), xticks=[0, 0.5, 1])
            ax.xaxis.set_major_formatter(lambda rate, _: f"{100 * rate:.0f} %")
        else:
            ax.set(xlabel=claims_table.METRICS[metric], xscale="log")
            ax.minorticks_off()
            if metric.startswith("solved_at"):
                ax.xaxis.set_major_formatter(EngFormatter())
    return ax


def picture(ax: Axes) -> str:
    """Return a figure as an address that holds it, and close it."""
    file = BytesIO()
    with plt.style.context(figures.STYLE):
        ax.figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(ax.figure)
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _cells(number: Number) -> list[str]:
    """Return the cells of a line: which number, ours and theirs with their runs, the verdict and how far apart they are."""
    claim = number.claim
    metric = claim.printed.metric
    values = [_value(metric, v) for v in (claim.ours, claim.printed.cell)]
    apart = wording.effect(claim) or (f"corrected {claims_table.number(metric, claim.printed.cell._replace(**claim.corrected._asdict()))}" if claim.corrected else "")
    said = escape(claim.verdict) + (f"<small>{_unbroken(apart)}</small>" if apart else "")
    return [f'<th scope="row">{escape(number.name)}</th>', *(f"<td>{v}</td>" for v in values),
            f'<td class="{claims_table.verdict_class(claim.verdict)}">{said}</td>']


def _value(metric: str, value) -> str:
    """Return a number with its interval, and below it how many runs of how many are solved."""
    text = claims_table.number(metric, value) if value.n else notation.NOT_RUN
    return _unbroken(text) + (f"<small>{value.k} of {value.n}</small>" if value.n else "")


def _unbroken(text: str) -> str:
    """Return HTML in which an interval is not broken between its bounds."""
    return escape(text).replace(", ", ",&nbsp;")
