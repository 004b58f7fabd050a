"""Tests of the CUDA engine, in Numba's simulator or on a GPU; `test_cuda` starts them.

    NUMBA_ENABLE_CUDASIM=1 python -m pytest tests/cuda_kernels.py    without a GPU
    python -m pytest tests/cuda_kernels.py                           on one
"""

import sys
import warnings

import numpy as np
import pytest
from fused_cases import as_fused
from numba import cuda, uint32
from unit_cases import PAPERS

from nalu.registry import MODELS
from nalu.tasks import Arithmetic, arithmetic
from nalu.training import Plan, checkpoint, reference
from nalu.training.cuda import blocks, draw, gpu
from nalu.training.cuda.engine import Cuda
from nalu.training.cuda.target import SIMULATED, u64
from nalu.training.reference import Reference
from nalu.training.streams import philox_inputs
from nalu.units.initialisation import nac_bound

pytestmark = pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
SMALL = {"input_size": 9, "subset_ratio": 0.4}
STEPS = 8
BASE = {"batch_size": 18, "log_every": 3, "lambda_start": 1, "lambda_end": 6, "hidden_size": 3}
OPERATIONS = ["mul", "add", "sub", "div", "squared", "root"]

CALM = [name for name in PAPERS
        if not any(unit.startswith(("NAC", "NALU")) for unit in (MODELS[name].first, MODELS[name].second))]
SATURATED = nac_bound(3, 1) + STEPS * 1e-3
OF_SATURATED_SLOPE = np.finfo(float).eps / (1 - np.tanh(SATURATED) ** 2)
"""As in `test_fused_trajectories`: what the rounding of tanh leaves in its slope."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few evaluation inputs, one lane of the reference, threads of Python that take turns often."""
    monkeypatch.setattr(arithmetic, "EVALUATION_SIZE", 25)
    monkeypatch.setattr(reference, "LANES", 1)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, at every overflow of an integer
        yield
    sys.setswitchinterval(before)


def plan(name="NMU", operation="mul", seeds=(1,), shape=SMALL, **settings):
    return Plan(name, Arithmetic(operation, **shape), seeds, STEPS, **BASE | settings)


def trained(*plans, stops=(STEPS + 1,), **options):
    machine = Cuda(*plans, **options)
    for stop in stops:
        machine.advance(stop)
    return machine


def state_bytes(machine, j=None):
    prefix = "" if len(machine.plans) == 1 else f"{j}/"
    return {key.removeprefix(prefix): array.tobytes() for key, array in machine.state().items()
            if key.startswith(prefix)}


def errors(one):
    """Largest errors of parameters, m and v after single steps from the reference's state, and of the rows."""
    truth, machine = Reference(one), Cuda(one)
    names, found = machine.parts[0].names(), np.zeros((STEPS, 3))
    for t in range(STEPS):
        machine.restore(as_fused(truth, names, 0), t)
        machine.advance(t + 1)
        truth.advance(t + 1)
        ours, theirs = machine.state(), as_fused(truth, names, 0)
        assert not theirs["words"].any() or np.array_equal(ours["words"], theirs["words"])
        assert np.array_equal(ours["position"], theirs["position"]) or one.stream == "philox"
        for n, key in enumerate(("parameters", "m", "v")):
            scale = 1.0 if n == 0 else max(np.abs(theirs[key]).max(), 1e-300)
            found[t, n] = np.abs(ours[key] - theirs[key]).max() / scale
    ours, theirs = machine.history.values[0], truth.history.values[0]
    logged = -(-STEPS // one.log_every)
    assert np.isfinite(theirs[:logged, :5]).all()
    assert np.array_equal(np.isnan(ours[:logged]), np.isnan(theirs[:logged]))
    rows = np.abs(ours - theirs)[:logged] / np.maximum(np.abs(theirs[:logged]), 1e-300)
    return found, np.nanmax(np.where(ours[:logged] == theirs[:logged], 0, rows))


@pytest.mark.parametrize("stream", ["philox", "authors"])
@pytest.mark.parametrize("name", PAPERS)
def test_the_steps_are_those_of_the_reference(name, stream):
    operation = OPERATIONS[(PAPERS.index(name) + (stream == "authors")) % len(OPERATIONS)]
    found, rows = errors(plan(name, operation, stream=stream, dtype="float64"))
    W, m, v = found.max(0)
    of_m, of_v = (1e-9, 1e-9) if name in CALM else (OF_SATURATED_SLOPE, 2 * OF_SATURATED_SLOPE)
    assert W < max(1e-11, 1e-3 * of_m) and m < of_m and v < of_v, "of steps of 1e-3"
    assert rows < 1e-9


@pytest.mark.parametrize("name, stream", [("NMU", "authors"), ("NAU", "philox"), ("Linear", "authors"),
                                          ("Gated_NAU_NMU", "philox"), ("ReLU6", "authors")])
def test_in_single_precision(name, stream):
    found, rows = errors(plan(name, "mul", stream=stream))
    assert found[:, 0].max() < 1e-6 and np.median(found, 0)[1:].max() < 1e-5 and rows < 1e-4


@pytest.mark.parametrize("settings", [
    {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-5}, {"batch_size": 1}, {"batch_size": 3},
    {"batch_size": 37}, {"hidden_size": 1}, {"hidden_size": 6}, {"lambda_sparse": 0.0}, {"log_every": 1},
    {"shape": {"input_size": 1, "subset_ratio": 1, "number_of_subsets": 1}}, {"shape": {"simple": True}},
    {"shape": {"input_size": 20, "number_of_subsets": 3}},
    {"shape": SMALL | {"train_range": ((-2, -1), (1, 2))}},
    {"shape": SMALL | {"train_range": ((0.1, 0.7), (5.3, 5.9))}, "stream": "philox"},
], ids=str)
@pytest.mark.parametrize("name", ["NMU", "Gated_NAU_NMU"])
def test_settings(name, settings):
    found, rows = errors(plan(name, **{"dtype": "float64", "stream": "authors"} | settings))
    assert found[:, 0].max() < 1e-11 and found[:, 1:].max() < 1e-9 and rows < 1e-9


@cuda.jit
def draw_philox(x, seed, t, I, B, S, low, width):
    thread, threads = u64(cuda.threadIdx.x), u64(cuda.blockDim.x)
    draw.philox_inputs(x, u64(0), S, I, B, seed, t, low[0], width[0], low[1], width[1], u64(low.size - 1),
                       thread, threads)


@pytest.mark.parametrize("where", [((1, 2),), ((-2, -1), (3, 4)), ((0.1, 0.7), (5.3, 5.9))])
@pytest.mark.parametrize("I, B", [(5, 6), (1, 1), (3, 7)])
def test_philox_bit_by_bit(where, I, B):
    task, S = Arithmetic(input_size=100, train_range=where), B | 1
    object.__setattr__(task, "input_size", I)
    low, high = np.array([*where, where[-1], where[-1]][: len(where) + 1]).T.copy()
    for seed, t in ((0, 0), (85, 4_999_999)):
        x = np.zeros(I * S, np.float32)
        draw_philox[1, 8](x, *(u64(n) for n in (seed, t, I, B, S)), low, high - low)
        found = x.reshape(I, S)[:, :B].T
        assert found.tobytes() == philox_inputs(task, seed, t, B).tobytes()


@cuda.jit
def draw_twister(words, position, low, width, into, flags, counts):
    """Into ``into``: numbers, coins for the first of them, and so on; the words after all."""
    u = cuda.shared.array(0, uint32)
    thread, threads = u64(cuda.threadIdx.x), u64(cuda.blockDim.x)
    k = thread
    while k < u64(624):
        u[k] = words[k]
        k += threads
    draw.sync_block()
    now, other, at, begin = u64(0), u64(624), u64(624), u64(0)
    for n in range(counts.size):
        count = u64(counts[n])
        if n % 2 == 0:
            now, other, at = draw.uniform(u, now, other, at, low, width, into, begin, count, thread, threads)
        else:
            now, other, at = draw.choose(u, now, other, at, into, begin, begin + count, count, thread,
                                         threads)
        begin += count
        draw.sync_block()
    k = thread
    while k < u64(624):
        words[k] = u[now + k]
        k += threads
    if thread == u64(0):
        position[0] = at


def test_the_twister_bit_by_bit():
    """Blocks of every parity, across refills; coins keep a number where they are 1."""
    counts = [700, 5, 311, 1, 312, 3, 1500, 2]
    rng = np.random.RandomState(7)
    words, position = rng.get_state()[1].copy(), np.zeros(1, np.uint64)
    into, expected = np.zeros(sum(counts) + 1600), []
    for n, count in enumerate(counts):
        if n % 2 == 0:
            expected += [*rng.uniform(-2, 7, count)]
        else:
            expected += [0.0 * c for c in rng.randint(2, size=count)]
    draw_twister[1, 8, 0, 4 * 2 * 624](words, position, -2.0, 9.0, into, np.zeros(1), np.array(counts))
    assert into[: len(expected)].tobytes() == np.array(expected).tobytes()
    assert np.array_equal(words, rng.get_state()[1]) and position[0] == rng.get_state()[2]


@pytest.mark.parametrize("stream", ["philox", "authors"])
def test_where_launches_are_cut_does_not_matter(stream):
    one = plan("NALU", "add", (1, 4), stream=stream)
    whole = trained(one)
    cut = Cuda(one)
    cut.chunk = 1
    for stop in (1, 3, 4, 9):
        cut.advance(stop)
    assert state_bytes(whole) == state_bytes(cut)


MIXED = [plan("NMU", "mul", (1, 2, 3)), plan("NALU", "add", (2, 3), hidden_size=2),
         plan("Linear", "div", (1, 3), optimizer="sgd", learning_rate=1e-4, momentum=0.5),
         plan("NMU", "mul", (3,), hidden_size=5, lambda_sparse=3.0, learning_rate=0.1),
         plan("Gated_NAU_NMU", "sub", (1,)), plan("NAU", "add", (1,), {"simple": True}),
         plan("NAC_mul", "mul", (1, 2), SMALL | {"train_range": ((-2, -1), (3, 4))})]


@pytest.mark.parametrize("stream, size", [("philox", 1), ("philox", 5), ("authors", None), ("authors", 3)])
def test_lanes_beside_each_other_are_lanes_alone(stream, size):
    from dataclasses import replace

    plans = [replace(one, stream=stream) for one in MIXED]
    together = trained(*plans, lanes_per_block=size)
    assert len(together.blocks) < sum(len(one.seeds) for one in plans) or size == 1
    for j, one in enumerate(plans):
        assert state_bytes(together, j) == state_bytes(trained(one)), one.model
    shared = {block.key for block in together.blocks if len(block.lanes) > 1}
    assert shared or size == 1


def test_a_seed_that_diverges_stops_alone():
    wild = plan("Linear", "mul", (2,), learning_rate=1e30, log_every=1, optimizer="sgd")
    calm = plan("NMU", "mul", (2, 3), log_every=1)
    machine = trained(wild, calm)
    stopped_at = machine.histories[0].stopped_at[0]
    assert 0 < stopped_at < STEPS and (machine.histories[1].stopped_at == -1).all()
    assert np.isfinite(machine.histories[0].values[0, :stopped_at, 0]).all()
    assert np.isnan(machine.histories[0].values[0, stopped_at:, 0]).all()
    assert state_bytes(machine, 1) == state_bytes(trained(calm))
    assert state_bytes(machine, 0) == state_bytes(trained(wild, stops=(stopped_at + 1, STEPS + 1)))


@pytest.mark.parametrize("stream", ["philox", "authors"])
def test_interrupted_is_uninterrupted(stream, tmp_path):
    plans = [plan("NMU", "mul", (6, 2), stream=stream), plan("NALU", "div", (2, 5), stream=stream)]
    machine = Cuda(*plans)
    for stop in (1, 4, 7):
        machine.advance(stop)
        checkpoint.save(tmp_path / "c.npz", machine.state(), {"iteration": machine.iteration})
        state, meta = checkpoint.load(tmp_path / "c.npz")
        machine = Cuda(*plans)
        machine.restore(state, meta["iteration"])
    machine.advance(STEPS + 1)
    whole = trained(*plans)
    for j in range(2):
        assert state_bytes(machine, j) == state_bytes(whole, j)
        assert machine.histories[j].frame(9).to_csv() == whole.histories[j].frame(9).to_csv()


@pytest.mark.skipif(not SIMULATED, reason="a GPU has the memory it has")
def test_less_shared_memory_gives_the_same(monkeypatch):
    """The logarithms of the inputs move to global memory, then there is one warp."""
    one = plan("NALU", "add", (1, 2), hidden_size=2)
    whole, small = trained(one), None
    for limit in range(whole.blocks[0].size, 0, -400):
        monkeypatch.setattr(gpu, "_SHARED", limit)
        try:
            small = Cuda(one)
        except ValueError as error:
            assert "shared memory" in str(error)
            break
    assert small.blocks[0].places["logs"] == 2 and small.blocks[0].warps == 1
    small.advance(STEPS + 1)
    assert state_bytes(small) == state_bytes(whole)


def test_plans_that_are_not_alike():
    with pytest.raises(ValueError, match="differ in batch_size"):
        Cuda(plan(), plan(batch_size=3))


def test_streams_are_cut_so_that_the_gpu_is_filled_evenly():
    assert blocks.best_size([1] * 100, "philox", 264) == 1
    assert blocks.best_size([66] * 100, "authors", 264) > blocks.WARPS, "a batch is drawn for many"
    assert blocks.best_size([2] * 132, "authors", 264) == 1, "rather than leave half of the GPU idle"
