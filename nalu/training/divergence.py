r"""Two trainings that differ in the last bit of one weight -> how far apart they are, how fast they part.

With $\theta_t$ all parameters of a network after $t$ updates, and $\theta'_t$ those of a second one that
sees the same batches,

$$
d_t = \lVert \theta_t - \theta'_t \rVert_2, \qquad
\lambda = \frac{1000}{T}\, \ln \frac{d_T}{d_0} .
$$

$\lambda$ is the finite-time Lyapunov exponent per 1000 updates: while small, a difference grows by the factor
$e^\lambda$ in so many, or shrinks if $\lambda < 0$. It cannot grow for ever, as the networks then are as
different as two seeds; $T$ is therefore the first update at which $d_t$ has reached a *ceiling*, or
the last one if it never does.

For a quadratic loss of curvature $h$ and gradient descent with the learning rate $\eta$, every update
multiplies $d_t$ by $|1 - \eta h|$, so that $\lambda = 1000 \ln |1 - \eta h|$ whatever $T$.

Computing in double precision from weights that are drawn in single leaves room on both
sides of $d_0$: about eight digits down to the rounding of the updates, seven up to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Generator, nn

from nalu.models import build
from nalu.support import check
from nalu.support.check import Refusal
from nalu.training import Plan
from nalu.training.engines import engine


def nudged(plan: Plan) -> Plan:
    """Return a plan whose first parameter starts at the next larger float32 in its first entry.

    Everything else, schedule and batches included, is the same.
    """
    def neighbour(generator: Generator) -> nn.Module:
        if callable(plan.model):
            model = plan.model(generator)
        else:
            model = build(plan.model, plan.task.input_size, plan.hidden_size, generator=generator)
        first = next(model.parameters()).data.view(-1)[:1]
        first.copy_(torch.nextafter(first, torch.full_like(first, math.inf)))
        return model

    return replace(plan, model=neighbour)


def distances(one: Plan, other: Plan, stops: Sequence[int]) -> np.ndarray:
    """Return $d_t$ of each seed after the given numbers of updates, ``[T, S]``.

    Parameters
    ----------
    one, other
        Trainings of the same seeds with parameters of the same shapes.
    stops
        Numbers of updates, increasing; 0 are the initial weights.

    Raises
    ------
    ValueError
        If the seeds differ, or the stops do not increase or exceed a training.
    """
    if one.seeds != other.seeds:
        raise Refusal(f"the seeds differ: {one.seeds} and {other.seeds}")
    stops = [check.integer(stop, "stop", at_least=0) for stop in stops]
    if stops != sorted(set(stops)):
        raise Refusal(f"stops must increase, got {stops}")
    if stops and stops[-1] > min(one.end, other.end):
        raise Refusal(f"stop {stops[-1]} is after the last update, {min(one.end, other.end)}")
    pair, found = [engine("auto", plan) for plan in (one, other)], []
    for stop in stops:
        for machine in pair:
            machine.advance(stop)
        theta = [[_flat(machine.model(k)) for k in range(len(one.seeds))] for machine in pair]
        found.append(np.linalg.norm(np.subtract(*theta), axis=1))
    return np.array(found).reshape(len(stops), len(one.seeds))


def parted_at(steps: Sequence[int], distance: Sequence[float], ceiling: float) -> float:
    """Return the first of some updates at which the distance has reached a ceiling; NaN if none."""
    above = np.flatnonzero(np.asarray(distance) >= ceiling)
    return float(steps[above[0]]) if len(above) else math.nan


def exponent(steps: Sequence[int], distance: Sequence[float], ceiling: float = math.inf) -> float:
    """Return the finite-time Lyapunov exponent of one seed, per 1000 updates.

    It is minus infinity if the last distance is exactly 0.

    Parameters
    ----------
    steps
        Numbers of updates, increasing.
    distance
        $d_t$ there.
    ceiling
        Distance that no longer counts as small.

    Raises
    ------
    ValueError
        If there are fewer than two steps, or the first distance is not between 0 and the ceiling.
    """
    if len(steps) < 2:
        raise Refusal(f"two steps are needed at least, got {len(steps)}")
    if not 0 < distance[0] < ceiling:
        raise Refusal(f"the first distance must be between 0 and {ceiling:g}, got {distance[0]:g}")
    parted = parted_at(steps, distance, ceiling)
    last = len(steps) - 1 if math.isnan(parted) else [*steps].index(parted)
    if distance[last] == 0:
        return -math.inf
    return float(1000 / (steps[last] - steps[0]) * math.log(distance[last] / distance[0]))


def _flat(model: nn.Module) -> np.ndarray:
    """All parameters in one vector of float64."""
    return torch.cat([p.detach().flatten() for p in model.parameters()]).double().numpy()
