r"""The training loop of sequential MNIST, all seeds of a condition.

One update of one seed is

1. a batch of sequences; all their pictures go through the convolutional network at once,
2. the loss $\mathrm{MSE} + \lambda(t)\,\mathcal R_{sparse} + \lambda_z\,\mathcal R_z$ and its gradient,
3. one step of Adam, and the projection of the unit's weights into their range.

On a CPU the seeds take turns, with compiled convolutions; on a GPU they are stacked, and one
call computes the gradients of all. A seed that becomes NaN is left
as it is and touches nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.experiments.sequential_models import RECURRENT
from nalu.sequential.training import features, z
from nalu.sequential.training.data import Data
from nalu.sequential.training.history import RUNNING, History
from nalu.sequential.training.measure import measure
from nalu.sequential.training.networks import Network, build
from nalu.sequential.training.warm import warm
from nalu.training.adam import adam


class Objective(nn.Module):
    """The loss of a network as a function of its parameters."""

    def __init__(self, network: Network, condition: SequenceCondition) -> None:
        super().__init__()
        self.network, self.condition = network, condition

    def forward(self, x: Tensor, y: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """Loss of a batch `[B, L, 1, 28, 28]`, `[B, L]`, and its first term."""
        outputs, numbers, inputs = self.network(x)
        mse = (outputs - y).square().mean()
        loss = mse + scale * self.network.penalty()
        if self.condition.lambda_z:
            neutral = RECURRENT[self.condition.model].neutral
            loss = loss + self.condition.lambda_z * z.penalty(
                self.network, neutral, self.condition.z_over, inputs, numbers)
        return loss, mse


@dataclass(frozen=True)
class Plan:
    """What is trained; ``end`` is the number of updates."""

    condition: SequenceCondition
    seeds: tuple[int, ...]
    end: int

    def identity(self) -> dict:
        """What two trainings must share to be the same."""
        return self.condition.settings() | {"test_lengths": self.condition.task.test_lengths, "seeds": self.seeds}


class Loop:
    """Trains the seeds of a condition, an engine as `nalu.training.engines.Engine` says.

    Parameters
    ----------
    condition : SequenceCondition
    seeds : tuple of int
    device : str
        A device of PyTorch.
    stacked : bool, optional
        Whether one call computes the gradients of all seeds; by default on a GPU only.
    compiled : bool, optional
        Whether the convolutions are the compiled ones; by default on a CPU, unless stacked.
    """

    name = "sequential"

    def __init__(self, condition: SequenceCondition, seeds: tuple[int, ...], device: str = "cpu",
                 stacked: bool | None = None, compiled: bool | None = None) -> None:
        self.condition, self.seeds = condition, seeds
        on_cpu = torch.device(device).type == "cpu"
        self.stacked = not on_cpu if stacked is None else stacked
        self.data = Data(condition, seeds, device)
        self.plan = Plan(condition, seeds, condition.epochs * self.data.updates)
        self.plans, self.iteration = (self.plan,), 0
        self.history = History(condition, seeds, self.data.updates)
        self.histories = [self.history]
        networks = [build(condition, seed) for seed in seeds]
        self.network = networks[0].to(device)
        stacked_up = stack_module_state(networks)[0]
        self.parameters = {name: _laid_out(p.detach(), self.stacked).to(device) for name, p in stacked_up.items()}
        self.m, self.v = ({k: torch.zeros_like(p) for k, p in self.parameters.items()} for _ in range(2))
        self.network.cnn.compiled = (on_cpu and not self.stacked) if compiled is None else compiled
        if self.network.cnn.compiled:
            warm()
        self.adam = features.adam if self.network.cnn.compiled else adam
        self.objective = Objective(self.network, condition)

    def advance(self, stop: int) -> None:
        """Make the updates up to, not including, `stop`; measure on the way, and at the end."""
        while self.iteration < stop:
            self._measure()
            scale = self.condition.scale(self.iteration)
            if self.stacked:
                self._all(scale)
            else:
                for k in self._running():
                    self._one(k, scale)
            self.iteration += 1
        if self.iteration == self.plan.end:
            self._measure()

    def _one(self, k: int, scale: float) -> None:
        """Update one seed."""
        mine = {name: p[k] for name, p in self.parameters.items()}
        x, y = self.data.batch(k, self.iteration)
        leaves = {name: p.detach().requires_grad_() for name, p in _named(mine).items()}
        loss, mse = self._loss(leaves, x, y, scale)
        if mse.isnan():
            self.history.stopped_at[k] = self.iteration
            return
        found = torch.autograd.grad(loss, [*leaves.values()], allow_unused=True, materialize_grads=True)
        self._step(mine, dict(zip(leaves, found, strict=True)), k)
        self._project(k)

    def _all(self, scale: float) -> None:
        """Update all seeds; one that is NaN stays so, in its own slice."""
        batches = [self.data.batch(k, self.iteration) for k in range(len(self.seeds))]
        x, y = (torch.stack(parts) for parts in zip(*batches, strict=True))
        gradients = vmap(grad(self._loss, has_aux=True), in_dims=(0, 0, 0, None))
        gradient, mse = gradients(_named(self.parameters), x, y, scale)
        stopped = self.history.stopped_at
        stopped[mse.isnan().cpu().numpy() & (stopped == RUNNING)] = self.iteration
        self._step(self.parameters, gradient, slice(None))
        for k in self._running():
            self._project(k)

    def _loss(self, parameters: dict[str, Tensor], x: Tensor, y: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        return functional_call(self.objective, parameters, (x, y, scale))

    def _step(self, parameters: dict[str, Tensor], gradient: dict[str, Tensor], k: int | slice) -> None:
        """One step of Adam."""
        t = self.iteration + 1
        for name, W in parameters.items():
            self.adam(W, self.m[name][k], self.v[name][k], gradient[f"network.{name}"], t,
                      self.condition.learning_rate)

    def _project(self, k: int) -> None:
        """Put the unit's weights of a seed back into their range."""
        small = {name: p[k] for name, p in self.parameters.items() if name.startswith("cell.")}
        own = dict(self.network.named_parameters())
        with torch.no_grad():
            for name, p in small.items():
                own[name].copy_(p)
            self.network.project_()
            for name, p in small.items():
                p.copy_(own[name])

    def _measure(self) -> None:
        """Measure the seeds that run, if that is due before this update."""
        if self.iteration in self.history.steps:
            for k in self._running():
                self.history.record(k, self.iteration, measure(self.model(k), self.data))

    def _running(self) -> list[int]:
        return np.flatnonzero(self.history.stopped_at == RUNNING).tolist()

    def model(self, k: int, j: int = 0) -> Network:
        """The network of the k-th seed; the same module is filled anew at each call."""
        self.network.load_state_dict({name: p[k] for name, p in self.parameters.items()})
        return self.network

    def state(self) -> dict[str, np.ndarray]:
        """All that the following updates depend on, as arrays."""
        groups = {"W": self.parameters, "m": self.m, "v": self.v}
        arrays = {f"{group}/{name}": p.cpu().numpy() for group, ps in groups.items() for name, p in ps.items()}
        return arrays | self.history.state()

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration`, where `state` was taken."""
        for group, tensors in {"W": self.parameters, "m": self.m, "v": self.v}.items():
            for name, p in tensors.items():
                p.copy_(torch.from_numpy(state[f"{group}/{name}"]))
        self.history.restore(state)
        self.iteration = iteration


def _named(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of a network as those of its objective."""
    return {f"network.{name}": p for name, p in parameters.items()}


def _laid_out(p: Tensor, channels_last: bool) -> Tensor:
    """A copy of `p`; stacked kernels `[S, out, in, 5, 5]` as a GPU likes them if `channels_last`."""
    if p.dim() != 5 or not channels_last:
        return p.clone(memory_format=torch.contiguous_format)
    seeds, out, into, high, wide = p.shape
    return torch.empty(seeds, out, high, wide, into).permute(0, 1, 4, 2, 3).copy_(p)
