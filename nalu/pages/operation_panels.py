r"""Results of several operations -> a figure with a panel for each, and the verdict on each cell.

Two panels stand side by side and share the models at the left; every panel bears the
operation's sign and keeps the scale of the others. What a panel draws is explained in
`nalu.pages.figures`. ``rows``, ``ours`` and ``paper`` are those of that module, too.
"""

from collections.abc import Callable, Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nalu.analysis import summary, verdict
from nalu.analysis.summary import cell
from nalu.pages import figures
from nalu.registry import MODELS
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
    """Return the operations, or by another column the models, of which some run is solved, in the given order."""
    found = set(ours.loc[ours["k"] > 0, column])
    return [name for name in names if name in found]


def verdicts(ours: pd.DataFrame, paper: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.Series:
    """Return ``"agree"``, ``"differ"``, ``"not run yet"`` or ``"not printed"`` by (operation, model)."""
    cells = [*cells]
    index = pd.MultiIndex.from_tuples(cells, names=["operation", "model"])
    said = [verdict.word(*(cell(s, m, "success_rate", o) for s in (ours, paper))) for o, m in cells]
    return pd.Series(said, index, dtype=object)


def matrix(ours: pd.DataFrame, paper: pd.DataFrame, cells: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return `verdicts` with the number of our runs as text: a line per model, a column per operation."""
    said = verdicts(ours, paper, cells)
    return summary.matrix(said.index, [f"{word}, n = {n}" if (n := cell(ours, m, "success_rate", o).n) else word
                                       for (o, m), word in said.items()])


def counted(words: Iterable[str]) -> str:
    """Return how often each verdict occurs, as running text: ``"40 agree, 2 differ, 24 not run yet"``."""
    words = [*words]
    order = ["agree", "differ", NOT_RUN, NOT_PRINTED]
    one = {"agree": "agrees", "differ": "differs"}
    return ", ".join(f"{words.count(w)} {one.get(w, w) if words.count(w) == 1 else w}"
                     for w in order if w in words)


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
