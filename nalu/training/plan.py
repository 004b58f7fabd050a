"""Everything that determines a training, checked once, before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property

import numpy as np
from torch import Generator, nn

from nalu.models import build
from nalu.registry import MODELS, OPTIMIZERS, Recipe
from nalu.sparsity import ramp
from nalu.support import check
from nalu.support.check import Refusal
from nalu.tasks import Arithmetic
from nalu.training import devices
from nalu.training.streams import STREAMS

DTYPES = ("float32", "float64")
BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8

Builder = Callable[[Generator], nn.Module]


@dataclass(frozen=True)
class Plan:
    r"""All settings of a training; the defaults are the papers'.

    Parameters
    ----------
    model : str or callable
        A name of `nalu.registry.MODELS`, or a function from a `torch.Generator` to a
        module with the methods of `nalu.models.TwoLayer`.
    task : Arithmetic
    seeds : sequence of int
    iterations : int
        N. The updates are numbered 0..N inclusive, as in the authors' script.
    stream : {"philox", "authors"}
        Source of the training data, see `nalu.training.streams`.
    hidden_size : int or None
        H, for models given by name; None trains the model's second unit by itself.
    optimizer : {"adam", "sgd"}
        Adam with PyTorch's defaults, or gradient descent with heavy-ball `momentum`.
    learning_rate, momentum : float
    lambda_sparse, lambda_start, lambda_end : float, int, int, optional
        Weight of the sparsity regulariser and the iterations between which its scale goes
        from 0 to 1 (Neural Arithmetic Units, eq. 10); by default those of the model's row.
    batch_size : int
    log_every : int
        Iterations between two rows of the history.
    dtype : {"float32", "float64"}
    device : str
        A device of PyTorch.

    Raises
    ------
    ValueError
        If a value is unknown or out of range.
    """

    model: str | Builder
    task: Arithmetic = field(default_factory=Arithmetic)
    seeds: tuple[int, ...] = (0,)
    iterations: int = 5_000_000
    stream: str = "philox"
    hidden_size: int | None = 2
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    lambda_sparse: float | None = None
    lambda_start: int | None = None
    lambda_end: int | None = None
    batch_size: int = 128
    log_every: int = 1000
    dtype: str = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        set_ = lambda name, value: object.__setattr__(self, name, value)
        if not callable(self.model):
            check.one_of(self.model, MODELS, "model")
        if not isinstance(self.task, Arithmetic):
            raise Refusal(f"task must be a nalu.tasks.Arithmetic, not {self.task!r}")
        set_("seeds", check.seeds(self.seeds))
        for name, least in _AT_LEAST.items():
            if name == "hidden_size" and self.hidden_size is None:
                continue
            set_(name, check.integer(getattr(self, name), name, at_least=least))
        check.one_of(self.stream, STREAMS, "stream")
        check.one_of(self.optimizer, OPTIMIZERS, "optimizer")
        check.one_of(self.dtype, DTYPES, "dtype")
        if self.device != "meta":  # shapes without numbers, which every PyTorch has
            devices.examine(self.device)
        set_("learning_rate", check.real(self.learning_rate, "learning_rate", low=0.0))
        set_("momentum", check.real(self.momentum, "momentum", 0.0, 1.0))
        row = MODELS["NMU" if callable(self.model) else self.model]
        for name in ("lambda_sparse", "lambda_start", "lambda_end"):
            value = getattr(self, name)
            set_(name, getattr(row, name) if value is None else value)
        set_("lambda_sparse", check.real(self.lambda_sparse, "lambda_sparse", low=0.0))
        set_("lambda_start", check.integer(self.lambda_start, "lambda_start", at_least=0))
        set_("lambda_end", check.integer(self.lambda_end, "lambda_end", at_least=0))
        if self.lambda_end <= self.lambda_start:
            raise Refusal(
                f"lambda_end is {self.lambda_end}; allowed: more than lambda_start, "
                f"{self.lambda_start}"
            )

    def build(self, seed: int) -> nn.Module:
        """The network with the initial weights of a seed."""
        generator = Generator().manual_seed(seed)
        if callable(self.model):
            return self.model(generator)
        return build(self.model, self.task.input_size, self.hidden_size, generator=generator)

    def scale(self, iteration: int) -> float:
        r"""$\lambda_{sparse}$ times its schedule, $\min(\max((t - t_0)/(t_1 - t_0), 0), 1)$."""
        return self.lambda_sparse * ramp(iteration, self.lambda_start, self.lambda_end)

    def batches(self) -> dict:
        """What decides the batches, and when they are used: all but the model, how it learns,
        and the operation. Plans with equal values can be trained together."""
        task = asdict(self.task)
        del task["operation"]
        return task | {name: getattr(self, name) for name in _OF_BATCHES}

    @property
    def end(self) -> int:
        """Number of updates, N + 1."""
        return self.iterations + 1

    @cached_property
    def log_steps(self) -> np.ndarray:
        """The iterations that the history has a row for."""
        return np.arange(0, self.end, self.log_every)

    @property
    def model_name(self) -> str:
        """Name of the model, for labels."""
        return getattr(self.model, "__name__", "custom") if callable(self.model) else self.model

    @property
    def recipe(self) -> Recipe | None:
        """How a later unit is trained; None for the papers' models, and for one that is given as a function."""
        return None if callable(self.model) else MODELS[self.model].recipe

    def identity(self) -> dict:
        """All settings as plain values: what two trainings must share to be the same."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return plain | {"model": self.model_name, "task": asdict(self.task),
                        "seeds": list(self.seeds)}


_AT_LEAST = {"iterations": 1, "hidden_size": 1, "batch_size": 1, "log_every": 1}
_OF_BATCHES = ("seeds", "iterations", "stream", "batch_size", "log_every", "dtype", "device")
