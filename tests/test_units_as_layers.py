"""Every unit is a drop-in PyTorch layer: shapes, precisions, vmap, copies, recurrent cells."""

import ast
import copy
import inspect
import re
from os.path import commonprefix
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from unit_cases import GATED, NAMES, RANGED, allowed, fill, make, smooth

from nalu import units

BASELINES = {"Linear", "ReLU", "ReLU6", "ELU", "SELU", "Tanh", "Sigmoid", "Softsign"}
FOLDER = Path(units.__file__).parent


@pytest.mark.parametrize("shape", [(), (5,), (1,), (2, 3), (2, 1, 3), (0,), (2, 0, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_any_leading_shape(name, shape, numbers):
    unit, x = fill(make(name), numbers, -0.5, 0.9), allowed(name, numbers(*shape, 4))
    z = unit(x)
    assert z.shape == (*shape, 3)
    rows = [unit(row) for row in x.reshape(-1, 4)]
    expected = torch.stack(rows) if rows else torch.empty(0, 3, dtype=x.dtype)
    torch.testing.assert_close(z.reshape(-1, 3), expected)
    if name in GATED:
        assert unit.gate(x).shape == (*shape, 3)


@pytest.mark.parametrize("size, wrong", [(4, 3), (4, 5), (4, 1), (1, 4), (4, 0)])
@pytest.mark.parametrize("name", NAMES)
def test_another_number_of_features_is_refused_with_both_numbers(name, size, wrong):
    """Also where one input would be taken for all of them."""
    with pytest.raises(ValueError, match=rf"^{name} takes {size} features, the input has {wrong}$"):
        make(name, size)(torch.ones(7, wrong, dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_a_number_is_no_input(name):
    with pytest.raises(ValueError, match=rf"^{name} takes 1 features, the input has none$"):
        make(name, 1)(torch.tensor(2.0, dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_both_precisions_have_the_same_weights_and_nearly_the_same_output(name, numbers):
    single, double = make(name, dtype=torch.float32), make(name, dtype=torch.float64)
    for key, value in single.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value.double(), double.state_dict()[key])
    x = allowed(name, numbers(6, 4))
    assert single(x.float()).dtype == torch.float32 and double(x).dtype == torch.float64
    torch.testing.assert_close(single(x.float()).double(), double(x), rtol=1e-4, atol=1e-5)
    assert torch.equal(copy.deepcopy(single).double().weight(), double.weight())


@pytest.mark.parametrize("name", NAMES)
def test_vmap_over_stacked_parameters(name, numbers):
    several = [fill(make(name), numbers, -0.5, 0.9) for _ in range(3)]
    x = allowed(name, numbers(3, 5, 4))
    parameters, buffers = stack_module_state(several)
    assert not buffers
    z = vmap(lambda p, x: functional_call(several[0], p, (x,)))(parameters, x)
    expected = [unit(row) for unit, row in zip(several, x, strict=True)]
    torch.testing.assert_close(z, torch.stack(expected))


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_and_deepcopy(name, numbers, tmp_path):
    unit, other = fill(smooth(name), numbers, -0.5, 0.9), smooth(name)
    x = allowed(name, numbers(6, 4))
    assert not torch.equal(unit(x), other(x))
    torch.save(unit.state_dict(), tmp_path / "unit.pt")
    other.load_state_dict(torch.load(tmp_path / "unit.pt", weights_only=True))
    twin = copy.deepcopy(unit)
    assert torch.equal(unit(x), other(x)) and torch.equal(unit(x), twin(x))
    for parameter in twin.parameters():
        parameter.data.add_(0.05)
    assert torch.equal(unit(x), other(x)) and not torch.equal(unit(x), twin(x))


STILL = {("NPU", "W_im"), ("MulMCFCSignRealNPU", "g")}
"""What positive inputs do not teach: an imaginary exponent, and the gate of a sign."""


@pytest.mark.parametrize("name", NAMES)
def test_use_as_a_recurrent_cell(name, numbers):
    cell, x = smooth(name, 3 + 2, 2), numbers(4, 6, 3, low=0.2, high=0.8)  # [T, B, I]
    optimiser = torch.optim.Adam(cell.parameters(), 0.01)
    first = [p.detach().clone() for p in cell.parameters()]
    for _ in range(3):
        h = torch.ones(6, 2, dtype=x.dtype)
        for x_t in x:
            h = cell(torch.cat([x_t, h], -1))
        optimiser.zero_grad()
        (h.square().mean() + cell.penalty()).backward()
        for key, parameter in cell.named_parameters():
            assert parameter.grad.isfinite().all() and parameter.grad.any() == ((name, key) not in STILL)
        optimiser.step()
        cell.project_()
    assert all(torch.equal(a, b) == ((name, key) in STILL) for a, (key, b) in zip(first, cell.named_parameters(), strict=True))


# -- range -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_projection_is_idempotent_and_only_where_there_is_a_range(name, numbers):
    unit = fill(make(name), numbers, -3, 3)
    before = {k: v.clone() for k, v in unit.state_dict().items()}
    weight, objects = unit.weight().clone(), [id(p) for p in unit.parameters()]
    unit.project_()
    once = {k: v.clone() for k, v in unit.state_dict().items()}
    unit.project_()
    assert all(torch.equal(once[k], v) for k, v in unit.state_dict().items())
    assert any(not torch.equal(once[k], v) for k, v in before.items()) == (name in RANGED)
    assert torch.equal(unit.weight(), weight), "the projection changed the effective weight"
    assert [id(p) for p in unit.parameters()] == objects, "an optimiser would lose them"
    if name in RANGED:
        raw = torch.stack([unit.nau.W, unit.nmu.W]) if name == "GatedNAUNMU" else unit.W
        assert torch.equal(raw, weight)


@pytest.mark.parametrize("name", NAMES)
def test_projection_leaves_weights_in_range_alone(name, numbers):
    unit = fill(make(name), numbers, 0, 1)
    before = copy.deepcopy(unit.state_dict())
    unit.project_()
    assert all(torch.equal(before[k], v) for k, v in unit.state_dict().items())


@pytest.mark.parametrize("name", ["NAU", "NMU"])
def test_ablation_does_not_project_but_clamps_forward(name, numbers):
    unit, ablation = make(name), make(f"{name}NoClamp")
    fill(unit, numbers, -3, 3)
    ablation.load_state_dict(unit.state_dict())
    raw, x = ablation.W.clone(), numbers(6, 4)
    assert torch.equal(ablation(x), unit(x)) and torch.equal(ablation.penalty(), unit.penalty())
    ablation.project_()
    unit.project_()
    assert torch.equal(ablation.W, raw) and not torch.equal(unit.W, raw)
    assert torch.equal(ablation(x), unit(x))


@pytest.mark.parametrize("later", [False, True], ids=["this PyTorch", "2.14"])
@pytest.mark.parametrize("name, low", [("NAU", -1.0), ("NMU", 0.0), ("NACMulNMU", 0.0)])
def test_clamp_has_a_gradient_on_the_boundary_and_none_outside(name, low, later, monkeypatch):
    """Also where PyTorch's own has none on the boundary, as a hard tanh: a projected weight could never come back."""
    if later:
        monkeypatch.setattr(torch.Tensor, "clamp", nn.functional.hardtanh)
    unit = make(name, 4, 1)
    unit.W.data = torch.tensor([[low, 1.0, low - 0.1, 1.1]], dtype=torch.float64)
    unit(torch.full((4,), 3.0, dtype=torch.float64)).backward()
    assert (unit.W.grad != 0).tolist() == [[True, True, False, False]]


# -- what a unit is made of --------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_public_surface(name):
    unit = make(name)
    own = {key for cls in type(unit).__mro__[: type(unit).__mro__.index(nn.Module)]
           for key in vars(cls) if not key.startswith("_")}
    offered = (own - set(dir(nn.Module))) | {"forward"}
    expected = {"weight", "forward", "penalty", "project_", "reset_parameters"}
    assert offered == expected | ({"gate"} if name in GATED else set())
    plain = {key for key in vars(unit) if not key.startswith("_")} - set(vars(nn.Module()))
    assert plain == {"in_features", "out_features"}


@pytest.mark.parametrize("name", NAMES)
def test_takes_no_flag(name):
    parameters = inspect.signature(getattr(units, name)).parameters
    assert list(parameters) == ["in_features", "out_features", "generator", "device", "dtype"]
    assert "4, 3" in repr(make(name))


@pytest.mark.parametrize("name", NAMES)
def test_file_is_named_like_the_unit(name):
    cls = getattr(units, name)
    stem = cls.__module__.rpartition(".")[2].replace("_", "")
    if name in BASELINES:
        assert stem == "linear"
        return
    assert name.lower().startswith(stem)
    module = inspect.getmodule(cls)
    here = [n for n in NAMES if getattr(units, n).__module__ == cls.__module__]
    assert stem == commonprefix([n.lower() for n in here])
    assert "$$" in module.__doc__, "the file does not state its equation"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_no_unit_imports_anything_from_outside(path):
    source = path.read_text("utf8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found = [node.module]
        else:
            assert not isinstance(node, ast.ImportFrom) or node.level == 1
            continue
        for module in found:
            allowed = {"__future__", "collections", "functools", "math", "numbers", "torch", "typing"}
            assert module.split(".")[0] in allowed
    assert not re.search(r": bool\b", source)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-3, 1), (1, -1)])
@pytest.mark.parametrize("name", NAMES)
def test_sizes_below_one(name, sizes):
    bad = min(sizes)
    with pytest.raises(ValueError, match=rf"^(in|out)_features is {bad}; .* at least 1$"):
        getattr(units, name)(*sizes)


@pytest.mark.parametrize("size", [2.5, "2", None, True])
def test_sizes_that_are_no_integers(size):
    with pytest.raises(ValueError, match=rf"in_features.*{re.escape(repr(size))}"):
        units.NMU(size, 1)
