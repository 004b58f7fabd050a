"""The fused engine: prepares the arrays of the loop, and hands them back."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nalu import units
from nalu.models import TwoLayer
from nalu.tasks import OPERATIONS
from nalu.training.fused import cache
from nalu.training.fused.kernels import KERNELS
from nalu.training.history import RUNNING, History
from nalu.training.plan import Plan

with cache.kept():
    from nalu.training.fused import loop

CHUNK = 80  # samples that are evaluated together: inputs of size 100 fill 32 kB
CODES = {name: code for code, name in enumerate(KERNELS)}


def obstacle(plan: Plan) -> str | None:
    """Why the loop cannot run a plan, in a few words; None if it can."""
    if plan.device != "cpu":
        return f"it runs on the CPU, not on {plan.device!r}"
    model = plan.build(plan.seeds[0])
    if type(model) is not TwoLayer:
        return f"{plan.model_name} is no nalu.models.TwoLayer"
    for unit in (model.first, model.second):
        if type(unit) is not getattr(units, type(unit).__name__, None) or \
                type(unit).__name__ not in KERNELS:
            return f"unit {type(unit).__name__} has no kernel"
    return None


class Fused:
    """Trains the seeds of a plan in one compiled loop, several seeds at a time.

    ``iteration`` is the next iteration; `advance` runs up to a later one.
    """

    name = "fused"

    def __init__(self, plan: Plan) -> None:
        self.plan, self.iteration, self.history = plan, 0, History(plan)
        model = plan.build(plan.seeds[0])
        self.parts = [model.first, model.second]
        self.rows = [KERNELS[type(part).__name__] for part in self.parts]
        kind = np.dtype(plan.dtype)
        start = np.stack([self._pack(plan.build(seed)) for seed in plan.seeds]).astype(kind)
        self.settings = self._settings()
        self.lanes = self._lanes(start, kind)

    def _names(self) -> list[str]:
        """Names of all parameters in the order of the loop."""
        return [f"{part}.{name}" for part, row in zip(("first", "second"), self.rows, strict=True)
                for name in row.parameters]

    def _pack(self, model: nn.Module) -> np.ndarray:
        state = model.state_dict()
        return torch.cat([state[name].flatten() for name in self._names()]).numpy()

    def _settings(self) -> loop.Plan:
        plan, (one, two) = self.plan, self.rows
        I, H = plan.task.input_size, self.parts[0].out_features
        B = max(plan.batch_size, CHUNK)
        size = lambda row, I, O: row.matrices * O * I + row.vectors * O  # noqa: E731
        return loop.Plan(
            first=CODES[type(self.parts[0]).__name__],
            second=CODES[type(self.parts[1]).__name__],
            operation=list(OPERATIONS).index(plan.task.operation), hidden_size=H,
            batch_size=plan.batch_size, log_every=plan.log_every,
            adam=plan.optimizer == "adam", learning_rate=plan.learning_rate,
            momentum=plan.momentum, lambda_sparse=plan.lambda_sparse,
            lambda_start=plan.lambda_start, lambda_end=plan.lambda_end,
            authors=plan.stream == "authors",
            split=sum(p.numel() for p in self.parts[0].parameters()),
            weights1=size(one, I, H), weights2=size(two, H, 1),
            sparse1=one.sparse * H * I, sparse2=two.sparse * H,
            scratch1=one.scratch(I, H, B), scratch2=two.scratch(H, 1, B), gated=two.gated,
        )

    def _lanes(self, start: np.ndarray, kind: np.dtype) -> loop.Lanes:
        plan, task = self.plan, self.plan.task
        low, high = np.array(task.train_range).T.copy()  # of one layout, for one compiled loop
        valid, test = task.validation_inputs(), task.test_inputs()
        words = [np.random.RandomState(task.training_seed(s)).get_state()[1] for s in plan.seeds]
        return loop.Lanes(
            seed=np.array(plan.seeds, np.int64), words=np.stack(words),
            position=np.full(len(plan.seeds), 624, np.int64), low=low, width=high - low,
            subsets=np.array([task.subsets(s) for s in plan.seeds], np.int64),
            parameters=start, m=np.zeros_like(start), v=np.zeros_like(start),
            valid_x=_chunks(valid, kind), valid_y=self._targets(valid, kind),
            test_x=_chunks(test, kind), test_y=self._targets(test, kind),
            values=self.history.values, stopped_at=self.history.stopped_at,
        )

    def _targets(self, x: np.ndarray, kind: np.dtype) -> np.ndarray:
        targets = [self.plan.task.target(x, s)[:, 0] for s in self.plan.seeds]
        return np.stack(targets).astype(np.float32).astype(kind)

    def advance(self, stop: int) -> None:
        """Run the iterations from `self.iteration` up to, not including, `stop`."""
        running = np.flatnonzero(self.history.stopped_at == RUNNING)
        loop.advance(self.settings, self.lanes, running, self.iteration, stop)
        self.iteration = stop

    def model(self, k: int) -> nn.Module:
        """The network of the k-th seed."""
        model = self.plan.build(self.plan.seeds[k]).to(getattr(torch, self.plan.dtype))
        state, packed = model.state_dict(), torch.from_numpy(self.lanes.parameters[k])
        for name in self._names():
            state[name].copy_(packed[: state[name].numel()].view_as(state[name]))
            packed = packed[state[name].numel() :]
        return model

    def state(self) -> dict[str, np.ndarray]:
        """All that the following iterations depend on, as arrays."""
        names = ("parameters", "m", "v", "words", "position")
        arrays = {name: getattr(self.lanes, name) for name in names}
        return arrays | self.history.state(self.iteration)

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""
        for name in ("parameters", "m", "v", "words", "position"):
            getattr(self.lanes, name)[:] = state[name]
        self.history.restore(state)
        self.iteration = iteration


def _chunks(x: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Evaluation inputs `[E, I]` as `[chunk, I, CHUNK]`, rounded to float32."""
    chunks = x.astype(np.float32).astype(kind).reshape(-1, CHUNK, x.shape[1])
    return np.ascontiguousarray(chunks.transpose(0, 2, 1))
