r"""The loop for later units: all seeds and all ranges of one model side by side, in one compiled tensor program.

An update is that of `nalu.training.reference`, with what the `nalu.registry.Recipe` of the model adds to it: an L1 norm of the parameters
that grows, limits of the gradient, a regulariser that waits for a small validation error, noise, and restarts. Units are trained with their
training formula and evaluated with the other one.

The code says an update of one lane, a plan and a seed. `torch.func.vmap` makes it one of all lanes, and `torch.compile` one of few passes
over them: for the NPU and 225 lanes, plain PyTorch took 5 ms of a core for an update, and this 0.7 ms, beside 0.4 for the batches. Without a C++ compiler the same function runs as it is.
Numbers are those of a lane alone up to rounding, not to the last bit: a program for other sizes may add in another order.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from nalu.models import build
from nalu.registry import Recipe
from nalu.support.check import Refusal
from nalu.training.history import RUNNING, History
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2, Plan
from nalu.training.ranges import Batches
from nalu.training.reference import Projected
from nalu.training.restarts import Restarts

Parameters = dict[str, Tensor]


class Loss(nn.Module):
    """What a recipe minimises, as a function of the parameters of one lane."""

    def __init__(self, model: nn.Module, noise: bool) -> None:
        super().__init__()
        self.model, self.noise = model, noise

    def forward(self, x: Tensor, y: Tensor, u: Tensor, scale: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of a batch `[B, I]`, `[B, 1]` with noise `[B, I]`, and its first term."""
        z = self.model(x, u) if self.noise else self.model(x)
        mse = (z - y).square().mean()
        l1 = torch.stack([p.abs().sum() for p in self.parameters()]).sum()
        return mse + scale * self.model.penalty() + beta * l1, mse


class Measured(nn.Module):
    """What is logged of one lane, with the formula of the evaluation."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, valid: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], batch: Tensor) -> Tensor:
        model = self.model
        errors = [(model(x) - y).square().mean() for x, y in (valid, test)]
        weights = torch.cat([W.flatten() for W in model.weights()]).abs()
        return torch.stack([*errors, model.penalty(), torch.minimum(weights, (1.0 - weights).abs()).max(), model.gate(batch).mean()])


class Stacked:
    """Engine of the models that have a recipe: trains plans that differ in nothing but their ranges.

    ``iteration`` is the next iteration; `advance` runs up to a later one.
    """

    name = "stacked"

    def __init__(self, *plans: Plan) -> None:
        if problem := next(filter(None, map(obstacle, plans)), None):
            raise Refusal(f"engine 'stacked' cannot run this: {problem}")
        self.plans, self.iteration, plan = plans, 0, plans[0]
        self.recipe = cast(Recipe, plan.recipe)  # what `obstacle` has examined
        self.histories = [History(one) for one in plans]
        self.generators = [Generator().manual_seed(seed) for _ in plans for seed in plan.seeds]
        models = [build(plan.model, plan.task.input_size, plan.hidden_size, generator=g) for g in self.generators]
        stacked, _ = stack_module_state(models)
        self.W: Parameters = {k: W.detach() for k, W in stacked.items()}
        self.m, self.v = ({k: torch.zeros_like(W) for k, W in self.W.items()} for _ in range(2))
        self.running = torch.ones(len(models), dtype=torch.bool)
        self.restarts = Restarts(len(models), plan.end, plan.log_every)
        self.data = Batches(plans, self.generators[: len(plan.seeds)] if self.recipe.noise else [])
        self.single, skeleton = models[0].eval(), build(plan.model, plan.task.input_size, plan.hidden_size).to("meta")
        evaluated = build(plan.model, plan.task.input_size, plan.hidden_size).to("meta").eval()
        fixed = [self._fixed(one.task.validation_inputs(), one.task.test_inputs(), one) for one in plans]
        self._inputs = [torch.stack(arrays) for arrays in zip(*fixed, strict=True)]
        torch.compiler.reset()
        self._update = _fast(self._updating(Loss(skeleton, self.recipe.noise), Projected(skeleton)))
        self._measure = _fast(self._measuring(Measured(evaluated)))
        self._batch = self.data.inputs

    def _fixed(self, valid: np.ndarray, test: np.ndarray, plan: Plan) -> list[Tensor]:
        """Inputs `[N, I]` and targets `[S, N, 1]` of both sets, rounded as the batches are."""
        pairs = [(x, np.stack([plan.task.target(x, seed) for seed in plan.seeds])) for x in (valid, test)]
        return [torch.from_numpy(array.astype(np.float32)) for pair in pairs for array in pair]

    def _updating(self, loss: Loss, projected: Projected):
        """The function of one update of all lanes."""
        recipe = self.recipe
        gradient = vmap(grad(lambda W, *given: functional_call(loss, _inside(W), given), has_aux=True), in_dims=(0, 0, 0, 0, 0, None))
        project = vmap(lambda W: functional_call(projected, _inside(W), ()))

        def update(W: Parameters, m: Parameters, v: Parameters, running: Tensor, x: Tensor, y: Tensor, u: Tensor, scale: Tensor, of: Tensor):
            beta, rate, root = of
            g, mse = gradient(W, x, y, u, scale, beta)
            g = {k: one.clamp(-recipe.clip_value, recipe.clip_value) for k, one in _limited(g, recipe.clip_norm).items()}
            running = running & ~mse.isnan()
            m = {k: m[k].lerp(g[k], 1.0 - BETA1) for k in W}
            v = {k: v[k] * BETA2 + (1.0 - BETA2) * g[k] * g[k] for k in W}
            after = project({k: W[k] - rate * m[k] / (v[k].sqrt() / root + ADAM_EPSILON) for k in W})
            kept = {k: torch.where(running.view(-1, *[1] * (W[k].dim() - 1)), after[f"model.{k}"], W[k]) for k in W}
            return kept, m, v, running, mse

        return update

    def _measuring(self, measured: Measured):
        """The function of what is logged: seeds inside of plans, whose inputs they share."""
        def one(W: Parameters, x_valid, y_valid, x_test, y_test, batch):
            return functional_call(measured, _inside(W), ((x_valid, y_valid), (x_test, y_test), batch))

        seeds = vmap(one, in_dims=(0, None, 0, None, 0, 0))
        return vmap(seeds)

    def advance(self, stop: int) -> None:
        """Run the iterations from `self.iteration` up to, not including, `stop`."""
        with torch.no_grad():
            for t in range(self.iteration, stop):
                self._iterate(t)
                self.iteration = t + 1

    def _iterate(self, t: int) -> None:
        plan, recipe = self.plans[0], self.recipe
        x, y, u = self._batch(*self.data.at(t))
        logged = t % plan.log_every == 0
        if logged:
            self._log(t, x)
        scale = torch.full((len(self.running),), plan.scale(t))
        if recipe.penalty_below < math.inf:
            scale *= torch.from_numpy(self.restarts.errors[:, t // plan.log_every] < recipe.penalty_below)
        of = torch.tensor([recipe.l1_at(plan.task.operation, t), plan.learning_rate / (1.0 - BETA1 ** (t + 1)),
                           math.sqrt(1.0 - BETA2 ** (t + 1))])
        self.W, self.m, self.v, running, mse = self._update(self.W, self.m, self.v, self.running, x, y, u, scale, of)
        if not torch.equal(running, self.running):
            stopped = (self.running & ~running).view(len(self.plans), -1).numpy()
            for history, lanes in zip(self.histories, stopped, strict=True):
                history.stopped_at[lanes] = t
            self.running = running
        if logged:
            for history, values in zip(self.histories, mse.view(len(self.plans), -1).numpy(), strict=True):
                history.values[:, t // plan.log_every, 0] = values
        if recipe.restart:
            self._restart(self.restarts.due(t))

    def _restart(self, lanes: np.ndarray) -> None:
        for lane in lanes:
            self.single.reset_parameters(self.generators[lane])
            for k, value in self.single.state_dict().items():
                self.W[k][lane] = value

    def _log(self, t: int, x: Tensor) -> None:
        shape = len(self.plans), len(self.plans[0].seeds)
        W = {k: value.view(*shape, *value.shape[1:]) for k, value in self.W.items()}
        values = self._measure(W, *self._inputs, x.reshape(*shape, *x.shape[1:])).double().numpy()
        for history, found in zip(self.histories, values, strict=True):
            alive = history.stopped_at == RUNNING
            history.values[alive, t // self.plans[0].log_every, 1:] = found[alive]
        self.restarts.errors[:, t // self.plans[0].log_every] = values[..., 0].reshape(-1)

    def model(self, k: int, j: int = 0) -> nn.Module:
        """The network of the k-th seed of the j-th plan; the same module is filled anew at each call."""
        lane = j * len(self.plans[0].seeds) + k
        self.single.load_state_dict({name: W[lane] for name, W in self.W.items()})
        return self.single

    def state(self) -> dict[str, np.ndarray]:
        """All that the following iterations depend on, as arrays."""
        arrays = {f"{group}/{k}": W.numpy() for group, of in {"W": self.W, "m": self.m, "v": self.v}.items() for k, W in of.items()}
        arrays |= {f"history {p}/{k}": value for p, history in enumerate(self.histories) for k, value in history.state(self.iteration).items()}
        arrays |= {f"batches/{k}": value for k, value in self.data.state().items()}
        generators = np.stack([generator.get_state().numpy() for generator in self.generators])
        return arrays | {"running": self.running.numpy(), "generators": generators, "begun": self.restarts.begun, "errors": self.restarts.errors}

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""
        for group, of in {"W": self.W, "m": self.m, "v": self.v}.items():
            of.update({k: torch.from_numpy(state[f"{group}/{k}"].copy()) for k in of})
        for generator, bits in zip(self.generators, state["generators"], strict=True):
            generator.set_state(torch.from_numpy(bits.copy()))
        for p, history in enumerate(self.histories):
            history.restore(_of(state, f"history {p}"))
        self.data.restore(_of(state, "batches"))
        self.running = torch.from_numpy(state["running"].copy())
        self.restarts.begun, self.restarts.errors = state["begun"].copy(), state["errors"].copy()
        self.iteration = iteration


def obstacle(plan: Plan) -> str | None:
    """Why a plan cannot be trained here; None if it can."""
    if plan.recipe is None:
        return f"{plan.model_name} has no recipe"
    if (plan.optimizer, plan.device, plan.dtype) != ("adam", "cpu", "float32"):
        return "it trains with Adam, on the CPU and in single precision"
    return "a unit with noise is trained by itself, with hidden_size=None" if plan.recipe.noise and plan.hidden_size else None


def alike(plan: Plan) -> dict:
    """What plans share that are stacked: all but the ranges."""
    identity = plan.identity()
    return identity | {"task": {k: v for k, v in identity["task"].items() if not k.endswith("_range")}}


def _inside(W: Parameters) -> Parameters:
    return {f"model.{k}": value for k, value in W.items()}


def _limited(g: Parameters, largest: float) -> Parameters:
    """The gradient `[L, ...]`, made shorter where its norm in a lane is larger."""
    if largest == math.inf:
        return g
    norm = torch.stack([one.flatten(1).square().sum(1) for one in g.values()]).sum(0).sqrt()
    share = (largest / (norm + 1e-6)).clamp_max(1.0)
    return {k: one * share.view(-1, *[1] * (one.dim() - 1)) for k, one in g.items()}


def _of(state: dict[str, np.ndarray], group: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(f"{group}/"): value for k, value in state.items() if k.startswith(f"{group}/")}


def _fast(function):
    """The function, compiled if there is a C++ compiler."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return function
    return torch.compile(function, fullgraph=True, dynamic=False)
