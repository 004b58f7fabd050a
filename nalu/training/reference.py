r"""The training loop, plainly: one model, all seeds side by side.

One iteration $t$ of one seed is

1. a batch $x, y$ of 128 fresh samples,
2. the loss $\mathrm{MSE}(\hat y, y) + \lambda(t)\,\mathcal R_{sparse}$ and its gradient,
3. at every 1000th iteration: the errors on the fixed validation and test set,
4. one step of Adam, and the projection of the weights into their range.

The code says this for one seed; `torch.func.vmap` runs it for all of them. A seed whose
loss becomes NaN is left as it is and touches nobody else.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from nalu.support.check import Refusal
from nalu.training.adam import adam
from nalu.training.history import RUNNING, History
from nalu.training.plan import Plan
from nalu.training.streams import training_data

LANES = 32
"""Seeds are stacked in multiples of this many, repeating the first seed. Vectorised CPU
code treats the last few elements of an array apart, and rounds some functions differently
there; with full vectors a seed's numbers do not depend on which seeds run beside it."""


class Objective(nn.Module):
    """What training needs of a model, as functions of its parameters."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, y: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """Loss of a batch `[B, n]`, `[B, 1]`, and its first term."""
        mse = (self.model(x) - y).square().mean()
        return mse + scale * self.model.penalty(), mse


class Projected(Objective):
    """The parameters after their projection."""

    def forward(self) -> dict[str, Tensor]:
        self.model.project_()
        return dict(self.named_parameters())


class Reference:
    """Reference engine: trains the seeds of a plan in plain PyTorch.

    ``iteration`` is the next iteration; `advance` runs up to a later one.
    """

    name = "reference"

    def __init__(self, plan: Plan) -> None:
        self.plan, self.plans, self.iteration = plan, (plan,), 0
        self.history = History(plan)
        self.histories = [self.history]
        self.kind = {"device": plan.device, "dtype": getattr(torch, plan.dtype)}
        spare = -len(plan.seeds) % LANES
        self.lanes = plan.seeds + plan.seeds[:1] * spare
        self.data = training_data(plan.stream, plan.task, plan.seeds, plan.batch_size)

        models = [Objective(plan.build(seed)) for seed in self.lanes]
        stacked, buffers = stack_module_state(models)
        if buffers:
            names = ", ".join(name.removeprefix("model.") for name in buffers)
            raise Refusal(f"the model has buffers, {names}; only parameters can be trained")
        self.parameters = {k: v.detach().to(**self.kind) for k, v in stacked.items()}
        zeros = {k: torch.zeros_like(v) for k, v in self.parameters.items()}
        self.m, self.v = zeros, {k: v.clone() for k, v in zeros.items()}
        skeleton = models[0].model.to("meta")
        objective, projected = Objective(skeleton), Projected(skeleton)
        self.single = models[0].model.to_empty(device=plan.device).to(self.kind["dtype"])
        self.gradient = vmap(
            grad(lambda p, x, y, s: functional_call(objective, p, (x, y, s)), has_aux=True),
            in_dims=(0, 0, 0, None),
        )
        self.project = vmap(lambda p: functional_call(projected, p, ()))
        self.evaluation = [
            (self._tensor(x), self._tensor(np.stack([plan.task.target(x, s) for s in plan.seeds])))
            for x in (plan.task.validation_inputs(), plan.task.test_inputs())
        ]

    def _tensor(self, array: np.ndarray) -> Tensor:
        """Data are rounded to float32, as the authors', whatever the precision."""
        return torch.from_numpy(array.astype(np.float32)).to(**self.kind)

    def advance(self, stop: int) -> None:
        """Run the iterations from `self.iteration` up to, not including, `stop`."""
        with _one_thread():
            for t in range(self.iteration, stop):
                self._iterate(t)
        self.iteration = stop

    def _iterate(self, t: int) -> None:
        x, y = (self._tensor(a) for a in self.data.batch(t))  # [S, B, n], [S, B, 1]
        lane = torch.arange(len(self.lanes)).where(torch.arange(len(self.lanes)) < len(x), 0)
        gradient, mse = self.gradient(self.parameters, x[lane], y[lane], self.plan.scale(t))
        self._stop_nan(t, mse)
        if t % self.plan.log_every == 0:
            self._log(t, x, mse)
        updated = self.project(self._step(gradient, t))
        running = self._running(mse.device)
        for k, old in self.parameters.items():
            alive = running.view(-1, *[1] * (old.dim() - 1))
            self.parameters[k] = torch.where(alive, updated[k], old)

    def _step(self, gradient: dict[str, Tensor], t: int) -> dict[str, Tensor]:
        """Parameters after one step of the optimiser, in PyTorch's order of operations."""
        plan, after = self.plan, {}
        for k, W in self.parameters.items():
            g, m, v = gradient[k], self.m[k], self.v[k]
            if plan.optimizer == "sgd":
                m.mul_(plan.momentum).add_(g)
                after[k] = W - plan.learning_rate * m
                continue
            after[k] = W.clone()
            adam(after[k], m, v, g, t + 1, plan.learning_rate)
        return after

    def _stop_nan(self, t: int, mse: Tensor) -> None:
        stopped = self.history.stopped_at
        nan = mse[: len(stopped)].isnan().cpu().numpy()
        stopped[nan & (stopped == RUNNING)] = t

    def _running(self, device: torch.device) -> Tensor:
        stopped = torch.from_numpy(self.history.stopped_at).to(device)
        spare = stopped[:1].expand(len(self.lanes) - len(stopped))
        return torch.cat([stopped, spare]) == RUNNING

    @torch.no_grad()
    def _log(self, t: int, x: Tensor, mse: Tensor) -> None:
        """One seed after the other: a seed's errors then cannot depend on its company."""
        (x_valid, y_valid), (x_test, y_test) = self.evaluation
        for k in np.flatnonzero(self.history.stopped_at == RUNNING):
            model = self.model(int(k))
            weights = torch.cat([W.flatten() for W in model.weights()]).abs()
            self.history.values[k, t // self.plan.log_every] = [float(value) for value in (
                mse[k],
                (model(x_valid) - y_valid[k]).square().mean(),
                (model(x_test) - y_test[k]).square().mean(),
                model.penalty(),
                torch.minimum(weights, (1.0 - weights).abs()).max(),
                model.gate(x[k]).mean(),
            )]

    def model(self, k: int, j: int = 0) -> nn.Module:
        """The network of the k-th seed; the same module is filled anew at each call."""
        state = {key.removeprefix("model."): v[k] for key, v in self.parameters.items()}
        self.single.load_state_dict(state)
        return self.single

    def state(self) -> dict[str, np.ndarray]:
        """All that the following iterations depend on, as arrays."""
        groups = {"W": self.parameters, "m": self.m, "v": self.v}
        arrays = {
            f"{group}/{k}": v[: len(self.plan.seeds)].cpu().numpy()
            for group, tensors in groups.items() for k, v in tensors.items()
        }
        return arrays | self.history.state(self.iteration) | self.data.state()

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""
        lane = [k if k < len(self.plan.seeds) else 0 for k in range(len(self.lanes))]
        for group, tensors in {"W": self.parameters, "m": self.m, "v": self.v}.items():
            for k in tensors:
                tensors[k] = torch.from_numpy(state[f"{group}/{k}"])[lane].to(**self.kind)
        self.history.restore(state)
        self.data.restore(state)
        self.iteration = iteration


@contextmanager
def _one_thread():
    """Threads would split arrays inside a vector, see `LANES`; use shards of seeds instead."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
