"""A plan as the kernel has it: maps, tensors, and the workspace of a warp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nalu.tasks import OPERATIONS
from nalu.training.cuda import tensors, units
from nalu.training.cuda.target import WARP
from nalu.training.fused.kernels import Kernel
from nalu.training.packing import Packing
from nalu.training.plan import Plan

_FREE = True


@dataclass(frozen=True)
class Unit:
    """What a unit does with its input, and the kinds of its matrices, unprojected if `free`."""

    map: int
    kinds: tuple[int, ...]
    free: bool = False

    @property
    def wants_logs(self) -> bool:
        """Whether it needs the logarithms of its inputs."""
        return self.map in (units.EXP_LOG, units.NALU, units.NALU_SEPARATE)


UNITS = {
    "Linear": Unit(units.LINEAR, (tensors.PLAIN, tensors.PLAIN)),
    "ReLU": Unit(units.RELU, (tensors.PLAIN, tensors.PLAIN)),
    "ReLU6": Unit(units.RELU6, (tensors.PLAIN, tensors.PLAIN)),
    "NAC": Unit(units.ADD, (tensors.NAC,)),
    "NACMul": Unit(units.EXP_LOG, (tensors.NAC,)),
    "NACMulSigma": Unit(units.EXP_LOG, (tensors.SIGMA,)),
    "NACMulNMU": Unit(units.EXP_LOG, (tensors.NMU,)),
    "NALU": Unit(units.NALU, (tensors.NAC, tensors.PLAIN)),
    "NALUSeparate": Unit(units.NALU_SEPARATE, (tensors.NAC, tensors.NAC, tensors.PLAIN)),
    "NAU": Unit(units.ADD, (tensors.NAU,)),
    "NAUNoClamp": Unit(units.ADD, (tensors.NAU,), _FREE),
    "NMU": Unit(units.PRODUCT, (tensors.NMU,)),
    "NMUNoClamp": Unit(units.PRODUCT, (tensors.NMU,), _FREE),
    "GatedNAUNMU": Unit(units.GATED, (tensors.NAU, tensors.NMU, tensors.PLAIN)),
}
"""Name of the unit's class -> `Unit`; its tensors are in the order of `nalu.training.fused.kernels`."""


class Parts(Packing):
    """The first and the second unit of a plan's networks, and where a warp keeps their numbers.

    ``work`` is how many numbers the workspace has.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.first, self.second = (UNITS[name] for name in self.classes)
        self.I, self.H = plan.task.input_size, self.hidden_size
        self.shapes = (self.I, self.H), (self.H, 1)
        self.counts = [sum(_sizes(row, I, O)) for row, (I, O) in zip(self.rows, self.shapes, strict=True)]
        self.places, self.work = self._places(plan.batch_size | 1)

    def _places(self, S: int) -> tuple[dict[str, int], int]:
        """Where the arrays lie in the workspace of a warp; rows of samples have the stride S."""
        H, weights = self.H, sum(self.counts)
        rows = {"z": H, "dz": H, "log_z": H * self.second.wants_logs, "y": 1, "dy": 1,
                "gate1": 3 * H * self.rows[0].gated, "gate2": 3 * self.rows[1].gated}
        sizes = {"w1": self.counts[0], "w2": self.counts[1], "gradients": weights}
        sizes |= {name: count * S for name, count in rows.items()} | {"partial": self._partial()}
        ends = np.cumsum(list(sizes.values()))
        return {name: int(end) - size for (name, size), end in zip(sizes.items(), ends, strict=True)}, \
            int(ends[-1])

    def _partial(self) -> int:
        """Numbers that the threads of a warp add up for each other, in any of the two layers."""
        most = 0
        for unit, row, (I, O) in zip((self.first, self.second), self.rows, self.shapes, strict=True):
            inputs = I if I < WARP else 0
            outputs = O if any(matrix.roles == "B" for matrix in row.matrices) else 0
            factors = I if unit.map in (units.PRODUCT, units.GATED) else 0
            most = max(most, (WARP + 1) * max(inputs, outputs, factors) + WARP * factors)
        return most

    def lane(self) -> dict[str, float]:
        """The columns of `records.LANE` that all seeds share."""
        plan, (one, two) = self.plan, self.rows
        settings = ("learning_rate", "momentum", "lambda_sparse", "lambda_start", "lambda_end")
        return self.places | {name: getattr(plan, name) for name in settings} | {
            "first": self.first.map, "second": self.second.map, "hidden_size": self.H,
            "operation": list(OPERATIONS).index(plan.task.operation),
            "adam": plan.optimizer == "adam", "weights": sum(self.counts),
            "gated": two.gated, "wants_logs": self.second.wants_logs,
            "sparse1": sum(matrix.sparse for matrix in one.matrices) * self.H * self.I,
            "sparse2": sum(matrix.sparse for matrix in two.matrices) * self.H,
        }

    def tensors(self) -> Iterator[dict[str, int]]:
        """The rows of `records.TENSOR` of a seed, its parameters beginning at 0."""
        parameters = weights = 0
        for unit, row, (I, O) in zip((self.first, self.second), self.rows, self.shapes, strict=True):
            for kind, size in zip(unit.kinds, _sizes(row, I, O), strict=True):
                yield {"kind": kind, "free": unit.free, "parameters": parameters,
                       "weights": weights, "size": size}
                parameters += size * (2 if kind == tensors.NAC else 1)
                weights += size


def _sizes(row: Kernel, I: int, O: int) -> list[int]:
    """Of the arrays of a unit's weights."""
    return [O if matrix.roles == "B" else I * O for matrix in row.matrices]
