"""A run is the same bytes on any processor, with any number of threads, and as long as the arithmetic is what it is."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fused_probes import product, scalar, total

from nalu.support.paths import ROOT

pytestmark = pytest.mark.slow

AVX2 = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx2,+fma"}
HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"}

TRAJECTORIES = "6d25ec47c5ced0e3"
"""Digest of the twenty conditions. It is the arithmetic of `nalu.training.fused.scalars`: who changes that, changes all
recorded runs."""
FUNCTIONS = {"exp": "2832522767c2fa59", "log": "11f218b6948ced1c", "tanh": "fbbadb2220f868da"}


def trained(threads, **processor):
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("fused_bits.py")), str(threads)], cwd=ROOT,
                          env=os.environ | processor, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def native():
    return trained(1)


def test_twenty_conditions_are_what_they_were(native):
    assert native.count("\n") == 20 + 3 and len(set(native.split())) > 20
    assert hashlib.sha256(native.encode()).hexdigest()[:16] == TRAJECTORIES, native


def test_two_threads_are_one(native):
    assert trained(2) == native


@pytest.mark.slow
@pytest.mark.skipif("x86_64" not in os.uname().machine, reason="another family of processors")
@pytest.mark.parametrize("processor", [AVX2, HASWELL], ids=["x86-64-v3", "haswell"])
def test_other_processors_give_the_same_bytes(native, processor):
    """Code for narrower vectors; compiled once, which takes its time."""
    assert trained(1, **processor) == native


@pytest.mark.parametrize("name", ["exp", "log", "tanh"])
def test_functions_are_what_they_were(name):
    """The last bit of a constant shows in some of a hundred thousand values."""
    digest = hashlib.sha256()
    for dtype in (np.float32, np.float64):
        x = np.geomspace(1e-6, 80, 100_000).astype(dtype)
        y = np.empty_like(x)
        for sign in (1, -1) if name != "log" else (1,):
            scalar(["exp", "log", "tanh"].index(name), sign * x, y)
            digest.update(y.tobytes())
    assert digest.hexdigest()[:16] == FUNCTIONS[name]


def fma(a, b, c):
    """Rounded once: float64 holds the product of two float32 and, of these numbers, the sum."""
    return np.float32(np.float64(a) * np.float64(b) + np.float64(c))


@pytest.mark.parametrize("rows", [1, 2, 5, 8, 15])
def test_a_product_is_a_chain_of_fused_multiply_adds(rows):
    rng = np.random.default_rng(rows)
    A, X = (rng.integers(-100_000, 100_000, shape).astype(np.float32) / 65536 for shape in ((rows, 37), (37, 112)))
    expected, backwards, unfused = np.zeros((3, rows, 112), np.float32)
    for k in range(37):
        expected = fma(A[:, [k]], X[k], expected)
        backwards = fma(A[:, [36 - k]], X[36 - k], backwards)
        unfused = A[:, [k]] * X[k] + unfused
    assert np.array_equal(product(A, X), expected)
    assert not np.array_equal(backwards, expected) and not np.array_equal(unfused, expected), "nothing is seen here"


def test_a_sum_over_a_batch_is_that_of_a_warp():
    x = np.random.default_rng(1).normal(size=130).astype(np.float32)
    sums = np.zeros(32, np.float32)
    for k, value in enumerate(x):
        sums[k % 32] += value
    for half in (16, 8, 4, 2, 1):
        sums = sums[:half] + sums[half : 2 * half]
    assert total(x) == sums[0]
