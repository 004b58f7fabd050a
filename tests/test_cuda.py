"""The CUDA engine gives the bytes of the fused engine: on a GPU if there is one, otherwise compiled for the processor."""

import ctypes
import sys
from contextlib import nullcontext
from dataclasses import replace
from importlib import util
from importlib.util import find_spec
from types import SimpleNamespace

import cuda_processor
import numpy as np
import pytest
from unit_cases import PAPERS

from nalu.experiments import EXPERIMENTS
from nalu.models import TwoLayer
from nalu.registry import MODELS
from nalu.results import origin
from nalu.support import extras, paths
from nalu.tasks import Arithmetic, arithmetic
from nalu.training import Plan, checkpoint
from nalu.training.cuda import gpu, program, records
from nalu.training.cuda.engine import Cuda, obstacle
from nalu.training.cuda.program import Variant
from nalu.training.engines import engine
from nalu.training.fused.engine import Fused
from nalu.training.fused.warm import warm
from nalu.units import NAC, NMU

pytestmark = pytest.mark.slow

ON_GPU = gpu.missing() is None
kernel = pytest.mark.skipif(not ON_GPU and cuda_processor.MISSING is not None, reason=str(cuda_processor.MISSING))
SMALL = {"input_size": 9, "subset_ratio": 0.4}
STEPS = 8
BASE = {"batch_size": 18, "log_every": 3, "lambda_start": 1, "lambda_end": 6, "hidden_size": 3}
OPERATIONS = ["mul", "add", "sub", "div", "squared", "root"]
FEW = 3, 1
"""Warps, and those that draw: every fiber costs its share at every barrier."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few evaluation inputs, of which the last do not fill a chunk."""
    monkeypatch.setattr(arithmetic, "EVALUATION_SIZE", 150)


def machine(**options):
    return gpu.Gpu("cuda") if ON_GPU and not options else cuda_processor.Processor(**options)


def plan(model="NMU", operation="mul", seeds=(1,), shape=SMALL, **settings):
    return Plan(model, Arithmetic(operation, **shape), seeds, STEPS, **BASE | settings)


def trained(*plans, stops=(STEPS + 1,), warps=FEW, **options):
    found = Cuda(*plans, **{"machine": machine(), "warps": warps} | options)
    for stop in stops:
        found.advance(stop)
    return found


def same_nan(array):
    """The bytes of an array, with one NaN for all: processors differ in its sign."""
    return (array if array.dtype.kind != "f" else np.where(np.isnan(array), np.array(np.nan, array.dtype), array)).tobytes()


def state_bytes(found, j=None):
    prefix = "" if len(found.plans) == 1 else f"{j}/"
    return {key.removeprefix(prefix): same_nan(array) for key, array in found.state().items() if key.startswith(prefix)}


def as_fused(one):
    """The same of the fused engine; a seed that has stopped needs no words."""
    warm(dtype=one.dtype)
    truth = Fused(one)
    truth.advance(STEPS + 1)
    state, running = truth.state(), truth.history.stopped_at == -1
    state |= {"words": state["words"] * running[:, None].astype(np.uint32), "position": state["position"] * running}
    return {key: same_nan(array) for key, array in state.items()}


@kernel
@pytest.mark.parametrize("stream", ["philox", "authors"])
@pytest.mark.parametrize("name", PAPERS)
def test_the_bytes_are_those_of_the_fused_engine(name, stream):
    operation = OPERATIONS[(list(MODELS).index(name) + (stream == "authors")) % len(OPERATIONS)]
    one = plan(name, operation, (1, 2), stream=stream)
    assert state_bytes(trained(one)) == as_fused(one)


@kernel
@pytest.mark.parametrize("name", PAPERS)
def test_in_double_precision(name):
    one = plan(name, "mul", stream="authors", dtype="float64")
    assert state_bytes(trained(one)) == as_fused(one)


SETTINGS = [
    {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-5}, {"batch_size": 1}, {"batch_size": 37},
    {"batch_size": 200}, {"hidden_size": 1}, {"hidden_size": 6}, {"lambda_sparse": 0.0}, {"log_every": 1},
    {"shape": {"input_size": 1, "subset_ratio": 1, "number_of_subsets": 1}}, {"shape": {"simple": True}},
    {"shape": {"input_size": 2, "subset_ratio": 0.5}}, {"shape": {"input_size": 20, "number_of_subsets": 3}},
    {"shape": SMALL | {"train_range": ((-2, -1), (1, 2)), "test_range": ((-6, -2), (2, 6))}},
    {"shape": SMALL | {"train_range": ((0.1, 0.7), (5.3, 5.9))}, "stream": "philox"},
    {"shape": {}, "batch_size": 128, "hidden_size": 2},
]


@kernel
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", ["NMU", "NALU", "Gated_NAU_NMU"])
def test_settings(name, settings):
    one = plan(name, **{"stream": "authors"} | settings)
    assert state_bytes(trained(one)) == as_fused(one)


@kernel
@pytest.mark.parametrize("stream", ["philox", "authors"])
def test_a_product_of_factors_as_the_first_layer(stream):
    def factors(generator):
        return TwoLayer(NMU(9, 3, generator=generator), NAC(3, 1, generator=generator))

    one = plan(factors, stream=stream)
    assert state_bytes(trained(one)) == as_fused(one)


@kernel
@pytest.mark.parametrize("warps", [(1, 0), (4, 0), (5, 2), None])
def test_the_division_of_labour_changes_nothing(warps):
    """One warp for all, all in turn, some that draw while the others learn, and the choice of the engine."""
    plans = [plan(name, stream="authors") for name in ("NALU", "NMU", "Gated_NAU_NMU")]
    found = trained(*plans, warps=warps)
    assert [state_bytes(found, j) for j in range(3)] == [as_fused(one) for one in plans]


@kernel
def test_what_does_not_fit_on_the_chip_is_kept_outside():
    plans = [plan(name, seeds=(1, 2), shape={"input_size": 100}, stream="authors", hidden_size=2) for name in ("NALU", "Gated_NAU_NMU")]
    small = cuda_processor.Processor(shared_memory=24 * 1024)
    found = trained(*plans, machine=small)
    assert not small.launched[0][0].on_chip
    assert [state_bytes(found, j) for j in range(2)] == [as_fused(one) for one in plans]
    with pytest.raises(ValueError, match=r"^engine 'cuda' cannot run this: .* bytes of shared memory, 9000 are there$"):
        Cuda(*plans, machine=cuda_processor.Processor(shared_memory=9000))


@kernel
@pytest.mark.parametrize("stream", ["philox", "authors"])
def test_where_launches_are_cut_does_not_matter(stream):
    one = plan("NALU", "add", (1, 4), stream=stream)
    cut = Cuda(one, machine=machine(), warps=FEW)
    cut.chunk = 1
    for stop in (1, 3, 4, STEPS + 1):
        cut.advance(stop)
    assert state_bytes(trained(one)) == state_bytes(cut)


MIXED = [plan("NMU", "mul", (1, 2, 3)), plan("NALU", "add", (2, 3), hidden_size=2),
         plan("Linear", "div", (1, 3), optimizer="sgd", learning_rate=1e-4, momentum=0.5),
         plan("NMU", "mul", (3,), hidden_size=5, lambda_sparse=3.0, learning_rate=0.1),
         plan("Gated_NAU_NMU", "sub", (1,)), plan("NAU", "add", (1,), {"simple": True}),
         plan("NAC_mul", "mul", (1, 2), SMALL | {"train_range": ((-2, -1), (3, 4))})]


@kernel
@pytest.mark.parametrize(("stream", "lanes", "blocks"), [("philox", 1, 12), ("authors", None, 6), ("authors", 2, 8)])
def test_lanes_beside_each_other_are_lanes_alone(stream, lanes, blocks):
    plans = [replace(one, stream=stream) for one in MIXED]
    together = trained(*plans, lanes=lanes)
    assert sum(count for *_, count in together._launches) == blocks
    for j, one in enumerate(plans):
        assert state_bytes(together, j) == as_fused(one), one.model


@kernel
def test_a_seed_that_diverges_stops_alone():
    wild = plan("Linear", "mul", (2,), learning_rate=1e30, log_every=1, optimizer="sgd")
    calm = plan("NMU", "mul", (2, 3), log_every=1)
    found = trained(wild, calm)
    stopped_at = found.histories[0].stopped_at[0]
    assert 0 < stopped_at < STEPS and (found.histories[1].stopped_at == -1).all()
    losses = found.histories[0].values[0, :, 0]
    assert not np.isnan(losses[:stopped_at]).any() and np.isnan(losses[stopped_at:]).all()
    assert state_bytes(found, 1) == as_fused(calm)
    assert state_bytes(found, 0) == as_fused(wild) == state_bytes(trained(wild, stops=(stopped_at + 1, STEPS + 1)))


@kernel
@pytest.mark.parametrize("stream", ["philox", "authors"])
def test_interrupted_is_uninterrupted(stream, tmp_path):
    plans = [plan("NMU", "mul", (6, 2), stream=stream), plan("NALU", "div", (2, 5), stream=stream)]
    found = trained(*plans, stops=())
    for stop in (1, 4, 7):
        found.advance(stop)
        checkpoint.save(tmp_path / "c.npz", found.state(), {"iteration": found.iteration})
        state, meta = checkpoint.load(tmp_path / "c.npz")
        found = trained(*plans, stops=())
        found.restore(state, meta["iteration"])
    found.advance(STEPS + 1)
    whole = trained(*plans)
    for j in range(2):
        assert state_bytes(found, j) == state_bytes(whole, j)
        assert found.histories[j].frame(9).to_csv() == whole.histories[j].frame(9).to_csv()
        assert str(found.model(0, j).state_dict()) == str(whole.model(0, j).state_dict())


@kernel
def test_the_fused_engine_takes_over():
    one = plan("NALU", "mul", (1, 2), stream="authors")
    found = trained(one, stops=(4,))
    successor = Fused(one)
    successor.restore(found.state(), 4)
    successor.advance(STEPS + 1)
    assert {key: same_nan(array) for key, array in successor.state().items()} == as_fused(one)


@kernel
def test_the_driver_is_given_what_the_kernel_needs(monkeypatch):
    """The host's side of a GPU, with a driver that runs the kernel on the processor."""
    allowed, streams = [], []

    def launch(variant, blocks, _1, _2, threads, _3, _4, size, stream, parameters, _5):
        where = ctypes.c_uint64.from_address(parameters).value
        room = np.zeros(size + 16, np.uint8)
        cuda_processor.library(variant).run(blocks, threads, ctypes.c_void_p(room.ctypes.data + -room.ctypes.data % 16),
                                            ctypes.c_void_p(ctypes.c_uint64.from_address(where).value))
        streams.append(stream)
        return (0,)

    def stream():
        return SimpleNamespace(cuda_stream=len(streams), wait_stream=lambda other: None)

    driver = SimpleNamespace(cuLaunchKernel=launch, cuFuncSetAttribute=lambda *given: allowed.append(given) or (0,),
                             CUfunction_attribute=SimpleNamespace(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES="shared"))
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(driver=driver))
    monkeypatch.setattr(gpu, "_loaded", lambda variant, *_: variant)
    for name, instead in {"device": lambda device: nullcontext(), "Stream": stream, "current_stream": stream,
                          "synchronize": lambda: None, "get_device_properties": lambda device: SimpleNamespace(
                              major=9, minor=0, multi_processor_count=132, shared_memory_per_block_optin=227 * 1024)}.items():
        monkeypatch.setattr(gpu.torch.cuda, name, instead)
    plans = [plan("NMU", "mul", (1, 2), stream="authors"), plan("NALU", "add", (2,), {"input_size": 20}, stream="authors")]
    found = trained(*plans, machine=gpu.Gpu("cpu"))
    assert [state_bytes(found, j) for j in range(2)] == [as_fused(one) for one in plans]
    assert {given[1:] for given in allowed} == {("shared", size) for (_, _, size), *_ in found._launches}
    assert len(set(streams)) == 2, "blocks of different shapes run beside each other"


@kernel
def test_the_benchmark_in_miniature(monkeypatch):
    monkeypatch.syspath_prepend(str(paths.ROOT / "benchmarks"))
    where = util.spec_from_file_location("gpu_benchmark", paths.ROOT / "benchmarks/gpu.py")
    benchmark = util.module_from_spec(where)
    where.loader.exec_module(benchmark)

    def make(*plans):
        return Cuda(*plans, machine=cuda_processor.Processor(), warps=FEW)

    tiny, parts = {"device": "cpu", "batch_size": 4}, {1: "draw", 15: "all"}
    monkeypatch.setattr(benchmark, "PARTS", parts)
    monkeypatch.setattr(benchmark, "DIVERGE", [name for name in MODELS if name != "NMU"])
    checked = [*benchmark.check(1, 1, make, "cpu", benchmark.declared()[:3])]
    timed = [*benchmark.of_parts(1, 1, 0.0, make, 10, **tiny), *benchmark.of_bundles(1, 2, 1, 0.0, make, 10, "cpu")]
    assert [row.value for rows in checked for row in rows] == [0] * len(checked)
    assert len(timed) == 4 and all(row.value > 0 for rows in timed for row in rows)
    monkeypatch.setattr(benchmark, "Fused", lambda one: Fused(replace(one, learning_rate=0.5)))
    (row,) = next(benchmark.check(1, 1, make, "cpu", benchmark.declared()[:1]))
    assert row.value == 1 and row.met is False


def test_many_lanes_are_divided_equally_and_those_with_logarithms_are_apart():
    names = ["NMU"] * 50 + ["NALU"] * 12
    found = Cuda(*(plan(name, seeds=(1, 2), hidden_size=2) for name in names), machine=cuda_processor.Processor())
    assert sorted((len(team.plans), team.seeds) for team, _ in found.teams) == [(6, (1, 2))] * 2 + [(25, (1, 2))] * 2
    assert all(shape.layout.sums + shape.layout.logs <= 64 for _, shape in found.teams)
    assert all(bool(shape.layout.logs) == (names[team.plans[0]] == "NALU") for team, shape in found.teams)


def test_all_that_is_declared_fits_on_the_chip_of_an_h100():
    seen = {}
    for experiment in EXPERIMENTS.values():
        for case in experiment.conditions:
            one = Plan(seeds=(0,), **case.plan_arguments())
            seen.setdefault((case.model, one.task.input_size, one.hidden_size, one.stream, len(one.task.train_range)), one)
    for one in seen.values():
        assert obstacle(one, cuda_processor.Processor()) is None


@pytest.mark.parametrize(("change", "message"), [
    ({"batch_size": 3}, r"differ in batch_size: \{3, 18\}|differ in batch_size: \{18, 3\}"),
    ({"batch_size": 2000}, "differ in batch_size"),
])
def test_plans_that_are_not_alike(change, message):
    with pytest.raises(ValueError, match=message):
        Cuda(plan(), plan(**change), machine=cuda_processor.Processor())


def test_a_batch_that_is_too_large():
    assert obstacle(plan(batch_size=1025), cuda_processor.Processor()) == "a batch of 1025 samples; at most 1024 are possible"
    assert obstacle(plan()) == "it runs on a GPU, not on 'cpu'; say device='cuda'"


def test_a_record_of_another_size_is_found_by_the_compiler():
    text = records.header()
    assert f'static_assert(sizeof(Block) == {records.BLOCK.itemsize}, "Block")' in text
    assert text.count("static_assert") == 5


def nvrtc():
    """Whether the compiler is installed, as by ``.[cuda]``."""
    if find_spec("cuda") is None or find_spec("cuda.bindings") is None:
        return False
    from cuda.bindings import nvrtc

    try:
        return nvrtc.nvrtcVersion()[0] == nvrtc.nvrtcResult.NVRTC_SUCCESS
    except Exception:  # the bindings are there and the library is not
        return False


compiler = pytest.mark.skipif(not nvrtc(), reason="needs NVRTC: pip install '.[cuda]'")


@pytest.mark.slow
@compiler
@pytest.mark.parametrize("variant", [Variant("float32", True, 4), Variant("float64", False, 4)], ids=str)
def test_it_compiles_without_a_gpu(variant, tmp_path, monkeypatch):
    """And is compiled anew where what was kept is damaged."""
    calls, real = [], program.compile_with
    monkeypatch.setattr(program, "compile_with", lambda options: calls.append(options) or real(options))
    monkeypatch.setattr(type(program.STORE), "folder", lambda self: tmp_path)
    code = program.compiled(variant, (9, 0))
    assert code.startswith(b"\x7fELF") and program.compiled(variant, (9, 0)) == code and len(calls) == 1
    (file,) = tmp_path.glob("*.cubin")
    file.write_bytes(file.read_bytes()[:-1])
    assert program.compiled(variant, (9, 0)) == code and len(calls) == 2


@pytest.mark.skipif(ON_GPU, reason="there is a GPU")
def test_without_a_gpu_it_says_what_to_do():
    with pytest.raises(ValueError) as error:
        engine("cuda", Plan("NMU"))
    assert str(error.value) == f"engine 'cuda' cannot run this: {gpu.missing()}"
    assert "pip install 'nalu[cuda]'" in str(error.value) or "GPU" in str(error.value)
    assert "\n" not in str(error.value)


def test_on_the_cpu_auto_stays_fused():
    assert type(engine("auto", Plan("NMU", Arithmetic(simple=True), iterations=1))) is Fused


def test_without_the_bindings(monkeypatch):
    monkeypatch.setattr(extras, "_found", lambda name: False)
    assert gpu.missing() == "cuda.bindings is not installed: pip install 'nalu[cuda]'"


def test_a_copy_without_git_can_say_its_commit(monkeypatch):
    monkeypatch.setattr(origin, "_git", lambda *_: "")
    monkeypatch.delenv("NALU_COMMIT", raising=False)
    assert origin.commit() == "unknown"
    monkeypatch.setenv("NALU_COMMIT", "3d153a6abc")
    assert origin.commit() == "3d153a6abc"
