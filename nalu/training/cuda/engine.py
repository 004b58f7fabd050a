"""The CUDA engine: prepares the arrays of the kernel, launches it, and hands the arrays back."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from torch import nn

from nalu.support.check import Refusal
from nalu.tasks import OPERATIONS
from nalu.training import packing
from nalu.training.cuda import gpu
from nalu.training.cuda.blocks import Shape, teams
from nalu.training.cuda.evaluation import Evaluation
from nalu.training.cuda.records import ARGUMENTS, BLOCK, TWISTER
from nalu.training.fused.kernels import KERNELS
from nalu.training.fused.member import Member
from nalu.training.history import MEASURES, RUNNING
from nalu.training.plan import BETA1, BETA2, Plan

LAUNCH = 0.5  # seconds a launch shall take: within it there is neither progress nor interruption
ROWS = 2**25  # numbers that the rows of the history of one launch may take
ALIKE = ("iterations", "batch_size", "log_every", "dtype", "device", "stream")
"""Settings in which plans that are trained together must agree."""


def obstacle(plan: Plan, machine=None) -> str | None:
    """Why the kernel cannot run a plan, in a few words; None if it can."""
    if machine is None and not plan.device.startswith("cuda"):
        return f"it runs on a GPU, not on {plan.device!r}; say device='cuda'"
    if problem := packing.obstacle(plan, KERNELS):
        return problem
    if plan.hidden_size is None:
        return f"a network of one unit, {plan.model_name}, runs on the CPU only"
    one = member(replace(plan, seeds=plan.seeds[:1]))
    return Shape([one], (machine or gpu.Gpu(plan.device)).shared_memory).problem


def member(plan: Plan) -> Member:
    """A plan with room for its history."""
    return Member(plan, np.empty((len(plan.seeds), len(plan.log_steps), len(MEASURES))), np.empty(len(plan.seeds), np.int64))


class Cuda:
    """Trains the seeds of a plan, and of others beside it, on one GPU.

    The plans may differ in model, task and optimiser, but must agree in `ALIKE`. Seeds with the same batches
    share them. What a seed learns does not depend on the other seeds. ``plans`` and
    ``histories`` are in the given order; ``plan`` and ``history`` are the first of them.

    ``iteration`` is the next iteration; `advance` runs up to a later one.

    Parameters
    ----------
    plan, *others : Plan
    machine : optional
        Holds the arrays and runs the kernel; by default this is the GPU that the plans name.
    lanes : int, optional
        How many seeds of different plans may share a block.
    warps : tuple of int, optional
        How many warps a block has, and how many of these only draw.

    Raises
    ------
    ValueError
        If the plans do not agree in `ALIKE`, or a block does not fit on the chip.
    """

    name = "cuda"

    def __init__(self, plan: Plan, *others: Plan, machine=None, lanes: int | None = None,
                 warps: tuple[int, int] | None = None) -> None:
        self.plan, self.plans, self.iteration = plan, (plan, *others), 0
        for name in ALIKE:
            if len(values := {getattr(one, name) for one in self.plans}) > 1:
                raise Refusal(f"plans that are trained together differ in {name}: {values}")
        self.machine = machine or gpu.Gpu(plan.device)
        self.members = [member(one) for one in self.plans]
        self.histories = [one.history for one in self.members]
        self.history = self.histories[0]
        self.teams = [(team, Shape([self.members[j] for j in team.plans], self.machine.shared_memory, warps))
                      for team in teams(self.plans, self.members, lanes)]
        for _, shape in self.teams:
            if shape.problem:
                raise Refusal(f"engine 'cuda' cannot run this: {shape.problem}")
        # one launch has blocks of one shape; those that take longest begin first
        self.teams.sort(key=lambda of: (not of[1].variant.on_chip, -of[1].warps, -of[1].size))
        self._tables()
        self.chunk = 8

    def _tables(self) -> None:
        """Fill the tables and the initial state, and send them."""
        self.kind, evaluation = np.dtype(self.plan.dtype), Evaluation()
        tables = {name: [] for name in ("plans", "slots", "rows", "operations", "subsets")}
        begin = dict.fromkeys(tables, 0)
        blocks, words, self._launches, self._lane = [], [], [], {}
        first = parameters = scratch = 0
        starts = [one.start() for one in self.members]
        state = []
        for team, shape in self.teams:
            launch = shape.variant, shape.warps, shape.size
            if not self._launches or self._launches[-1][0] != launch:
                self._launches.append([launch, len(blocks), 0])
            places = shape.places()
            for seed in team.seeds:
                task = self.plans[team.plans[0]].task
                row = shape.block | {name: begin[name] for name in tables} | evaluation.of_seed(seed, task, shape.operations)
                row |= {"seed": seed, "begin": min(start for start, _ in task.subsets(seed))}
                row |= {"first": first, "words": len(blocks), "parameters": parameters, "scratch": scratch}
                blocks.append(tuple(row[name] for name in BLOCK.names))
                own = np.zeros(shape.layout.numbers, self.kind)
                at = 0
                for n, j in enumerate(team.plans):
                    k = self.plans[j].seeds.index(seed)
                    inside = places[at : at + self.members[j].size]
                    own[inside] = starts[j][k]
                    self._lane[j, k] = first + n, len(blocks) - 1, parameters + inside
                    at += self.members[j].size
                state.append(own)
                tables["subsets"].append(np.array(task.subsets(seed), np.int64).ravel())
                words.append(np.random.RandomState(task.training_seed(seed)).get_state()[1].astype(np.uint32))
                first, parameters, scratch = first + len(team.plans), parameters + own.size, scratch + shape.scratch
                begin["subsets"] += tables["subsets"][-1].size
            self._launches[-1][2] = len(blocks) - self._launches[-1][1]
            for name, table in (("plans", shape.layout.plans), ("slots", shape.layout.slots), ("rows", shape.rows),
                                ("operations", np.array([list(OPERATIONS).index(name) for name in shape.operations], np.int64))):
                tables[name].append(table)
                begin[name] += len(table)
        flat = np.concatenate(state)
        arrays = {name: np.concatenate(tables[name]) for name in tables} | {
            "blocks": np.array(blocks, BLOCK), "P": flat, "m": np.zeros_like(flat), "v": np.zeros_like(flat),
            "words": np.stack(words), "position": np.full(len(blocks), TWISTER, np.int64),
            "evaluation": evaluation.inputs.array().astype(self.kind), "targets": evaluation.targets.array().astype(self.kind),
            "stopped": np.full(first, RUNNING, np.int64), "scratch": np.zeros(max(1, scratch), np.uint8)}
        self.memory = {name: self.machine.send(array) for name, array in arrays.items()}

    def advance(self, stop: int) -> None:
        """Run the iterations from `self.iteration` up to, not including, `stop`."""
        most = self.plan.log_every * max(1, ROWS // (len(self._lane) * len(MEASURES)))
        while self.iteration < stop:
            until, clock = min(self.iteration + min(self.chunk, most), stop), time.monotonic()
            self._launch(self.iteration, until)
            spent = max(time.monotonic() - clock, 1e-4)
            fitting = int((until - self.iteration) * LAUNCH / spent)
            self.chunk = max(8, min(fitting, 4 * self.chunk))
            self.iteration = until

    def _launch(self, start: int, stop: int) -> None:
        every, send = self.plan.log_every, self.machine.send
        rows = range(-(-start // every), -(-stop // every))
        steps = np.arange(start + 1, stop + 1)
        own = {"values": send(np.full((len(self._lane), max(1, len(rows)), len(MEASURES)), np.nan)),
               "corrections": send(np.stack([1.0 - _power(BETA1, steps), 1.0 / np.sqrt(1.0 - _power(BETA2, steps))], 1))}
        given = np.zeros(len(self._launches), ARGUMENTS)
        for name, array in (self.memory | own).items():
            given[name] = self.machine.address(array)
        for name, value in {"start": start, "stop": stop, "every": every, "batch_size": self.plan.batch_size,
                            "logged": max(1, len(rows)), "authors": self.plan.stream == "authors"}.items():
            given[name] = value
        given["first"] = [begin for _, begin, _ in self._launches]
        self.machine.launch([(*launch, count) for launch, _, count in self._launches], given)
        found, stopped = self.machine.fetch(own["values"]), self.machine.fetch(self.memory["stopped"])
        for j, history in enumerate(self.histories):
            lanes = [self._lane[j, k][0] for k in range(len(history.seeds))]
            history.values[:, rows.start : rows.stop] = found[lanes, : len(rows)]
            history.stopped_at[:] = stopped[lanes]

    def model(self, k: int, j: int = 0) -> nn.Module:
        """The network of the k-th seed of the j-th plan."""
        return self.members[j].unpack(k, self.machine.fetch(self.memory["P"])[self._lane[j, k][2]])

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that the next iterations depend on, as arrays.

        The names are those of the fused engine. If there are several plans, ``0/``, ``1/``, ... stands before
        each name. A seed that has stopped needs no random numbers, so its words are 0.
        """
        arrays, (P, m, v, words, position) = {}, (
            self.machine.fetch(self.memory[name]) for name in ("P", "m", "v", "words", "position"))
        for j, history in enumerate(self.histories):
            prefix = f"{j}/" if len(self.plans) > 1 else ""
            lanes = [self._lane[j, k] for k in range(len(history.seeds))]
            own = {name: np.stack([of[places] for *_, places in lanes]) for name, of in (("parameters", P), ("m", m), ("v", v))}
            running, blocks = history.stopped_at == RUNNING, [block for _, block, _ in lanes]
            own |= {"words": words[blocks] * running[:, None].astype(np.uint32), "position": position[blocks] * running}
            arrays |= {prefix + name: array for name, array in (own | history.state(self.iteration)).items()}
        return arrays

    def restore(self, state: dict[str, np.ndarray], iteration: int) -> None:
        """Continue at `iteration` where `state` was taken."""
        arrays = {name: self.machine.fetch(self.memory[name]).copy() for name in ("P", "m", "v", "words", "position", "stopped")}
        for j, history in enumerate(self.histories):
            prefix = f"{j}/" if len(self.plans) > 1 else ""
            history.restore({name: state[prefix + name] for name in ("history", "stopped_at")})
            for k, stopped in enumerate(history.stopped_at):
                lane, block, places = self._lane[j, k]
                for name, there in (("P", "parameters"), ("m", "m"), ("v", "v")):
                    arrays[name][places] = state[prefix + there][k]
                arrays["stopped"][lane] = stopped
                if stopped == RUNNING:
                    arrays["words"][block] = state[prefix + "words"][k]
                    arrays["position"][block] = state[prefix + "position"][k]
        self.memory |= {name: self.machine.send(array) for name, array in arrays.items()}
        self.iteration = iteration


def _power(base: float, exponents: np.ndarray) -> np.ndarray:
    """Compute a power by squaring, as the fused engine does. The result is the same on every machine."""
    result, exponents = np.ones(len(exponents)), exponents.copy()
    while exponents.any():
        result = np.where(exponents & 1, result * base, result)
        base, exponents = base * base, exponents >> 1
    return result
