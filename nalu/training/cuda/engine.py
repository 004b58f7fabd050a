"""The CUDA engine: prepares the arrays of the kernel, launches it, and hands the arrays back."""

from __future__ import annotations

import time

import numpy as np
from torch import nn

from nalu.support.check import Refusal
from nalu.training import packing
from nalu.training.cuda import gpu
from nalu.training.cuda.blocks import Block, distribute, lay_out
from nalu.training.cuda.kernel import build
from nalu.training.cuda.lanes import UNITS, Parts
from nalu.training.cuda.tables import Tables
from nalu.training.history import MEASURES, RUNNING, History
from nalu.training.plan import BETA1, BETA2, Plan

LAUNCH = 0.25  # seconds a launch shall take: within it there is neither progress nor interruption
ROWS = 2**25  # numbers that the rows of the history of one launch may take
ALIKE = ("iterations", "batch_size", "log_every", "dtype", "device", "stream")
"""Settings in which plans that are trained together must agree."""


def obstacle(plan: Plan) -> str | None:
    """Why the kernel cannot run a plan, in a few words; None if it can."""
    if not plan.device.startswith("cuda"):
        return f"it runs on a GPU, not on {plan.device!r}; say device='cuda'"
    if problem := packing.obstacle(plan, UNITS):
        return problem
    return lay_out(Block((), [(0, 0)]), [Parts(plan)], gpu.shared_memory())


class Cuda:
    """Trains the seeds of a plan, and of others beside it, on one GPU.

    The plans may differ in model, task and optimiser, not in `ALIKE`; seeds that are trained on the same
    batches share them. What a seed learns does not depend on its company. ``plans`` and
    ``histories`` are in the order given, ``plan`` and ``history`` are the first of them.

    ``iteration`` is the next iteration; `advance` runs up to a later one.

    Raises
    ------
    ValueError
        If the plans do not agree in `ALIKE`, or a batch does not fit on the chip.
    """

    name = "cuda"

    def __init__(self, plan: Plan, *others: Plan, lanes_per_block: int | None = None) -> None:
        self.plan, self.plans, self.iteration = plan, (plan, *others), 0
        for name in ALIKE:
            if len(values := {getattr(one, name) for one in self.plans}) > 1:
                raise Refusal(f"plans that are trained together differ in {name}: {values}")
        self.histories = [History(one) for one in self.plans]
        self.history = self.histories[0]
        gpu.select(plan.device)
        self.parts = [Parts(one) for one in self.plans]
        self.blocks = distribute(self.parts, gpu.multiprocessors(), lanes_per_block)
        for block in self.blocks:
            if problem := lay_out(block, self.parts, gpu.shared_memory()):
                raise Refusal(f"engine 'cuda' cannot run this: {problem}")
        # one launch has blocks of one shape
        self.blocks.sort(key=lambda block: (block.warps, block.size))
        self.tables = Tables(self.parts, self.blocks)
        self.kernel = build(plan.dtype, plan.batch_size)
        self.chunk = 8
        self._send()

    def _send(self) -> None:
        """Copy all that the kernel needs to the GPU."""
        tables, kind = self.tables, self.tables.kind
        logs = tables.logarithms(any(part.first.wants_logs for part in self.parts))
        zeros = np.zeros_like(tables.parameters)
        self.memory = {name: gpu.send(array) for name, array in {
            "lanes": tables.lanes, "tensors": tables.tensors, "subsets": tables.subsets,
            "parameters": tables.parameters, "m": zeros, "v": zeros, "words": tables.words,
            "evaluation": tables.evaluation.array(), "logs": logs, "targets": tables.targets.array(),
            "stopped_at": tables.stopped_at,
            "scratch": np.empty(max(1, tables.scratch)), "log_scratch":
            np.empty(max(1, tables.log_scratch), kind)}.items()}
        self.launches = []
        shapes = list(dict.fromkeys((block.warps, block.size) for block in self.blocks))
        for warps, size in shapes:
            which = [n for n, block in enumerate(self.blocks) if (block.warps, block.size) == (warps, size)]
            self.launches.append((warps, size, which, gpu.send(tables.blocks[which])))

    def advance(self, stop: int) -> None:
        """Run the iterations from `self.iteration` up to, not including, `stop`."""
        most = self.plan.log_every * max(1, ROWS // (len(self.tables.lanes) * len(MEASURES)))
        while self.iteration < stop:
            until, clock = min(self.iteration + min(self.chunk, most), stop), time.monotonic()
            self._launch(self.iteration, until)
            spent = max(time.monotonic() - clock, 1e-4)
            fitting = int((until - self.iteration) * LAUNCH / spent)
            self.chunk = max(8, min(fitting, 4 * self.chunk))
            self.iteration = until

    def _launch(self, start: int, stop: int) -> None:
        every = self.plan.log_every
        rows = range(-(-start // every), -(-stop // every))
        values = gpu.send(np.full((len(self.tables.lanes), max(1, len(rows)), len(MEASURES)), np.nan))
        t = np.arange(start, stop)[:, None] + 1.0
        corrections = gpu.send(np.hstack([1.0 - BETA1**t, np.sqrt(1.0 - BETA2**t)]))
        of = self.memory
        for warps, size, _, blocks in self.launches:
            gpu.launch(self.kernel, len(blocks), warps, size, blocks, of["lanes"], of["tensors"],
                       of["subsets"], of["parameters"], of["m"], of["v"], of["words"], of["evaluation"],
                       of["logs"], of["targets"], values, of["stopped_at"], corrections, of["scratch"],
                       of["log_scratch"], np.uint64(start), np.uint64(stop), np.uint64(every))
        found, stopped = gpu.fetch(values), gpu.fetch(of["stopped_at"])
        for j, history in enumerate(self.histories):
            lanes = self._lanes(j)
            if rows:
                history.values[:, rows.start : rows.stop] = found[lanes]
            history.stopped_at[:] = stopped[lanes]

    def _lanes(self, j: int) -> list[int]:
        return [self.tables.lane[j, k] for k in range(len(self.plans[j].seeds))]

    def model(self, k: int, j: int = 0) -> nn.Module:
        """The network of the k-th seed of the j-th plan."""
        return self.parts[j].unpack(k, self._gather("parameters", j)[k])

    def _gather(self, name: str, j: int) -> np.ndarray:
        """Parameters or moments `[seed, size]` of a plan."""
        array, begin = gpu.fetch(self.memory[name]), self.tables.begin
        return np.stack([array[begin[n] : begin[n + 1]] for n in self._lanes(j)])

    def state(self) -> dict[str, np.ndarray]:
        """All that the following iterations depend on, as arrays.

        Names are those of the fused engine, for several plans with ``0/``, ``1/``, ... before
        them. A seed that has stopped needs no random numbers: its words are 0.
        """
        arrays = {}
        words = gpu.fetch(self.memory["words"])
        position = np.zeros(len(words), np.int64)
        for _, _, which, blocks in self.launches:
            position[which] = gpu.fetch(blocks)["position"]
        block = {lane: n for n, of in enumerate(self.blocks) for lane in of.lanes}
        for j, history in enumerate(self.histories):
            prefix = f"{j}/" if len(self.plans) > 1 else ""
            where = [block[j, k] for k in range(len(history.seeds))]
            running = history.stopped_at == RUNNING
            own = {name: self._gather(name, j) for name in ("parameters", "m", "v")} | {
                "words": words[where] * running[:, None].astype(np.uint32),
                "position": np.where(running, position[where], 0),
            } | history.state(self.iteration)
            arrays |= {prefix + name: array for name, array in own.items()}
        return arrays

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""
        tables = self.tables
        arrays = {name: np.empty_like(tables.parameters) for name in ("parameters", "m", "v")}
        block = {lane: n for n, of in enumerate(self.blocks) for lane in of.lanes}
        for j, history in enumerate(self.histories):
            prefix = f"{j}/" if len(self.plans) > 1 else ""
            history.restore({name: state[prefix + name] for name in ("history", "stopped_at")})
            for k, n in enumerate(self._lanes(j)):
                for name, array in arrays.items():
                    array[tables.begin[n] : tables.begin[n + 1]] = state[prefix + name][k]
                tables.stopped_at[n] = history.stopped_at[k]
                if history.stopped_at[k] == RUNNING:
                    tables.words[block[j, k]] = state[prefix + "words"][k]
                    tables.blocks["position"][block[j, k]] = state[prefix + "position"][k]
        tables.parameters = arrays["parameters"]
        self._send()
        self.memory |= {name: gpu.send(arrays[name]) for name in ("m", "v")}
        self.iteration = iteration
