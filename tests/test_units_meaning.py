"""What every unit represents, exactly or in the limit, and what it cannot represent."""

import math
from itertools import product

import pytest
import torch
from unit_cases import EPSILON, GATED, HARD, fill, make


def with_parameters(name, **parameters):
    """The unit with one output and these rows as parameters."""
    rows = {key.replace("__", "."): torch.tensor([row], dtype=torch.float64)
            for key, row in parameters.items()}
    rows |= {"b": torch.zeros(1, dtype=torch.float64)} if name == "Linear" else {}
    unit = make(name, len(next(iter(parameters.values()))), 1)
    unit.load_state_dict(rows)
    return unit


SELECT = [1.0, 1.0, 0.0, 0.0]
EXACT = {  # name -> parameters, target
    "Linear": ({"W": [1.0, -1.0, 0.0, 2.0]}, lambda x: x[0] - x[1] + 2 * x[3]),
    "NAU": ({"W": [1.0, -1.0, 0.0, 1.0]}, lambda x: x[0] - x[1] + x[3]),
    "NAUNoClamp": ({"W": [1.0, -1.0, 0.0, 1.0]}, lambda x: x[0] - x[1] + x[3]),
    "NMU": ({"W": [1.0, 0.0, 1.0, 0.0]}, lambda x: x[0] * x[2]),
    "NMUNoClamp": ({"W": [1.0, 0.0, 1.0, 0.0]}, lambda x: x[0] * x[2]),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_solution_has_error_and_penalty_zero(name, awkward):
    parameters, target = EXACT[name]
    unit = with_parameters(name, **parameters)
    x = (8 * awkward).round() / 8  # sums and products without rounding
    assert torch.equal(unit(x)[:, 0], target(x.T))
    assert unit.penalty().item() == 0.0


def test_nac_mul_nmu_multiplies_exactly_but_for_epsilon(numbers):
    x = numbers(50, 4, low=0.1, high=6)
    unit = with_parameters("NACMulNMU", W=SELECT)
    error = unit(x)[:, 0] - (x[:, 0] + EPSILON) * (x[:, 1] + EPSILON)
    assert error.abs().max() < 1e-13
    assert unit.penalty().item() == 0.0


def signed(k, *signs):
    return [k * s for s in signs]


LIMITS = {  # name -> parameters of size k, target
    "NAC": (lambda k: {"W_hat": signed(k, 1, -1, 0, 1), "M_hat": signed(k, 1, 1, 0, 1)},
            lambda x: x[0] - x[1] + x[3]),
    "NACMul": (lambda k: {"W_hat": signed(k, 1, -1, 0, 0), "M_hat": signed(k, 1, 1, 0, 0)},
               lambda x: (x[0] + EPSILON) / (x[1] + EPSILON)),
    "NACMulSigma": (lambda k: {"W_hat": signed(k, 1, 1, -1, -1)},
                    lambda x: (x[0] + EPSILON) * (x[1] + EPSILON)),
    "NALU": (lambda k: {"nac__W_hat": signed(k, 1, 1, 0, 0), "nac__M_hat": signed(k, 1, 1, 0, 0),
                        "G": signed(k, 1, 1, 1, 1)}, lambda x: x[0] + x[1]),
    "NALUSeparate": (lambda k: {"add__W_hat": signed(k, 0, 0, 1, 0), "add__M_hat": signed(k, 1, 1, 1, 1),
                                "mul__W_hat": signed(k, 1, 1, 0, 0), "mul__M_hat": signed(k, 1, 1, 1, 1),
                                "G": signed(k, -1, -1, -1, -1)},
                     lambda x: (x[0] + EPSILON) * (x[1] + EPSILON)),
    "GatedNAUNMU": (lambda k: {"nau__W": SELECT, "nmu__W": SELECT, "G": signed(k, -1, -1, -1, -1)},
                    lambda x: x[0] * x[1]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_solution_of_tanh_sigma_weights_and_gates_exists_in_the_limit_only(name, numbers):
    x = numbers(50, 4, low=1, high=2)
    parameters, target = LIMITS[name]
    errors = []
    for k in (2.0, 4.0, 8.0):
        unit = with_parameters(name, **parameters(k))
        errors.append((unit(x)[:, 0] - target(x.T)).abs().max().item())
    assert errors[0] > errors[1] > 4 * errors[2] > 0
    assert with_parameters(name, **parameters(60.0))(x)[:, 0].sub(target(x.T)).abs().max() < 1e-13


@pytest.mark.parametrize("name", ["NAC", "NACMul", "NACMulSigma"])
def test_tanh_sigma_weights_never_reach_one(name):
    unit = make(name)
    for parameter in unit.parameters():
        parameter.data.fill_(15.0)
    assert (unit.weight() < 1.0).all() and (unit.weight() > 0.999999).all()


# -- what cannot be represented ----------------------------------------------------------


@pytest.mark.parametrize("name", ["NAU", "NAUNoClamp", "NAC"])
def test_adding_units_cannot_multiply_and_have_no_constant(name, numbers):
    unit, x = fill(make(name), numbers, -2, 2), numbers(20, 4)
    torch.testing.assert_close(unit(2 * x), 2 * unit(x))  # a product would give 4 times
    assert not unit(0 * x).any()


@pytest.mark.parametrize("name", ["NAU", "NAUNoClamp", "NAC"])
def test_adding_units_cannot_scale_an_input_by_more_than_one(name, numbers):
    unit, x = fill(make(name), numbers, -9, 9), numbers(20, 4)
    assert (unit(x).abs() <= x.abs().sum(-1, keepdim=True)).all()


@pytest.mark.parametrize("name", ["Linear", "ReLU", "ELU", "SELU"])
def test_unbounded_baselines_cannot_multiply(name, numbers):
    unit, x = fill(make(name), numbers, -2, 2), numbers(20, 4)
    slope = unit(2e6 * x).sub(unit(1e6 * x)) / unit(1e6 * x)
    growing = unit(1e6 * x).abs() > 10
    torch.testing.assert_close(slope[growing], torch.ones(growing.sum(), dtype=slope.dtype),
                               rtol=1e-4, atol=0)  # a product would give 3


@pytest.mark.parametrize("name, bound", [("ReLU6", 6), ("Tanh", 1), ("Sigmoid", 1), ("Softsign", 1)])
def test_bounded_baselines_cannot_extrapolate(name, bound, numbers):
    unit = fill(make(name), numbers, -9, 9)
    assert unit(1e6 * numbers(20, 4)).abs().max() <= bound


@pytest.mark.parametrize("name", ["NACMul", "NACMulSigma", "NACMulNMU"])
def test_multiplying_nacs_lose_the_sign(name, numbers):
    unit, x = fill(make(name), numbers, -2, 2), numbers(20, 4)
    assert torch.equal(unit(-x), unit(x))
    assert (unit(x) > 0).all()


@pytest.mark.parametrize("name", ["NACMulSigma", "NACMulNMU"])
def test_nac_mul_without_negative_weights_cannot_divide(name, numbers):
    unit, x = fill(make(name), numbers, -9, 9), numbers(20, 4, low=0.1)
    assert (unit(2 * x) >= unit(x)).all()
    for i in range(4):
        larger = x + torch.eye(4, dtype=x.dtype)[i]
        assert (unit(larger) >= unit(x) * (1 - 1e-15)).all()


@pytest.mark.parametrize("name", ["NMU", "NMUNoClamp"])
def test_nmu_can_neither_divide_nor_take_roots_nor_scale(name, numbers):
    unit, x = fill(make(name), numbers, -1, 2), numbers(20, 4)
    for step in torch.eye(4, dtype=x.dtype):  # affine in every input, which 1/x and √x are not
        second = unit(x + step) - 2 * unit(x) + unit(x - step)
        torch.testing.assert_close(second, torch.zeros_like(second), rtol=0, atol=1e-12)
    one = torch.ones(4, dtype=x.dtype)
    torch.testing.assert_close(unit(one), one[:3])  # so a constant factor cannot be had


@pytest.mark.parametrize("name", [name for name in GATED if name not in HARD])
def test_gate_without_bias_cannot_select_one_path_for_all_inputs(name, numbers):
    unit, x = fill(make(name), numbers, -9, 9), numbers(20, 4)
    torch.testing.assert_close(unit.gate(-x), 1.0 - unit.gate(x))
    assert torch.equal(unit.gate(0 * x), torch.full((20, 3), 0.5, dtype=x.dtype))


@pytest.mark.parametrize("name", ["NALU", "NALUSeparate"])
def test_nalu_cannot_give_a_negative_product(name, numbers):
    unit, x = fill(make(name), numbers, -3, 3), numbers(20, 4)
    unit.G.data.fill_(0.0)  # half of each path
    added = (unit.nac if name == "NALU" else unit.add)(x)
    assert (unit(x) - 0.5 * added > 0).all()


@pytest.mark.parametrize("weights", list(product([0.0, 1.0], repeat=2)))
def test_nmu_with_binary_weights_is_a_product_of_a_subset(weights):
    unit = with_parameters("NMU", W=list(weights))
    for x in product([-2.0, 0.0, 3.0], repeat=2):
        expected = math.prod(v for v, w in zip(x, weights, strict=True) if w)
        assert unit(torch.tensor(x, dtype=torch.float64)).item() == expected
