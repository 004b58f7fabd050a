"""Every unit goes through what PyTorch does to layers: compilers, half precision, autocast, the meta device."""

import pytest
import torch
from unit_cases import NAMES, fill, make, smooth

from nalu import units

LAST_PLACES = 6
"""How far a unit of four inputs between 1/2 and 2 may be off, in units of its precision's last place; book/use_it.md says so, too."""


@pytest.fixture
def unit(request, numbers):
    return fill(smooth(request.param), numbers, 0.1, 0.9)


every = pytest.mark.parametrize("unit", NAMES, indirect=True)


@every
def test_compiled_as_one_graph_for_every_size_of_a_batch(unit, numbers):
    """By a backend that needs no C++ compiler; values, and gradients of inputs and parameters."""
    torch.compiler.reset()
    compiled = torch.compile(unit, fullgraph=True, dynamic=True, backend="aot_eager")
    with torch._dynamo.config.patch(error_on_recompile=True):
        for size in (5, 3, 7):
            got, wanted = (numbers(size, 4, low=0.2).requires_grad_() for _ in range(2))
            wanted.data = got.data.clone()
            torch.testing.assert_close(compiled(got), unit(wanted))
            found = torch.autograd.grad(compiled(got).square().sum(), [got, *unit.parameters()])
            torch.testing.assert_close(found, torch.autograd.grad(unit(wanted).square().sum(), [wanted, *unit.parameters()]))


@every
def test_exported_for_every_size_of_a_batch(unit, numbers, tmp_path):
    program = torch.export.export(unit, (numbers(5, 4, low=0.2),), dynamic_shapes={"x": {0: torch.export.Dim("batch")}})
    torch.export.save(program, tmp_path / "unit.pt2")
    again, x = torch.export.load(tmp_path / "unit.pt2").module(), numbers(9, 4, low=0.2)
    torch.testing.assert_close(again(x), unit(x))


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
def test_accuracy_of_a_precision(unit, dtype, numbers):
    unit, x = unit.eval().to(dtype), numbers(500, 4, low=0.5, high=2.0).to(dtype)
    z = unit(x)
    assert z.dtype == dtype
    exact = unit.double()(x.double())
    error = ((z.double() - exact).abs() / exact.abs().clamp_min(0.5)).max().item()
    assert 0 < error <= LAST_PLACES * torch.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_exact_weights_are_exact_in_half_precision(dtype):
    sums, products = units.NAU(4, 1, dtype=dtype), units.NMU(4, 1, dtype=dtype)
    sums.W.data, products.W.data = torch.tensor([[1, -1, 0, 1]]).to(dtype), torch.tensor([[1, 1, 0, 1]]).to(dtype)
    x = torch.cartesian_prod(*[torch.arange(6)] * 4)
    assert torch.equal(sums(x.to(dtype)).long(), (x[:, :1] - x[:, 1:2] + x[:, 3:]))
    assert torch.equal(products(x.to(dtype)).long(), (x[:, :1] * x[:, 1:2] * x[:, 3:]))


def test_a_step_of_the_papers_is_lost_in_half_precision():
    """Why parameters stay in single precision, as the page says."""
    assert torch.tensor(0.9, dtype=torch.bfloat16) + 1e-3 == torch.tensor(0.9, dtype=torch.bfloat16)
    assert torch.tensor(0.9) + 1e-3 != torch.tensor(0.9)


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_trains_parameters_of_single_precision(unit, dtype, numbers):
    unit, x = unit.float(), numbers(100, 4, low=0.5, high=2.0).float()
    with torch.autocast("cpu", dtype=dtype):
        z = unit(x)
        (z.float().square().mean() + unit.penalty()).backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in unit.parameters())
    exact = unit.double()(x.double())
    assert ((z.double() - exact).abs() / exact.abs().clamp_min(0.5)).max() <= LAST_PLACES * torch.finfo(dtype).eps


@pytest.mark.parametrize("name", NAMES)
def test_built_without_memory_and_drawn_later(name):
    with torch.device("meta"):
        unit = getattr(units, name)(4, 3)
    assert unit(torch.empty(5, 4, device="meta")).shape == (5, 3) and unit.penalty().shape == ()
    unit.project_()
    unit = unit.to_empty(device="cpu")
    unit.reset_parameters(torch.Generator().manual_seed(1))
    for key, value in make(name, dtype=torch.float32).state_dict().items():
        assert torch.equal(unit.state_dict()[key], value)


@every
def test_an_empty_batch_has_a_gradient(unit):
    x = torch.empty(0, 4, dtype=torch.float64, requires_grad=True)
    unit(x).sum().backward()
    assert x.grad.shape == (0, 4) and all(not p.grad.any() for p in unit.parameters())
