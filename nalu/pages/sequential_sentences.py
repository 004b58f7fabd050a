"""Sentences and tables on sequential MNIST. They are true whatever is recorded."""

from collections.abc import Iterable

import pandas as pd
from scipy.stats import linregress

from nalu.experiments.conditions import number
from nalu.experiments.sequential_conditions import SequenceExperiment
from nalu.pages.sequential_figures import label
from nalu.results import runs
from nalu.support.notation import NOT_PRINTED, NOT_RUN

DATA = {"mnist": "MNIST", "digits": "the small digits of scikit-learn"}
"""What a sentence calls the pictures of a condition."""


def recorded(entry: SequenceExperiment) -> str:
    """Return how many runs of an experiment are recorded, and how long they are."""
    missing = runs.missing(entry.name)
    declared = sum(len(c.seeds) for c in entry.conditions)
    done = declared - sum(map(len, missing.values()))
    case = entry.reference
    said = f"{done} of {declared} runs are recorded" if done else f"{NOT_RUN} ({declared} runs)"
    return f"{entry.title}: {said}, of {case.epochs:,} epochs each on {DATA[case.data]}."


def cost(entry: SequenceExperiment, like: pd.DataFrame) -> str:
    """Return how long one seed of an experiment takes, estimated from the recorded runs on the same data."""
    same = like[like["data"] == entry.reference.data].drop_duplicates(["condition", "seed"])
    if same.empty:
        return NOT_RUN
    hours = (same["seconds"] / same["epochs"]).median() * entry.reference.epochs / 3600
    return f"{hours:.0f} hours of a core"


def table(entry: SequenceExperiment, results: pd.DataFrame, curves: pd.DataFrame, paper: pd.DataFrame,
          lengths: tuple[int, ...], conditions: Iterable[str] = ()) -> pd.DataFrame:
    """Return one line of text per condition: its runs, its weights, and how many runs are solved here and in the paper.

    ``conditions`` chooses conditions and their order; without it there are all of them.
    """
    lines = []
    for case in [entry.condition(name) for name in conditions] or entry.conditions:
        once = results[results["condition"] == case.id].drop_duplicates("seed")
        line = {"model": label(case).replace("$R_z$", r"\(R_z\)"), "runs": f"{len(once)} of {len(case.seeds)}",
                "weights of picture and state": _weights(once)}
        for length in lengths:
            line[f"solved at length {length}: here"] = solved(curves, case.id, length, NOT_RUN)
            line[f"{length}: paper"] = solved(paper, case.id, length, NOT_PRINTED)
        lines.append(line)
    return pd.DataFrame(lines)


def where_solved(curves: pd.DataFrame, condition: str) -> str:
    """Return at which of the test lengths at least half of a condition's runs are solved."""
    rates = curves[(curves["condition"] == condition) & (curves["metric"] == "success_rate")]
    rates = rates.sort_values("test_length")
    if rates.empty:
        return NOT_RUN
    good, every = rates["estimate"] >= 0.5, rates["test_length"]
    if good.all():
        return f"at all lengths up to {every.max()}"
    # neighbouring lengths with the same answer are one stretch
    stretches = [part for _, part in every.groupby((good != good.shift()).cumsum()) if good[part.index[0]]]
    said = ", ".join(str(s.iloc[0]) if len(s) == 1 else f"{s.iloc[0]}–{s.iloc[-1]}" for s in stretches)
    which = f"lengths {said}" if good.sum() > 1 else f"length {said}" if said else "no length"
    return f"at {which} (of {every.min()} to {every.max()})"


def slopes(outputs: pd.DataFrame) -> pd.Series:
    """Return, per condition, how much a picture's number rises per digit: the median slope over seeds, 1 if it is the digit."""
    each = {key: linregress(run["digit"], run["mean"]).slope
            for key, run in outputs.groupby(["condition", "seed"], sort=False)}
    found = pd.Series(each, dtype=float)
    return found.groupby(level=0, sort=False).median() if len(found) else found


def solved(curves: pd.DataFrame, condition: str, length: int, absent: str = NOT_RUN) -> str:
    """Return how many runs of a condition are solved at a length: ``4 of 5``."""
    found = curves[(curves["condition"] == condition) & (curves["test_length"] == length)
                   & (curves["metric"] == "success_rate")]
    if found.empty:
        return absent
    k, n = found.iloc[0][["k", "n"]]
    return f"{number(k)} of {number(n)}"


def _weights(runs: pd.DataFrame) -> str:
    pairs = runs[["image_weight", "state_weight"]].dropna()
    return "; ".join(f"{a:.2f}, {b:.2f}" for a, b in pairs.itertuples(index=False)) or "—"
