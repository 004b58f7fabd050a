r"""Results of several operations -> a figure with a panel for each, and the verdict on each cell.

Two panels stand side by side and share the models at the left; every panel bears the
operation's sign and keeps the scale of the others. What a panel draws is explained in
`nalu.pages.figures`. ``rows``, ``ours`` and ``paper`` are those of that module, too. Verdicts are those of `nalu.paper.claims`.
"""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nalu.analysis import summary
from nalu.analysis.summary import Cell
from nalu.experiments import Experiment
from nalu.pages import figures
from nalu.paper import claims, wording
from nalu.paper.claims import Claim
from nalu.registry import MODELS
from nalu.support import notation
from nalu.support.notation import NOT_PRINTED, NOT_RUN
from nalu.tasks import OPERATIONS

LANE = 0.3  # inches of height per model
COLUMNS = 2


def success(ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str],
            operations: Iterable[str]) -> Figure:
    """Draw each model's success rate with its 95 % interval, the paper's faintly below, and our k of n."""
    models = [*models]
    figure = _panels(models, operations,
                     lambda ax, o: figures.success_panel(ours, paper, models, ax, o))
    figure.axes[0].set_xlim(-0.06, 1.06)
    return figure


def solved_at(rows: pd.DataFrame, ours: pd.DataFrame, paper: pd.DataFrame, models: Iterable[str],
              operations: Iterable[str]) -> Figure:
    """Draw the step at which each seed was solved, and the means; runs that were not solved are counted."""
    models = [*models]
    figure = _panels(models, operations,
                     lambda ax, o: figures.solved_at_strip(rows, ours, paper, models, ax, o))
    figure.axes[0].xaxis.get_major_locator().set_params(subs=(1,))
    return figure


def learned(ours: pd.DataFrame, names: Iterable[str], column: str = "operation") -> list[str]:
    """Return the operations with at least one solved run, in the given order; with another column, the models."""
    found = set(ours.loc[ours["k"] > 0, column])
    return [name for name in names if name in found]


def judged(entry: Experiment) -> dict[tuple[str, str], Claim | None]:
    """Return the claim about the success rate of each (operation, model) of an experiment, None where none is printed."""
    return {(c.task.operation, c.model): claims.of(entry, c) for c in entry.conditions}


def rates(found: Mapping[tuple[str, str], Claim | None], ours: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return the comparison of both success rates of some (operation, model) as text, a line for each."""
    lines = []
    for operation, model in cells:
        claim = found[operation, model]
        mine = claim.ours if claim else _rate(ours, operation, model)
        tested = (wording.effect(claim), wording.p_value(claim).removeprefix("p = "), claim.note) if claim and mine.n else ("", "", "")
        lines.append((rf"\({OPERATIONS[operation].symbol}\)", MODELS[model].plain, notation.of(mine.k, mine.n) if mine.n else NOT_RUN,
                      notation.of(claim.printed.cell.k, claim.printed.cell.n) if claim else NOT_PRINTED, *tested,
                      wording.word(claim, mine)))
    return pd.DataFrame(lines, columns=["", "network", "solved here", "in the paper", "difference", "p", "remark", "verdict"])


def verdicts(found: Mapping[tuple[str, str], Claim | None], ours: pd.DataFrame) -> pd.Series:
    """Return the verdict, or ``"not printed"``, by (operation, model)."""
    index = pd.MultiIndex.from_tuples([*found], names=["operation", "model"])
    return pd.Series([wording.word(claim, _rate(ours, *where)) for where, claim in found.items()], index, dtype=object)


def matrix(found: Mapping[tuple[str, str], Claim | None], ours: pd.DataFrame) -> pd.DataFrame:
    """Return `verdicts` with the number of our runs as text: a line per model, a column per operation."""
    said, n = verdicts(found, ours), [(c.ours if c else _rate(ours, *where)).n for where, c in found.items()]
    return summary.matrix(said.index, [f"{word}, n = {runs}" if runs else word for word, runs in zip(said, n, strict=True)])


def _rate(ours: pd.DataFrame, operation: str, model: str) -> Cell:
    return summary.cell(ours, model, "success_rate", operation)


def _panels(models: list[str], operations: Iterable[str], draw: Callable[[Axes, str], Axes]) -> Figure:
    """Return a figure with a panel for each operation, the models named at the left, one key above all."""
    operations = [*operations]
    figure, axes = figures.grid(len(operations), COLUMNS, 0.8, 0.3 + LANE * len(models), sharex=True, sharey=True)
    for ax, operation in zip(axes.flat, operations, strict=False):
        draw(ax, operation)
        for y in range(1, len(models), 2):
            ax.axhspan(y - 0.5, y + 0.5, color=figures.GREY, alpha=0.08, linewidth=0, zorder=0)
        figures.above(ax, f"${OPERATIONS[operation].symbol}$", left=2, size="large")
        key = ax.get_legend()
        key.remove()
    for ax in axes.flat[:len(operations)][-COLUMNS:]:
        ax.tick_params(labelbottom=True)
    axes[0, 0].set_yticks(range(len(models)), [MODELS[m].plain for m in models])
    figure.supxlabel(axes[0, 0].get_xlabel(), fontsize="medium")
    for ax in axes.flat:
        ax.set_xlabel("")
    handles = key.legend_handles
    figure.legend(handles, [h.get_label() for h in handles], loc="outside upper left", ncols=2)
    return figure
