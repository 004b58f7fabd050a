"""Experiments that are not the papers': one of this book, and those of your own. Data only.

An entry of `TABLE` says what differs from the papers' protocol; `nalu.experiments.conditions` and `nalu.experiments.grid`
explain its parts.

    Experiment("my_experiment", "What I want to know", "nothing: a question of my own", grid(["NMU"], simple=True))

is such an entry. Where it has the settings of the papers' experiments, it uses their recorded results. Its own results are never used for theirs, so
it does not change what is said about the papers.
"""

from __future__ import annotations

from nalu.experiments.conditions import Experiment
from nalu.experiments.grid import grid

TABLE = (
    Experiment(
        "playground", "The networks of Table 1, as the playground trains them",
        "nothing: the page \"Playground\" trains the same runs in the reader's browser",
        grid(["NAC_mul", "NAC_mul_sigma", "NALU", "NMU", "Gated_NAU_NMU"],
             simple=True, iterations=200_000, stream="philox", seeds=range(20))),
)
