"""The fused engine and the reference side by side, and the state of one in the other."""

from dataclasses import dataclass

import numpy as np

from nalu.tasks import OPERATIONS, Arithmetic
from nalu.training import Plan
from nalu.training.fused.engine import Fused
from nalu.training.reference import Reference

OPS = list(OPERATIONS)
SMALL = {"input_size": 12, "subset_ratio": 0.5}


class Assorted(Arithmetic):
    """The seed k has the k-th operation: six tasks side by side in one reference engine."""

    def target(self, x, seed):
        return OPERATIONS[OPS[seed]].apply(self.sums(x, seed))


def as_fused(machine: Reference, names: list[str], k: int) -> dict:
    """State of the k-th seed of the reference, as the fused engine has it."""
    state = machine.state()

    def flat(group):
        return np.concatenate([state[f"{group}/model.{name}"][k].ravel() for name in names])[None]

    words = state.get("mt_words", np.zeros((k + 1, 624), np.uint32))
    position = state.get("mt_position", np.zeros(k + 1, np.int64))
    return {"parameters": flat("W"), "m": flat("m"), "v": flat("v"),
            "words": words[k : k + 1], "position": position[k : k + 1],
            "history": state["history"][k : k + 1], "stopped_at": state["stopped_at"][k : k + 1]}


@dataclass
class Comparison:
    """What `compare` measured; the axis `k` is that of the operations.

    ``step`` `[t, k, 3]`: largest error of parameters, and of the moments m and v in units
    of their largest entry, after one iteration from the reference's state.
    ``whole`` `[k]`: largest error of parameters after all iterations without restart.
    ``rows`` and ``whole_rows`` `[k, row, measure]`: relative errors of the histories.
    """

    step: np.ndarray
    whole: np.ndarray
    rows: np.ndarray
    whole_rows: np.ndarray


def compare(name: str, steps: int, shape=SMALL, operations=OPS, **settings) -> Comparison:
    """Follow the reference for some iterations, on all operations at once.

    One fused engine starts each iteration from the reference's state, another one only the
    first.
    """
    if operations is OPS:
        plan = Plan(name, Assorted(**shape), range(len(OPS)), steps, **settings)
    else:
        plan = Plan(name, Arithmetic(operations[0], **shape), [OPS.index(operations[0])], steps, **settings)
    reference = Reference(plan)

    def machines():
        return [Fused(Plan(name, Arithmetic(op, **shape), [OPS.index(op)], steps, **settings))
                for op in operations]

    restarted, whole = machines(), machines()
    errors = np.zeros((steps, len(operations), 3))
    names = restarted[0].members[0].names()
    state = [as_fused(reference, names, k) for k in range(len(operations))]
    for t in range(steps):
        for k, machine in enumerate(restarted):
            machine.restore(state[k], t)
            machine.advance(t + 1)
        reference.advance(t + 1)
        state = [as_fused(reference, names, k) for k in range(len(operations))]
        for k, machine in enumerate(restarted):
            errors[t, k] = _errors(machine.state(), state[k])
    for machine in whole:
        machine.advance(steps)
    return Comparison(
        errors,
        np.array([_largest(m.lanes.parameters, s["parameters"]) for m, s in zip(whole, state, strict=True)]),
        np.stack([_rows(m, s) for m, s in zip(restarted, state, strict=True)]),
        np.stack([_rows(m, s) for m, s in zip(whole, state, strict=True)]),
    )


def _largest(a, b):
    return np.abs(a - b).max()


def _errors(found, expected):
    assert np.array_equal(found["position"], expected["position"]) or not expected["words"].any()
    return [_largest(found["parameters"], expected["parameters"]),
            *(_largest(found[k], expected[k]) / max(np.abs(expected[k]).max(), 1e-300) for k in ("m", "v"))]


def _rows(machine, state):
    """Relative errors of what was logged; 0 where both are equal or both missing."""
    found, expected = machine.state()["history"][0], state["history"][0]
    assert found.shape == expected.shape and np.array_equal(np.isnan(found), np.isnan(expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.abs(found - expected) / np.abs(expected)
    return np.where((found == expected) | np.isnan(found), 0.0, relative)
