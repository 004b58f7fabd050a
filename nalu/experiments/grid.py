"""Many conditions in a line or two: models × whatever varies."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from itertools import product
from types import MappingProxyType

from nalu.experiments.conditions import RANGES, Condition, number
from nalu.support import check
from nalu.tasks import Arithmetic

_PAPERS = Arithmetic()
_OF_TASK = {f.name for f in fields(Arithmetic)}
_OF_CONDITION = {f.name for f in fields(Condition)} - {"model", "task", "id"}


def grid(
    models: Iterable[str],
    axes: Mapping[str | tuple[str, ...], Iterable] = MappingProxyType({}),
    task: Arithmetic = _PAPERS,
    **fixed,
) -> tuple[Condition, ...]:
    """One condition for each model and each combination of values.

    Parameters
    ----------
    models
        Names of the registry.
    axes
        What varies: the name of a setting, of the condition or of its task, and its
        values; or several names and tuples of values, which then vary together. The ids
        tell these settings.
    task
        What is learned where nothing else is said; by default the papers' task.
    fixed
        Settings that all conditions share.

    Raises
    ------
    ValueError
        If a setting is unknown or has a wrong value.
    """
    axes = {(names,) if isinstance(names, str) else names: tuple(values)
            for names, values in axes.items()}
    conditions = []
    for model, *point in product(models, *axes.values()):
        varied: dict = {}
        for names, value in zip(axes, point, strict=True):
            varied |= zip(names, (value,) if len(names) == 1 else value, strict=True)
        conditions.append(_condition(model, varied, task, fixed))
    return tuple(conditions)


def _condition(model: str, varied: dict, task: Arithmetic, fixed: dict) -> Condition:
    settings = fixed | varied
    for name in settings:
        check.one_of(name, sorted(_OF_TASK | _OF_CONDITION), "setting")
    task = replace(task, **{k: v for k, v in settings.items() if k in _OF_TASK})
    own = {k: v for k, v in settings.items() if k in _OF_CONDITION}
    return Condition(model, task, id="-".join([model, *map(_label, varied, varied.values())]), **own)


def _label(name: str, value) -> str:
    """A setting as part of an id: ``mul``, ``hidden_size=3``, ``train_range=-2..2``."""
    if name in RANGES:
        return f"{name}=" + "_".join(f"{number(low)}..{number(high)}" for low, high in value)
    if isinstance(value, str):
        return value
    return f"{name}={number(value) if isinstance(value, float) else value}"
