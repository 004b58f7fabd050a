"""A condition of sequential MNIST: a recurrent model on the task, with all its settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import ClassVar

from nalu.experiments.conditions import SAFE
from nalu.experiments.sequential_models import RECURRENT
from nalu.support import check
from nalu.support.check import Refusal
from nalu.tasks.digits import SOURCES
from nalu.tasks.mnist import SequentialMNIST

Z_OVER = ("cell", "image")


@dataclass(frozen=True)
class SequenceCondition:
    r"""One recurrent model on one task; the defaults are the authors' settings.

    Parameters
    ----------
    model : str
        A name of `nalu.experiments.sequential_models.RECURRENT`.
    task : SequentialMNIST
    data : {"mnist", "digits"}
        Which pictures, see `nalu.tasks.digits`.
    epochs : int
        Passes over the training sequences, $E$. The errors are measured before the first
        update of the epochs 0, k, 2k ... and after the last, which are the authors' 201
        points for 1000 and 5. (Their script trains for one more epoch, which nothing
        measures.)
    log_every : int
        That k.
    lambda_z : float
        Weight of the regulariser $R_z$; 0 leaves it out.
    z_over : {"cell", "image"}
        What $R_z$ regularises: all inputs of the unit as it sees them, the state among
        them and logarithms where it takes them (the authors' code), or what the
        convolutional network gives (the paper's text).
    initial_state : float, optional
        $h_0$; by default that of the authors' code.
    state_size : int
        States of the LSTM. With 1, as in the authors' code, the state is the output; with
        more, a linear layer reads the output from them.
    lambda_sparse, lambda_start, lambda_end : float, int, int
        Weight of the sparsity regulariser, and the updates between which it sets in.
    batch_size, learning_rate
        Of Adam.
    seeds : iterable of int
    id : str
        Name within the experiment; by default the model.

    Raises
    ------
    ValueError
        If a name is unknown, a number out of range, or two settings do not fit.
    """

    model: str
    task: SequentialMNIST = field(default_factory=SequentialMNIST)
    data: str = "mnist"
    epochs: int = 1000
    log_every: int = 5
    lambda_z: float = 0.0
    z_over: str = "cell"
    initial_state: float | None = None
    state_size: int = 1
    lambda_sparse: float = 10.0
    lambda_start: int = 10_000
    lambda_end: int = 100_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    seeds: tuple[int, ...] = tuple(range(10))
    id: str = ""

    def __post_init__(self) -> None:
        row = RECURRENT[check.one_of(self.model, RECURRENT, "model")]
        check.one_of(self.data, SOURCES, "data")
        check.one_of(self.z_over, Z_OVER, "z_over")
        state = row.initial_state if self.initial_state is None else self.initial_state
        if self.model == "reference":
            state = 1.0 if self.task.operation == "product" else 0.0
        resolved = {
            "initial_state": check.real(state, "initial_state"), "seeds": check.seeds(self.seeds),
            "id": self.id or self.model,
        }
        for name in ("epochs", "log_every", "state_size", "batch_size"):
            resolved[name] = check.integer(getattr(self, name), name, at_least=1)
        for name in ("lambda_z", "lambda_sparse", "learning_rate"):
            resolved[name] = check.real(getattr(self, name), name, low=0.0)
        for name in ("lambda_start", "lambda_end"):
            resolved[name] = check.integer(getattr(self, name), name, at_least=0)
        for name, value in resolved.items():
            object.__setattr__(self, name, value)
        self._fits(row)

    def _fits(self, row) -> None:
        if self.lambda_end <= self.lambda_start:
            raise Refusal(f"lambda_end is {self.lambda_end}; allowed: more than lambda_start, "
                          f"{self.lambda_start}")
        if self.epochs % self.log_every:
            raise Refusal(f"epochs is {self.epochs}; allowed: a multiple of log_every, {self.log_every}")
        if self.lambda_z and row.neutral is None:
            raise Refusal(f"lambda_z is {self.lambda_z}; {self.model} has no regulariser R_z, allowed: 0")
        if self.state_size > 1 and self.model != "LSTM":
            raise Refusal(f"state_size is {self.state_size}; {self.model} has one state, allowed: 1")
        if not SAFE.fullmatch(self.id):
            raise Refusal(f"condition id {self.id!r} is no plain file name")

    def settings(self) -> dict:
        """Columns of the results that say what was trained."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("task", "seeds", "id"):
            del own[name]
        task = asdict(self.task)
        del task["test_lengths"]  # a column of its own: there is a row for each
        return own | task

    @property
    def length(self) -> str:
        """How long it is trained, in words."""
        return f"{self.epochs:,} epochs on {self.data}"

    @property
    def parts(self) -> tuple:
        """What the model is made of, and where it is tested, which a row of results spells out one length at a time."""
        return RECURRENT[self.model].cell, *self.task.test_lengths

    def batches(self) -> tuple:
        """What decides the batches of a seed; no two conditions are trained together."""
        return (self,)

    def scale(self, update: int) -> float:
        r"""$\lambda_{sparse}$ times its ramp, at the update of this number, counted from 0.

        The authors count from 1.
        """
        ramp = (update + 1 - self.lambda_start) / (self.lambda_end - self.lambda_start)
        return self.lambda_sparse * min(max(ramp, 0.0), 1.0)


@dataclass(frozen=True)
class SequenceExperiment:
    """The conditions behind one figure.

    Parameters
    ----------
    name, title, reproduces : str
    conditions : tuple of SequenceCondition
        All of one task and data, with the same epochs; one of them, of the model
        ``reference``, gives the thresholds.
    published : tuple of str
        Names in `nalu.paper.published.FIGURES`.

    As for every experiment, ``window`` says among how many logged points the best step is sought, here all
    that a run has, as in the authors' scripts; and ``curves``, that no learning curves are kept.

    Raises
    ------
    ValueError
        If two conditions share their id or their settings, or there is no reference.
    """

    name: str
    title: str
    reproduces: str
    conditions: tuple[SequenceCondition, ...]
    published: tuple[str, ...] = ()
    window: ClassVar[int] = 1000
    curves: ClassVar[int] = 0

    def __post_init__(self) -> None:
        seen: set[object] = set()
        for condition in self.conditions:
            for key in (condition.id.casefold(), tuple(condition.settings().values())):
                if key in seen:
                    raise Refusal(f"condition {condition.id!r} of {self.name} is declared twice")
                seen.add(key)
        if "reference" not in {condition.model for condition in self.conditions}:
            raise Refusal(f"{self.name} needs a condition of the model 'reference'")

    def condition(self, name: str) -> SequenceCondition:
        """The condition with this id; `ValueError` with a suggestion if there is none."""
        by_id = {condition.id: condition for condition in self.conditions}
        return by_id[check.one_of(name, by_id, f"condition of {self.name}")]

    @property
    def reference(self) -> SequenceCondition:
        """The condition that gives the thresholds."""
        return next(c for c in self.conditions if c.model == "reference")
