"""What an experiment is: conditions, each with all its settings.

A *condition* is a model on a task with all its settings, trained with many seeds; an
*experiment* is the set of conditions behind one table or figure of the papers. Defaults
are the papers' protocol, so that a condition says only what differs.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace

from nalu.registry import MODELS
from nalu.support import check
from nalu.support.check import Refusal
from nalu.tasks import Arithmetic

SAFE = re.compile(r"\w[\w.=+-]*", re.ASCII)
"""Names that every file system and shell takes as they are."""


@dataclass(frozen=True)
class Condition:
    """One model on one task; what it is trained with is explained in `nalu.training.Plan`.

    Parameters
    ----------
    model : str
        A name of `nalu.registry.MODELS`, whose row says what the three `lambda` are if
        they are not given.
    task : Arithmetic
    iterations : int
        N; the updates are numbered 0..N.
    hidden_size, optimizer, learning_rate, momentum, stream
        See `nalu.training.Plan`. A network without a hidden layer, `hidden_size` None, has 0 in the files.
    lambda_sparse, lambda_start, lambda_end : float, int, int, optional
        Weight of the sparsity regulariser, and where its ramp begins and ends.
    seeds : iterable of int
    id : str
        Name within the experiment: the model, and what varies. Default: the model.

    Raises
    ------
    ValueError
        If a name is unknown, a number too small, or the seeds are wrong.
    """

    model: str
    task: Arithmetic = Arithmetic()
    iterations: int = 5_000_000
    hidden_size: int | None = 2
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    lambda_sparse: float | None = None
    lambda_start: int | None = None
    lambda_end: int | None = None
    stream: str = "authors"
    seeds: tuple[int, ...] = tuple(range(100))
    id: str = ""

    def __post_init__(self) -> None:
        row = MODELS[check.one_of(self.model, MODELS, "model")]
        resolved = {
            "iterations": check.integer(self.iterations, "iterations", at_least=1),
            "hidden_size": _hidden(self.hidden_size),
            "seeds": check.seeds(self.seeds),
            "id": _safe(self.id or self.model, "condition id"),
        }
        for name in ("lambda_sparse", "lambda_start", "lambda_end"):
            value = getattr(self, name)
            resolved[name] = getattr(row, name) if value is None else value
        for name, value in resolved.items():
            object.__setattr__(self, name, value)

    def settings(self) -> dict:
        """Columns of `results.csv` that say what was trained; ranges as ``[1,2]``."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("task", "seeds", "id"):
            del own[name]
        ranges = {name: _brackets(getattr(self.task, name)) for name in RANGES}
        return own | asdict(self.task) | ranges | {"hidden_size": self.hidden_size or 0}

    @property
    def length(self) -> str:
        """How long it is trained, in words."""
        return f"{self.iterations:,} iterations"

    @property
    def parts(self) -> tuple[str, ...]:
        """What the model is made of."""
        row = MODELS[self.model]
        return (row.first, row.second) if self.hidden_size else (row.second,)

    def plan_arguments(self) -> dict:
        """The arguments of `nalu.training.train` other than the seeds, the engine and the device."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in own.items() if name not in ("seeds", "id")}

    def batches(self) -> tuple:
        """What conditions have in common that can be trained together: what decides the batches of a seed, and when they are used.

        For later units, which are stacked on other ranges, it is all but the ranges.
        """
        if MODELS[self.model].recipe is not None:
            return tuple(value for name, value in self.settings().items() if name not in RANGES)
        return replace(self.task, operation="mul"), self.iterations, self.stream


@dataclass(frozen=True)
class Experiment:
    """The conditions behind one table or figure.

    Parameters
    ----------
    name, title : str
        Name of the folder under ``runs/``, and what a reader sees.
    reproduces : str
        The table or figure, with its paper.
    conditions : tuple of Condition
    published : str, optional
        Where the printed values are: a name of `nalu.paper.published.TABLES` or ``FIGURES``, in
        which ``{operation}`` stands for that of the condition.
    varies : str, optional
        The setting on the horizontal axis of the figure.
    window : int
        Logged points among which the best step is sought, see `nalu.analysis.outcomes`.
    curves : int
        Points per factor of ten of the learning curves that are committed beside the
        results; 0 keeps none.
    also : tuple of str
        Names like that of `published`, of tables and figures that print some of these runs again.

    Raises
    ------
    ValueError
        If two conditions share their id or their settings.
    """

    name: str
    title: str
    reproduces: str
    conditions: tuple[Condition, ...]
    published: str | None = None
    varies: str | None = None
    window: int = 5000
    curves: int = 0
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _safe(self.name, "experiment name")
        seen: dict[object, str] = {}
        for condition in self.conditions:
            for key in (condition.id.casefold(), tuple(condition.settings().values())):
                if key in seen:
                    raise Refusal(f"conditions {seen[key]!r} and {condition.id!r} of "
                                  f"{self.name} must differ in id and settings")
                seen[key] = condition.id

    def condition(self, name: str) -> Condition:
        """The condition with this id; `ValueError` with a suggestion if there is none."""
        by_id = {condition.id: condition for condition in self.conditions}
        return by_id[check.one_of(name, by_id, f"condition of {self.name}")]


RANGES = ("train_range", "test_range")


def _hidden(size: int | None) -> int | None:
    return None if size is None else check.integer(size, "hidden_size", at_least=1)


def number(value: float) -> str:
    """All digits, but ``2`` for 2.0."""
    return repr(float(value)).removesuffix(".0")


def _brackets(where: tuple[tuple[float, float], ...]) -> str:
    """A range as tables print it: ``[1,2]``, ``[-6,-2]|[2,6]``."""
    return "|".join(f"[{number(low)},{number(high)}]" for low, high in where)


def _safe(name: str, what: str) -> str:
    if not SAFE.fullmatch(name):
        raise Refusal(f"{what} {name!r} is no plain file name; allowed: letters, digits, _.=+-")
    return name
