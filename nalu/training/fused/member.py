"""A plan among those that the loop trains together, and the places of its numbers among the numbers of all plans."""

from __future__ import annotations

import numpy as np
from torch import nn

from nalu.tasks import OPERATIONS
from nalu.training.fused.bodies import LANE
from nalu.training.fused.kernels import CODES, LOGARITHMS
from nalu.training.fused.vectors import WIDTH
from nalu.training.fused.weights import SLOT
from nalu.training.history import History
from nalu.training.packing import Packing
from nalu.training.plan import Plan

NAMES = {"G": "gate", "A": "add", "M": "multiply", "B": "bias"}
SUMS, LOGS, FACTORED = range(3)


def whole(count: int, width: int = WIDTH) -> int:
    """Round a count up to whole vectors."""
    return -(-count // width) * width


class Member(Packing):
    """A plan and what the loop has learned for it, which does not depend on the other plans.

    ``parameters`` `[seed, size]` are a part of the array of the loop, once the engine has set them.
    """

    def __init__(self, plan: Plan, values: np.ndarray, stopped_at: np.ndarray) -> None:
        super().__init__(plan)
        self.history = History(plan, values, stopped_at)
        self.parameters = np.empty((len(plan.seeds), self.size))

    def model(self, k: int) -> nn.Module:
        """The network of the k-th seed."""
        return self.unpack(k, self.parameters[k])

    def rows_wanted(self) -> list[int]:
        """Return how many rows of first layers the plan needs: sums of inputs, sums of logarithms, and products of factors."""
        counts = [0, 0, 0]
        for matrix in self.rows[0].matrices:
            for role in matrix.roles:
                if role != "B":
                    counts[self._kind_of_row(role)] += self.hidden_size
        return counts

    def _kind_of_row(self, role: str) -> int:
        return SUMS if role in "GA" else LOGS if self.rows[0].product == LOGARITHMS else FACTORED


class Layout:
    """The places of the numbers of all members: the tables of the loop.

    Attributes
    ----------
    plans, slots : numpy.ndarray
        Records of the types `LANE` and `SLOT`.
    sums, logs, factors : int
        Rows of all first layers.
    stride : int
        Distance between rows of first layers. Every row consists of whole vectors of `width` numbers.
    weights, numbers, parameters : int
        How many numbers there are: weights, parameters in the order of the slots, and parameters in the order of the plans.
    """

    def __init__(self, members: list[Member], operations: list[str], width: int = WIDTH) -> None:
        self._width = width
        wanted = np.array([member.rows_wanted() for member in members])
        self.sums, self.logs, self.factors = (int(count) for count in wanted.sum(0))
        self._rows = [0, self.sums, self.sums + self.logs]
        self._outputs = self.sums + self.logs + self.factors
        self.stride = whole(members[0].plan.task.input_size, width)
        self.weights, self.numbers, self.parameters = self._outputs * self.stride, 0, 0
        self._slots, plans = [], []
        for member in members:
            lane = self._lane(member) | {"answers": operations.index(member.plan.task.operation)}
            plans.append(tuple(lane[name] for name in LANE.names))
        self.plans, self.slots = np.array(plans, LANE), np.array(self._slots, SLOT)

    def _lane(self, member: Member) -> dict[str, float]:
        plan, (one, two), H = member.plan, member.rows, member.hidden_size
        lane = {name + number: -1 for name in NAMES.values() for number in ("", "2")} | {
            "first": one.body, "second": two.body, "hidden_size": H, "gated": two.gated,
            "activation": one.activation, "activation2": two.activation,
            "operation": list(OPERATIONS).index(plan.task.operation), "slots": len(self._slots),
            "lambda_start": plan.lambda_start, "lambda_end": plan.lambda_end, "adam": plan.optimizer == "adam",
            "learning_rate": plan.learning_rate, "momentum": plan.momentum, "lambda_sparse": plan.lambda_sparse}
        for matrix in one.matrices:
            goals = []
            for role in matrix.roles:
                if role == "B":
                    lane["bias"] = self._place(H)
                    goals.append(lane["bias"])
                else:
                    kind = member._kind_of_row(role)
                    lane[NAMES[role]] = self._rows[kind]
                    goals.append(self._rows[kind] * self.stride)
                    self._rows[kind] += H
            self._slot(matrix, goals, *((1, H) if matrix.roles == "B" else (H, plan.task.input_size)))
        for matrix in two.matrices:
            columns = 1 if matrix.roles == "B" else H
            goals = [self._place(columns) for _ in matrix.roles]
            lane |= {NAMES[role] + "2": goal for role, goal in zip(matrix.roles, goals, strict=True)}
            self._slot(matrix, goals, 1, columns)
        if member.alone:  # the loop updates, and looks for sparsity, from here on
            lane["slots"] += 1
        outputs = self._outputs if one.gated else lane["multiply"] if one.product else lane["add"]
        return lane | {"out": outputs, "end": len(self._slots)}

    def _place(self, columns: int) -> int:
        """Reserve a place for a row among all weights."""
        self.weights += whole(columns, self._width)
        return self.weights - whole(columns, self._width)

    def _slot(self, matrix, goals: list[int], rows: int, columns: int) -> None:
        tensors, stride = len(matrix.tensors), whole(columns, self._width)
        to, also = (*goals, -1)[:2]
        row = {"kind": CODES[matrix.kind], "tensors": tensors, "rows": rows, "columns": columns, "stride": stride,
               "at": self.numbers, "to": to, "also": also, "parameters": self.parameters, "sparse": matrix.sparse}
        self._slots.append(tuple(row[name] for name in SLOT.names))
        self.numbers += tensors * rows * stride
        self.parameters += tensors * rows * columns
