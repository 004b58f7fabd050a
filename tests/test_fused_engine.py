"""Which engine runs a plan, what it says when it cannot, and where its code is kept."""

import inspect
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from numba import typeof
from numba.core import config
from unit_cases import PAPERS

from nalu import units
from nalu.models import TwoLayer, build
from nalu.tasks import Arithmetic
from nalu.training import Plan, fit, train
from nalu.training.engines import engine
from nalu.training.fused import weights
from nalu.training.fused.cache import ENGINE
from nalu.training.fused.engine import Fused, obstacle
from nalu.training.fused.kernels import KERNELS
from nalu.training.reference import Reference

pytestmark = pytest.mark.slow

TASK = Arithmetic(input_size=8)


class Halved(units.NMU):
    """A unit of one's own: it has no kernel, though its base has one."""

    def forward(self, x):
        return super().forward(x) / 2


def halved(generator):
    return TwoLayer(units.NAU(8, 2, generator), Halved(2, 1, generator))


def borrowed_name(generator):
    class NMU(Halved):
        pass

    return TwoLayer(units.NAU(8, 2, generator), NMU(2, 1, generator))


def three_layers(generator):
    class Three(TwoLayer):
        def forward(self, x):
            return super().forward(x) + 1

    return Three(units.NAU(8, 2, generator), units.NMU(2, 1, generator))


def without_kernel(generator):
    return TwoLayer(units.Tanh(8, 2, generator), units.Linear(2, 1, generator))


def mixed(generator):
    """No model of the registry, but of units that have kernels."""
    return TwoLayer(units.ReLU(8, 3, generator), units.GatedNAUNMU(3, 1, generator))


@pytest.mark.parametrize("name", PAPERS)
def test_every_model_of_the_papers_has_a_kernel(name):
    assert obstacle(Plan(name, TASK)) is None
    assert isinstance(engine("auto", Plan(name, TASK, iterations=1)), Fused)


@pytest.mark.parametrize("model, reason", [
    (halved, "unit Halved has no kernel"),
    (borrowed_name, "unit NMU has no kernel"),
    (three_layers, "three_layers is no nalu.models.TwoLayer"),
    (without_kernel, "unit Tanh has no kernel"),
])
def test_what_has_no_kernel_is_trained_by_the_reference(model, reason):
    plan = Plan(model, TASK, (0,), 2)
    assert isinstance(engine("auto", plan), Reference)
    with pytest.raises(ValueError) as error:
        engine("fused", plan)
    assert str(error.value) == f"engine 'fused' cannot run this: {reason}; allowed: 'reference'"
    history = train(model, TASK, [0], 2)
    assert history.attrs["engine"] == "reference" and len(history) == 1


def test_a_builder_of_known_units_is_trained_by_the_fused_engine():
    trained = fit(mixed, TASK, [0, 3], 20, log_every=20)
    assert trained.history.attrs["engine"] == "fused"
    assert trained.history["gate"].between(0, 1).all()
    assert isinstance(trained.models[3].second, units.GatedNAUNMU)


def test_a_builder_of_the_networks_of_the_registry_gives_the_same_training():
    def same(generator):
        return build("NMU", 8, 2, generator=generator)

    settings = {"engine": "fused", "log_every": 10}
    assert train(same, TASK, [3], 20, **settings).equals(train("NMU", TASK, [3], 20, **settings))


def test_the_fused_engine_runs_on_the_cpu_only():
    plan = Plan("NMU", TASK, (0,), 2, device="meta")  # a device that every PyTorch has
    assert obstacle(plan) == "it runs on the CPU, not on 'meta'"
    with pytest.raises(ValueError, match="^engine 'fused' cannot run this: it runs on the CPU"):
        engine("fused", plan)


def test_a_gpu_is_refused_in_one_line():
    with pytest.raises(ValueError) as error:
        train("NMU", TASK, [0], 2, engine="fused", device="cuda")
    assert "cuda" in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_engine_is_named():
    with pytest.raises(ValueError, match="engine.*'fusd'.*fused"):
        train("NMU", TASK, [0], 2, engine="fusd")


def test_learned_networks_are_those_of_the_loop():
    """The parameters of the loop come back under the names of the units."""
    for name in PAPERS:
        machine = Fused(Plan(name, TASK, (0, 1), 5, hidden_size=3))
        expected = torch.nn.utils.parameters_to_vector
        start = expected(machine.model(1).parameters())
        assert torch.equal(start, expected(build(
            name, 8, 3, generator=torch.Generator().manual_seed(1)).parameters())), name


def test_kinds_of_weights_have_the_functions_that_the_documentation_names():
    named = {"weight": "p, q", "chain": "p, q, a, b, dw", "smaller": "p"}
    for name, arguments in named.items():
        assert f"``{name}({arguments})``" in weights.__doc__
        for kind in weights.KINDS.values():
            assert len(inspect.signature(getattr(kind, name).py_func).parameters) == arguments.count(",") + 1


def test_every_matrix_is_of_a_known_kind_and_has_a_part():
    for name, kernel in KERNELS.items():
        parts = "".join(matrix.roles for matrix in kernel.matrices)
        assert {matrix.kind for matrix in kernel.matrices} <= set(weights.KINDS), name
        assert len(set(parts)) == len(parts) and set(parts) <= set("GAMB"), name
        assert ("M" in parts) == bool(kernel.product) and kernel.gated == ("G" in parts), name
        for matrix in kernel.matrices:
            assert len(matrix.tensors) == 1 + weights.KINDS[matrix.kind].two, name


# -- compiled code -----------------------------------------------------------------------


VARIANTS = {
    "operation": {"task": Arithmetic("add", input_size=8)}, "model": {"model": "NALU"},
    "seeds": {"seeds": (1, 2, 3)}, "iterations": {"iterations": 5000}, "stream": {"stream": "authors"},
    "hidden_size": {"hidden_size": 5}, "batch_size": {"batch_size": 7}, "log_every": {"log_every": 3},
    "sgd": {"optimizer": "sgd", "momentum": 1, "learning_rate": 1}, "subsets": {"task": Arithmetic(simple=True)},
    "schedule": {"lambda_sparse": 1, "lambda_start": 0, "lambda_end": 7},
    "two intervals": {"task": Arithmetic(input_size=8, train_range=((-2, -1), (1, 2)))},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_compilation_serves_all_plans(variant):
    """Types decide; a plan with other types would wait half a minute for its own code."""
    usual, other = (Fused(Plan(**{"model": "NMU", "task": TASK, "iterations": 3} | settings))
                    for settings in ({}, VARIANTS[variant]))
    assert typeof(other.settings) == typeof(usual.settings)
    assert typeof(other.shared) == typeof(usual.shared)
    assert typeof(other.slots) == typeof(usual.slots)
    assert typeof(other.lanes) == typeof(usual.lanes)


def test_the_folder_of_compiled_code_is_named_after_the_sources(tmp_path):
    copies = []
    for path in ENGINE.sources:
        copy = tmp_path / f"{len(copies)}.py"
        copy.write_bytes(path.read_bytes())
        copies.append(copy)
    before = ENGINE.folder()
    copied = replace(ENGINE, sources=tuple(copies))
    assert copied.folder() == before, "the contents count, not the place"
    for copy in copies:
        text = copy.read_bytes()
        copy.write_bytes(text + b"\n")
        assert copied.folder() != before, copy
        copy.write_bytes(text)
    assert copied.folder() == before


def test_every_source_of_compiled_code_counts():
    """What the modules of the loop import from this package is either a source or no code."""
    sources = {path.resolve() for path in ENGINE.sources}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("nalu.training.fused"):
            assert Path(module.__file__).resolve() in sources, name


def test_the_setting_of_numba_is_put_back():
    before = config.CACHE_DIR
    with ENGINE.kept():
        assert config.CACHE_DIR == str(ENGINE.folder())
    assert before == config.CACHE_DIR
