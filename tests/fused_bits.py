"""Twenty conditions, trained a little, as digests of all that was learned and recorded: ``python fused_bits.py THREADS``."""

import hashlib
import sys

import numba

from nalu.registry import MODELS
from nalu.tasks import OPERATIONS, Arithmetic
from nalu.training import Plan
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm

UPDATES = 300
RAMP = {"lambda_start": 20, "lambda_end": 200}


def companies():
    """Every model on the default task with the authors' stream, and some others on a mirrored one with philox."""
    shared = {"seeds": (3, 8), "iterations": UPDATES, "log_every": 60, **RAMP}
    names, mirrored = [*MODELS], {"input_size": 11, "train_range": ((-2, -1), (1, 2))}
    yield [Plan(name, Arithmetic([*OPERATIONS][k % 6]), hidden_size=2 + k % 3, stream="authors", **shared)
           for k, name in enumerate(names)]
    yield [Plan(name, Arithmetic("add", **mirrored), batch_size=50, **shared, **settings) for name, settings in (
        ("NMU", {}), ("NALU", {"hidden_size": 10}), ("NAC_mul", {}),
        ("NAU", {"optimizer": "sgd", "learning_rate": 1e-4, "momentum": 0.9}), ("Gated_NAU_NMU", {}))]


def digests():
    """Name of a condition -> digest."""
    found = {}
    for plans in companies():
        machine = Fused(*plans)
        machine.advance(UPDATES + 1)
        for plan, member in zip(plans, machine.members, strict=True):
            data = member.parameters.tobytes() + member.history.values.tobytes()
            name = f"{plan.model} {plan.task.operation} {plan.stream} {member.history.stopped_at.tolist()}"
            found[name] = hashlib.sha256(data).hexdigest()[:16]
    return found


if __name__ == "__main__":
    warm(lambda what: None)
    numba.set_num_threads(int(sys.argv[1]))
    for name, digest in digests().items():
        print(digest, name)
