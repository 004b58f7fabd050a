"""What a lane costs, beside its bound: prints a table of microseconds an update and writes ``benchmarks/lanes.csv``.

    python benchmarks/lanes.py            about two minutes
    python benchmarks/lanes.py --quick    half a minute, fewer turns; prints only

*P* is the time of one product of a first layer forward, for one lane of two outputs: what no engine that does this product can
be faster than. A lane's *slope* is what each further condition on the same batches adds, the
*intercept* what a stream costs without any. Everything takes turns on one core; `README.md` explains the rest.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from engines import machine, write
from numba import njit
from original import Loop
from speed import FOREVER, drawing, task_of
from timing import Row, measured, one_core, rates

from nalu.training import Plan
from nalu.training.fused.cache import ENGINE
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm

with ENGINE.kept():
    from nalu.training.fused import products
    from nalu.training.fused.memory import zeros

CSV = Path(__file__).with_name("lanes.csv")
MODELS = ("NMU", "NAU", "Linear", "NAC_add", "NAC_mul_NMU", "NAC_mul_sigma", "NAC_mul", "NALU", "NALU_separate",
          "Gated_NAU_NMU")
TARGETS = {"NMU": 3, "NAU": 3, "Linear": 3, "NAC_add": 5, "NAC_mul_NMU": 5, "NAC_mul_sigma": 5, "NAC_mul": 5, "NALU": 12,
           "NALU_separate": 12, "Gated_NAU_NMU": 20}
"""Aims for the slope with 100 inputs, in units of P. An NMU has two products, a NALU has six."""
LANES, COMPANY, B, I = 30, 13, 128, 100


@njit(error_model="numpy", cache=False)
def _products(count):
    w, x, z = zeros(2 * LANES * 112, np.float32), zeros(I * (B + 16), np.float32), zeros(2 * LANES * B, np.float32)
    x[:] = 1
    for _ in range(count):
        products.multiply(w, 0, 112, 2 * LANES, x, 0, B + 16, B, z, 0, B, I)
    return z[0]


def product(count: int = 200) -> int:
    """A job: products of many lanes; how many of one lane."""
    _products(count)
    return count * LANES


def numpy_draw(count: int = 40) -> int:
    """A job: as many numbers from NumPy."""
    rng = np.random.RandomState(0)
    for _ in range(count):
        rng.uniform(1, 2, (B, I))
    return count


def engine(model: str, lanes: int, input_size: int, seconds: float) -> Callable[[], int]:
    """A job: updates of a stream with so many conditions."""
    plan = Plan(model, task_of(model, input_size), (0,), FOREVER, stream="authors", log_every=FOREVER)
    machine, count = Fused(*[plan] * lanes), max(20, int(seconds * 1e6 / (20 + 4 * lanes)))

    def job() -> int:
        machine.advance(machine.iteration + count)
        if machine.history.stopped_at[0] >= 0:
            raise RuntimeError(f"{model} became NaN")
        return count

    return job


def measure(models: tuple[str, ...], repetitions: int, seconds: float) -> list[Row]:
    """All of it, in turns."""
    jobs = {"P": product, "draw": partial(drawing, "authors", 300), "numpy": numpy_draw}
    for model in models:
        for size in (I, 4):
            jobs |= {(model, size, lanes): engine(model, lanes, size, seconds) for lanes in (1, COMPANY)}
        jobs["plain", model] = partial(Loop(model, task_of(model), 0).advance, 30)
    with one_core():
        for job in jobs.values():
            job()
        us = {name: 1e6 / found for name, found in rates(jobs, repetitions).items()}
    P = us["P"].min()
    rows = [measured("lanes", "P", us["P"], "us", target="< 1"), measured("lanes", "draw", us["draw"], "us"),
            Row("lanes", "NumPy / draw", us["numpy"].min() / us["draw"].min(), "×", target=">= 8")]
    for model in models:
        for size in (I, 4):
            one, many = (us[model, size, lanes].min() for lanes in (1, COMPANY))
            slope = (many - one) / (COMPANY - 1)
            about = {"model": model, "stream": "authors", "input_size": size}
            rows += [Row("lanes", "slope", slope, "us", **about), Row("lanes", "intercept", one - slope, "us", **about)]
            if size == I:
                rows.append(Row("lanes", "slope / P", slope / P, "×", target=f"< {TARGETS[model]}", **about))
        rows.append(Row("lanes", "plain loop", us["plain", model].min(), "us", model=model, stream="authors"))
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    quick = parser.parse_args().quick
    warm()
    rows = measure(MODELS, 3 if quick else 12, 0.03 if quick else 0.1)
    for row in rows:
        print(f"{row.what:24} {row.model:16} {row.input_size or '':>4} {row.value:9.2f} {row.unit:3}"
              f" {'' if row.met is None else 'met' if row.met else f'not met: {row.target}'}")
    if not quick:
        write([machine(), *rows], CSV)


if __name__ == "__main__":
    main()
