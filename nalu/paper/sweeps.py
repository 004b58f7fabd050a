r"""An experiment that varies one setting -> points, ours beside the paper's, as a table and in words.

A *point* is one condition with its runs and both sides' values. `nalu.pages.sweep_panels` draws them.
Every sentence built here is also true when only some of the runs exist.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from nalu import experiments
from nalu.analysis.summary import NOTHING, Cell
from nalu.analysis.verdict import CONTRADICTED
from nalu.experiments.conditions import Condition, Experiment
from nalu.paper import claims, matched, wording
from nalu.paper.claims import Claim
from nalu.paper.numbers import text
from nalu.registry import MODELS, Model
from nalu.results import runs
from nalu.support import listing, notation
from nalu.support.notation import NOT_PRINTED, NOT_RUN

NAMED = 5  # a sentence lists up to this many contradicted points; the table has all of them


class Point(NamedTuple):
    """A condition of an experiment: the text of what varies, its runs, our values and the paper's by metric."""

    experiment: Experiment
    condition: Condition
    x: str
    runs: pd.DataFrame
    ours: dict[str, Cell]
    paper: dict[str, Cell]

    @property
    def model(self) -> Model:
        """The model's row in the registry."""
        return MODELS[self.condition.model]

    @property
    def optimizer(self) -> str:
        """What trains it: ``Adam``, ``SGD`` or ``SGD with momentum``."""
        return matched.OPTIMIZERS[self.condition.optimizer, self.condition.momentum][1]

    @property
    def claim(self) -> Claim | None:
        """The claim about the printed success rate, None if none is printed."""
        return claims.of(self.experiment, self.condition)

    @property
    def verdict(self) -> str:
        """On that claim, one of `nalu.analysis.verdict.VERDICTS`, or ``not printed``."""
        return wording.word(self.claim, self.rate())

    def rate(self, side: str = "ours") -> Cell:
        """The success rate here, or with ``"paper"`` the printed one."""
        return getattr(self, side).get("success_rate", NOTHING)


def points(name: str) -> list[Point]:
    """Return a point for each condition of an experiment, in the order of its table."""
    entry, found = experiments.get(name), runs.by_condition(name)
    return [Point(entry, case, text(case.settings()[entry.varies]) if entry.varies else "",
                  found[case.id], matched.of_runs(found[case.id], case), matched.printed(entry, case))
            for case in entry.conditions]


def by(points: Iterable[Point], what: Callable[[Point], str]) -> dict[str, list[Point]]:
    """Return the points in groups, in the order of their first members."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(what(point), []).append(point)
    return groups


def by_model(points: Iterable[Point]) -> dict[str, list[Point]]:
    """Return the points of each model."""
    return by(points, lambda p: p.condition.model)


def table(points: Sequence[Point], label: str = "", source: str = "the paper") -> pd.DataFrame:
    """Return one line of text per point: its runs, how many are solved here and in the paper, the difference, the verdict.

    The ranges are 95 % intervals of the success rate, and of the difference where it was tested. ``label`` says in words
    what varies. There is a column for the optimiser if there are several. ``source`` is where the rates are published.
    """
    lines = [{"model": p.model.plain, "optimiser": p.optimizer, label: p.x, "runs": of_declared([p]),
              "solved here": _solved(p.rate(), NOT_RUN),
              f"in {source}": _solved(p.rate("paper"), NOT_PRINTED),
              "difference": (wording.effect(p.claim) if p.claim else "") or notation.MISSING, "verdict": p.verdict}
             for p in points]
    several = len({p.optimizer for p in points}) > 1
    return pd.DataFrame(lines).drop(columns=[*([] if several else ["optimiser"]), *([] if label else [""])])


def of_declared(points: Sequence[Point]) -> str:
    """Return how many runs a point has and how many are declared, ``10 of 50``; a range where the points differ."""
    done, declared = ([*{len(r) for r in rows}] for rows in
                      ((p.runs for p in points), (p.condition.seeds for p in points)))
    return f"{_range(done)} of {_range(declared)}"


def pooled(points: Iterable[Point], side: str = "ours") -> str:
    """Return how many runs of several points are solved: ``12 of 40 runs``."""
    k, n = _counts(points, side)
    absent = NOT_RUN if side == "ours" else NOT_PRINTED
    return f"{k} of {n:,} runs" if n else absent


def both(points: Sequence[Point], source: str = "the paper") -> str:
    """Return how often runs of several points are solved on both sides: ``in most runs here (34 of 44) and in no run of the paper (0 of 50)``."""
    here, there = (_counts(points, side) for side in ("ours", "paper"))
    published = wording.often(*there, f" of {source}")
    return f"{wording.often(*here, ' here')} and {published}" if here[1] else f"{published}; here it is {NOT_RUN}"


def beside(groups: Mapping[str, Sequence[Point]], head: str = "network", source: str = "the paper") -> str:
    """Return a Markdown table with a line per group of points: how many of its runs are solved here and in the paper."""
    rows = [(name, *(pooled(line, side).removesuffix(" runs") for side in ("ours", "paper"))) for name, line in groups.items()]
    return listing.piped([head, "solved here", f"in {source}"], rows)


def totals(points: Iterable[Point]) -> pd.DataFrame:
    """Return one line of text per model, with all its points taken together: how many runs are solved here and in the paper."""
    return pd.DataFrame([{"model": line[0].model.plain, "solved here": pooled(line),
                          "in the paper": pooled(line, "paper")} for line in by_model(points).values()])


def rejudged(points: Iterable[Point]) -> tuple[int, int]:
    """Return how many of our runs the authors' threshold would judge differently, and how many runs there are."""
    other = [(p.runs["test_mse"] < p.condition.task.threshold_as_published())
             != p.runs["solved"].astype(bool) for p in points if len(p.runs)]
    return sum(int(o.sum()) for o in other), sum(map(len, other))


def spans(points: Iterable[Point], side: str = "ours") -> str:
    """Return the lowest and the highest success rate of each model: ``NMU 59–100 % (n = 50), NALU 0 % (n = 10–50)``.

    *n* is the number of runs at a point. Where a model has runs at only some of the points, the text says at how many.
    """
    return ", ".join(f"{line[0].model.plain} {_span(line, side)}" for line in by_model(points).values())


def reach(points: Iterable[Point], source: str = "the paper") -> str:
    """Return a sentence and a Markdown table: the lowest and the highest success rate of each model, here and in the paper.

    The optimiser has a column if there are several.
    """
    points = [*points]
    several = len({p.optimizer for p in points}) > 1
    lines = by(points, lambda p: f"{p.condition.model} {p.optimizer}").values()
    heads = ["network", *(["optimiser"] if several else []), "here", f"in {source}"]
    rows = [[line[0].model.plain, *([line[0].optimizer] if several else []), _span(line, "ours"), _span(line, "paper")] for line in lines]
    return ("The lowest and the highest success rate of each network over the points of the figure; *n* is the number of runs at a point:\n\n"
            + listing.piped(heads, rows))


def verdicts(points: Sequence[Point], source: str = "the paper") -> str:
    """Return sentences: how many runs are recorded, the verdicts on the published rates, and which rates are contradicted."""
    done, declared = sum(len(p.runs) for p in points), sum(len(p.condition.seeds) for p in points)
    left = sum(p.runs.empty for p in points)
    said = [f"{done:,} of {declared:,} declared runs are recorded"
            + (f" ({NOT_RUN}: {left} of {len(points)} conditions)." if left else ".")]
    printed = [p for p in points if p.paper]
    if printed:
        said.append(f"Verdicts on the {len(printed)} published success rates: {wording.counted(p.verdict for p in printed)}.")
    wrong = [f"{_name(p)} ({_solved(p.rate(), '')} here; {_solved(p.rate('paper'), '')} in {source})"
             for p in printed if p.verdict == CONTRADICTED]
    if 0 < len(wrong) <= NAMED:
        said.append(f"Contradicted: {'; '.join(wrong)}.")
    return " ".join(said)


def _counts(points: Iterable[Point], side: str) -> tuple[int, int]:
    """Return how many runs of several points are solved, and how many there are."""
    rates = [p.rate(side) for p in points]
    return sum(r.k for r in rates), sum(r.n for r in rates)


def _span(line: Sequence[Point], side: str) -> str:
    """Return the lowest and the highest success rate of some points: ``59–100 % (n = 50)``."""
    rates, n = ([getattr(p.rate(side), what) for p in line if p.rate(side).n] for what in ("estimate", "n"))
    if not rates:
        return NOT_RUN if side == "ours" else NOT_PRINTED
    low, high = min(rates), max(rates)
    words = notation.prose_range(low, high) if round(low, 2) < round(high, 2) else notation.prose_rate(low)
    at = f", at {len(rates)} of {len(line)} points" if len(rates) < len(line) else ""
    return f"{words} (n = {_range([*{*n}])}{at})"


def _name(p: Point) -> str:
    """Return what a sentence calls a point."""
    optimizer = "" if p.condition.optimizer == "adam" else f", {p.optimizer}"
    return f"{p.model.plain}{optimizer} at {p.x}" if p.x else p.model.plain


def _solved(rate: Cell, absent: str) -> str:
    """Return ``9 of 10, 60–98 %``."""
    return f"{rate.k} of {rate.n}, {notation.prose_range(rate.lower, rate.upper)}" if rate.n else absent


def _range(counts: list[int]) -> str:
    return str(counts[0]) if len(counts) == 1 else f"{min(counts)}–{max(counts)}"
