"""What the papers print about sequential MNIST, and where our runs of the same condition are."""

from collections.abc import Iterable

import pandas as pd

from nalu import experiments
from nalu.experiments import SequenceCondition, SequenceExperiment
from nalu.paper import published
from nalu.paper.matched import PANELS
from nalu.sequential import outcomes
from nalu.support.notation import MISSING

REGULARISED = ("NMU", "NAC_mul_NMU", "NAU")
"""Models of the published figures that have R_z in the one, and not in the other, the ablation."""


def condition(figure: str, model: str) -> str:
    """Return our name of the condition that a figure calls so."""
    regularised = model in REGULARISED and not figure.endswith("ablation")
    return model.replace("_Rz", "-Rz") + ("-Rz" if regularised else "")


def printed(names: Iterable[str]) -> pd.DataFrame:
    """Return the points of published figures in the form of `nalu.sequential.outcomes.curves`, under our conditions' names.

    A condition that two figures show is taken from the first.
    """
    parts = []
    for name in names:
        points = published.figure(name)
        parts.append(pd.DataFrame({
            "condition": points["model"].map(lambda model, name=name: condition(name, model)),
            "test_length": points["x"].astype(int),
            "metric": points["panel"].map(PANELS), "estimate": points["mean"].astype(float),
            "lower": points["lower"].astype(float), "upper": points["upper"].astype(float),
            "n": points["n_runs"], "k": points["k_successes"]}))
    key = ["condition", "test_length", "metric"]
    return pd.concat(parts, ignore_index=True).drop_duplicates(key, ignore_index=True)


def of_figure(name: str) -> list[SequenceExperiment]:
    """Return our experiments behind a published figure, on its pictures: that at full length, then the shorter ones."""
    found = [entry for entry in experiments.SEQUENTIAL.values()
             if name in entry.published and entry.reference.data == "mnist"]
    return sorted(found, key=lambda entry: -entry.reference.epochs)


def lines(entry: SequenceExperiment, case: SequenceCondition) -> list[tuple[str, str, str]]:
    """Return rows of text: how many runs are solved at some lengths, here and in the paper; none if nothing is recorded."""
    ours = outcomes.curves(outcomes.of(entry.name))
    paper = printed(entry.published) if entry.published else ours.iloc[:0]
    both = [table[(table["metric"] == "success_rate") & (table["condition"] == case.id)].set_index("test_length")
            for table in (ours, paper)]
    if both[0].empty:
        return []
    lengths = [both[0].index.min(), entry.reference.task.train_length, both[0].index.max()]
    rows = [(f"{entry.name} {case.id}", f"here, {case.epochs:,} epochs", "in the paper, 1,000 epochs")]
    return rows + [(f"solved, {length} pictures", *(_of(side, length) for side in both))
                   for length in dict.fromkeys(lengths) if length in both[0].index]


def _of(rates: pd.DataFrame, length: int) -> str:
    return f"{rates.loc[length, 'k']:.0f} of {rates.loc[length, 'n']:.0f}" if length in rates.index else MISSING
