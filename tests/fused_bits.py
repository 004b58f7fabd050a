"""Twenty conditions with two seeds each, trained for 5,000 updates, as digests of all that was learned and recorded.

    python tests/fused_bits.py 2       the fused engine with two threads
    python tests/fused_bits.py cuda    the CUDA kernel, on a GPU or compiled for the processor (some minutes)

On an ARM processor that QEMU emulated (`qemu-aarch64`, Debian's Python, PyTorch 2.4.1), the digests were the same.
"""

import hashlib
import sys

import cuda_processor
import numba
import numpy as np
from unit_cases import PAPERS

from nalu.tasks import OPERATIONS, Arithmetic
from nalu.training import Plan
from nalu.training.cuda import gpu
from nalu.training.cuda.engine import Cuda
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm

UPDATES = 5000
RAMP = {"lambda_start": 300, "lambda_end": 3000}


def companies():
    """Every model on the default task with the authors' stream, and some others on a mirrored one with philox."""
    shared = {"seeds": (3, 8), "iterations": UPDATES, "log_every": 500, **RAMP}
    names, mirrored = PAPERS, {"input_size": 11, "train_range": ((-2, -1), (1, 2))}
    yield [Plan(name, Arithmetic([*OPERATIONS][k % 6]), hidden_size=2 + k % 3, stream="authors", **shared)
           for k, name in enumerate(names)]
    yield [Plan(name, Arithmetic("add", **mirrored), batch_size=50, **shared, **settings) for name, settings in (
        ("NMU", {}), ("NALU", {"hidden_size": 10}), ("NAC_mul", {}),
        ("NAU", {"optimizer": "sgd", "learning_rate": 1e-4, "momentum": 0.9}), ("Gated_NAU_NMU", {}))]


def on_the_processor(plans):
    return Fused(*plans)


def by_the_kernel(plans):
    if gpu.missing() is None:
        return Cuda(*plans)
    return Cuda(*plans, machine=cuda_processor.Processor(), warps=(3, 1))


def digests(made=on_the_processor):
    """Name of a condition -> digest."""
    found = {}
    for plans in companies():
        machine = made(plans)
        machine.advance(UPDATES + 1)
        for j, (plan, history) in enumerate(zip(plans, machine.histories, strict=True)):
            networks = [machine.model(k, j) for k in range(len(plan.seeds))]
            arrays = [history.values, *(weight.detach().numpy() for network in networks for weight in network.parameters())]
            data = b"".join(np.where(np.isnan(array), np.array(np.nan, array.dtype), array).tobytes() for array in arrays)
            name = f"{plan.model} {plan.task.operation} {plan.stream} {history.stopped_at.tolist()}"
            found[name] = hashlib.sha256(data).hexdigest()[:16]
    return found


if __name__ == "__main__":
    if (how := sys.argv[1]) != "cuda":
        warm(lambda what: None)
        numba.set_num_threads(int(how))
    for name, digest in digests(by_the_kernel if how == "cuda" else on_the_processor).items():
        print(digest, name)
