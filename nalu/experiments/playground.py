"""What the book's playground trains in the reader's browser, recorded. Data only."""

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
