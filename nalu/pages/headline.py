"""The picture that the README opens with: Table 1 of the paper, ours beside theirs."""

from pathlib import Path

import matplotlib.pyplot as plt

from nalu import experiments
from nalu.analysis import summary
from nalu.pages import figures
from nalu.paper import published
from nalu.results import runs
from nalu.support.paths import BOOK

EXPERIMENT = "ten_parameters"
TARGET = BOOK / "_static" / "headline.svg"


def write(target: Path = TARGET) -> Path:
    """Draw the success rates that are recorded in this checkout; return the file.

    The same results give the same bytes. Its background is white, as a README is read on
    pages of any colour.
    """
    entry = experiments.get(EXPERIMENT)
    ours = summary.by_model(runs.results(EXPERIMENT))
    paper = summary.as_printed(published.table(entry.published))
    models = dict.fromkeys([*paper["model"], *(c.model for c in entry.conditions)])
    with plt.style.context(figures.STYLE):
        ax = figures.success_panel(ours, paper, models)
        figures.save(ax.figure, target, background="white")
        plt.close(ax.figure)
    return target
