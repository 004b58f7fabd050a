"""The fused engine: prepares the arrays of the loop, and hands them back."""

from __future__ import annotations

import numpy as np
from torch import nn

from nalu.tasks import OPERATIONS
from nalu.training import packing
from nalu.training.fused.cache import ENGINE
from nalu.training.fused.kernels import KERNELS
from nalu.training.fused.member import Layout, Member
from nalu.training.history import MEASURES, RUNNING
from nalu.training.plan import Plan

with ENGINE.kept():
    from nalu.training.fused import loop

STATE = ("parameters", "m", "v", "words", "position")


def obstacle(plan: Plan) -> str | None:
    """Why the loop cannot run a plan, in a few words; None if it can."""
    if plan.device != "cpu":
        return f"it runs on the CPU, not on {plan.device!r}"
    return packing.obstacle(plan, KERNELS)


class Fused:
    """Trains the seeds of a plan in one compiled loop, several seeds at a time.

    Other plans that use the same batches (`nalu.training.Plan.batches`) can be trained at the
    same time; then the batches are drawn once for all plans. ``members`` are all plans, in the
    given order; ``plan``, ``history`` and `model` belong to the first.

    ``iteration`` is the next iteration; `advance` runs up to a later one.
    """

    name = "fused"

    def __init__(self, plan: Plan, *others: Plan) -> None:
        plans, self.plan, self.iteration = (plan, *others), plan, 0
        shape = len(plans), len(plan.seeds)
        values = np.empty((*shape, len(plan.log_steps), len(MEASURES)))
        stopped_at = np.empty(shape, np.int64)
        self.members = [Member(*of) for of in zip(plans, values, stopped_at, strict=True)]
        self.plans, self.histories = plans, [member.history for member in self.members]
        self.history = self.histories[0]
        self.operations = list(dict.fromkeys(one.task.operation for one in plans))
        layout = Layout(self.members, self.operations)
        self.settings, self.slots = layout.plans, layout.slots
        self.lanes = self._lanes(values, stopped_at)
        begin = 0
        for member in self.members:
            member.parameters = self.lanes.parameters[:, begin : begin + member.size]
            begin += member.size
        self.shared = loop.Shared(
            plan.batch_size, plan.log_every, plan.stream == "authors", layout.sums, layout.logs, layout.factors,
            max(member.hidden_size for member in self.members), layout.weights, layout.numbers,
            np.array([list(OPERATIONS).index(name) for name in self.operations], np.int64),
            len(plan.task.test_inputs()))

    def _lanes(self, values: np.ndarray, stopped_at: np.ndarray) -> loop.Lanes:
        plan, task, kind = self.plan, self.plan.task, np.dtype(self.plan.dtype)
        low, high = np.array(task.train_range).T.copy()  # of one layout, for one compiled loop
        valid, test = task.validation_inputs(), task.test_inputs()
        words = [np.random.RandomState(task.training_seed(s)).get_state()[1] for s in plan.seeds]
        start = np.concatenate([member.start() for member in self.members], 1)
        return loop.Lanes(
            seed=np.array(plan.seeds, np.int64), words=np.stack(words),
            position=np.full(len(plan.seeds), 624, np.int64), low=low, width=high - low,
            subsets=np.array([task.subsets(s) for s in plan.seeds], np.int64),
            parameters=start, m=np.zeros_like(start), v=np.zeros_like(start),
            valid_x=_chunks(valid, kind), valid_y=self._targets(valid, kind),
            test_x=_chunks(test, kind), test_y=self._targets(test, kind),
            values=values, stopped_at=stopped_at,
        )

    def _targets(self, x: np.ndarray, kind: np.dtype) -> np.ndarray:
        """Return the targets `[operation, seed, sample]` of evaluation inputs, rounded to float32 and padded to whole chunks."""
        tasks = {member.plan.task.operation: member.plan.task for member in self.members}
        targets = np.zeros((len(tasks), len(self.plan.seeds), len(x) + -len(x) % loop.CHUNK), kind)
        for a, name in enumerate(self.operations):
            for k, seed in enumerate(self.plan.seeds):
                targets[a, k, : len(x)] = tasks[name].target(x, seed)[:, 0].astype(np.float32)
        return targets

    def model(self, k: int, j: int = 0) -> nn.Module:
        """The network of the k-th seed of the j-th plan."""
        return self.members[j].model(k)

    def advance(self, stop: int) -> None:
        """Run the iterations from `self.iteration` up to, not including, `stop`."""
        running = np.flatnonzero((self.lanes.stopped_at == RUNNING).any(0))
        loop.advance(self.shared, self.settings, self.slots, self.lanes, running, self.iteration, stop)
        self.iteration = stop

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that the next iterations depend on, as arrays; the seeds of each plan stand together."""
        arrays = {name: getattr(self.lanes, name) for name in STATE}
        known = [member.history.state(self.iteration) for member in self.members]
        return arrays | {name: np.concatenate([one[name] for one in known]) for name in known[0]}

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""
        for name in STATE:
            getattr(self.lanes, name)[:] = state[name]
        count = len(self.plan.seeds)
        for j, member in enumerate(self.members):
            rows = slice(j * count, (j + 1) * count)
            member.history.restore({name: state[name][rows] for name in ("history", "stopped_at")})
        self.iteration = iteration


def _chunks(x: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Round evaluation inputs `[E, I]` to float32 and arrange them as `[chunk, I, CHUNK]`. Samples beyond the last are 1."""
    chunks = np.ones((len(x) + -len(x) % loop.CHUNK, x.shape[1]), kind)
    chunks[: len(x)] = x.astype(np.float32)
    return np.ascontiguousarray(chunks.reshape(-1, loop.CHUNK, x.shape[1]).transpose(0, 2, 1))
