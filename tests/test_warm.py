"""The fused loop is compiled once, by a process of its own, and everybody runs the same code."""

import subprocess
import sys

import pytest

from nalu.support.paths import ROOT
from nalu.tasks import Arithmetic
from nalu.training import train
from nalu.training.fused import loop, warm

pytestmark = pytest.mark.slow

OUTCOME = """
import hashlib, sys
import numpy as np
from nalu.tasks import Arithmetic
from nalu.training import train
if len(sys.argv) > 1:  # compile some parts alone before the loop is loaded
    from numba import njit
    from nalu.training.fused import batches, products
    @njit(error_model="numpy")
    def parts(x, y):
        products.multiply(x, 0, 4, 8, x, 0, 128, 128, y, 0, 128, 4)
        batches.take_logarithms(x, 0, 512, y)
    parts(np.ones(512, np.float32), np.ones(1024, np.float32))
for model in ("NALU", "NAC_mul", "Gated_NAU_NMU"):
    history = train(model, Arithmetic(simple=True), [0, 1], 2000, engine="fused")
    print(hashlib.sha256(history.to_numpy().tobytes()).hexdigest())
"""


def run(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    return done.stdout


def test_compiling_is_announced_once(monkeypatch, tmp_path):
    calls, said = [], []
    monkeypatch.setattr(warm.Store, "folder", lambda store: tmp_path)
    monkeypatch.setattr(warm.subprocess, "run", lambda command, **_: calls.append(command) or
                        subprocess.CompletedProcess(command, 0))
    for _ in range(2):
        warm.warm(said.append)
    assert said == ["the fused engine"] and calls == [[sys.executable, "-m", warm.__name__, "float32"]]


def test_a_failure_is_one_line_and_is_tried_again(monkeypatch, tmp_path):
    monkeypatch.setattr(warm.Store, "folder", lambda store: tmp_path)
    monkeypatch.setattr(warm.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(
        command, 1, "", "Traceback\nMemoryError: out of it\n"))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="^the fused engine cannot be compiled: MemoryError"):
            warm.warm(lambda what: None)


def test_who_trains_compiles_nothing_and_runs_the_same_code():
    warm.warm()
    assert run(OUTCOME) == run(OUTCOME) == run(OUTCOME, "compile kernels first")


def test_one_compiled_loop_serves_all():
    train("NMU", Arithmetic(simple=True), [0], 1, engine="fused")
    known, compiled = [*loop.advance.signatures], {**loop.advance.stats.cache_misses}
    for settings in ({}, {"stream": "authors"}, {"optimizer": "sgd", "lambda_sparse": 1}):
        for model, task in (("NMU", Arithmetic(simple=True)), ("NALU", Arithmetic("div")),
                            ("NAU", Arithmetic("add", train_range=((-2, -1), (1, 2))))):
            train(model, task, [0, 1], 1, engine="fused", **settings)
    assert loop.advance.signatures == known
    assert loop.advance.stats.cache_misses == compiled
