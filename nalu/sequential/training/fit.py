"""Train seeds of a condition of sequential MNIST: who runs the loop, and the loop run to its end."""

from collections.abc import Iterable

from nalu.experiments import SequenceCondition
from nalu.sequential.training.loop import Loop
from nalu.support import check
from nalu.tasks.digits import load
from nalu.training import devices
from nalu.training.driver import Fit, run

ENGINES = ("auto", "reference")
"""Compiled convolutions where there are any, or those of PyTorch."""


def examine(condition: SequenceCondition, engine: str = "auto", device: str = "cpu") -> None:
    """Refuse what cannot be trained here, before anything is written.

    Raises
    ------
    ValueError
        If there is no such engine for this task or no such device, or a file of MNIST is not right.
    FileNotFoundError
        If MNIST is needed and not there.
    """
    check.one_of(engine, ENGINES, "engine for sequential MNIST")
    devices.examine(device)
    load(condition.data)


def engine(name: str, condition: SequenceCondition, seeds: Iterable[int], device: str = "cpu") -> Loop:
    """The loop, ready to train the seeds of a condition; arguments and errors are those of `examine`."""
    examine(condition, name, device)
    return Loop(condition, tuple(seeds), device, compiled=None if name == "auto" else False)


def fit(condition: SequenceCondition, seeds: Iterable[int], device: str = "cpu", **options) -> Fit:
    """Train seeds of a condition; return their history and the networks by seed.

    ``options`` are those of `nalu.training.driver.run`: ``checkpoint_file``, ``checkpoint_seconds``,
    ``progress`` and the like.
    """
    return run(engine("auto", condition, seeds, device), **options)[0]
