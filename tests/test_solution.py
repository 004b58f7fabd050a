"""A trained model is rounded to its exact solution, and its formula is the function that it computes."""

import doctest

import pytest
import torch
from torch import nn

from nalu import formula as writing
from nalu import solution
from nalu.models import build
from nalu.solution import exact, formula
from nalu.units import NAC, NALU, NAU, NMU, Linear, NACMul, NACMulNMU, NACMulSigma, ReLU, Unit


def unit(kind, W):
    """A unit with an effective weight."""
    made = kind(len(W[0]), len(W), dtype=torch.float64)
    solution._set(made, torch.tensor(W, dtype=torch.float64))
    return made


TEN = unit(NAU, [[1, 1, 1, 1], [1, 1, 0, 0]])


@pytest.mark.parametrize("model, text", [
    (nn.Sequential(unit(NAU, [[1, 1, 0], [0, 0, 1]]), unit(NMU, [[1, 1]])), "x3 * (x1 + x2)"),
    (nn.Sequential(TEN, unit(NMU, [[1, 1]])), "(x1 + x2) * (x1 + x2 + x3 + x4)"),
    (nn.Sequential(TEN, unit(NMU, [[0, 0]])), "1"),
    (unit(NAU, [[1, -1, 0], [0, 0, 0], [-1, 0, 1]]), "x1 - x2\n0\n- x1 + x3"),
    (nn.Sequential(unit(NMU, [[1, 1, 0], [0, 1, 1]]), unit(NAU, [[1, -1]])), "x1 * x2 - x2 * x3"),
    (nn.Sequential(unit(NMU, [[1, 1, 0], [0, 1, 1]]), unit(NAU, [[1, 1], [0, 1]]), unit(NMU, [[1, 1]])),
     "x2 * x3 * (x1 * x2 + x2 * x3)"),
    (nn.Sequential(unit(NAU, [[-1, 0], [1, 1]]), unit(NAU, [[1, -1]]), unit(NMU, [[1]])), "(- x1) - (x1 + x2)"),
    (nn.Sequential(TEN, unit(NACMul, [[1, -1]])), "abs(x1 + x2)**-1 * abs(x1 + x2 + x3 + x4)"),
    (nn.Sequential(TEN, unit(NACMulNMU, [[0, 1]])), "abs(x1 + x2)"),
    (nn.Sequential(unit(NAC, [[1, -1]]), unit(NACMulSigma, [[1]])), "abs(x1 - x2)"),
    (nn.Sequential(unit(NAU, [[0.25, 1]]), unit(NMU, [[0.5]])), "0.5 * (0.25 * x1 + x2) + 0.5"),
])
def test_the_formula_is_what_the_model_computes(model, text):
    """Python evaluates it, to the same numbers."""
    assert formula(model) == text
    x = torch.rand(20, next(m for m in model.modules() if isinstance(m, Unit)).in_features, dtype=torch.float64) * 4 - 1
    names = {f"x{i}": column for i, column in enumerate(x.T, 1)}
    found = [torch.as_tensor(eval(line, {"abs": abs}, names)).expand(20) for line in text.split("\n")]
    torch.testing.assert_close(torch.stack(found, -1).double(), model(x), rtol=1e-5, atol=1e-5)


def test_inputs_can_have_names_and_models_of_the_papers_have_formulas():
    assert formula(unit(NMU, [[1, 0, 1]]), ["length", "mass", "width"]) == "width * length"
    assert formula(exact(build("NMU", 3, 1), near=0.5)).count("x") <= 3


def test_what_is_nearly_exact_is_written_with_its_digits_until_it_is_rounded():
    model = nn.Sequential(unit(NAU, [[0.98, 1.0, -0.02]]), nn.Sequential(unit(NMU, [[1.0]])))
    assert formula(model) == "0.98 * x1 + x2 - 0.02 * x3"
    assert formula(model, near=0.03) == formula(exact(model)) == "x1 + x2"
    assert model[0].W[0, 0] == 0.98, "the model itself was changed"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("kind, W", [(NAU, [[1, -1, 0]]), (NMU, [[1, 0, 1]]), (NAC, [[1, -1, 0]]), (NACMul, [[1, -1, 0]]),
                                     (NACMulNMU, [[1, 0, 1]]), (NACMulSigma, [[1, 0, 1]])])
def test_weights_are_exact_in_every_precision(kind, W, dtype):
    trained = unit(kind, W)
    for parameter in trained.parameters():
        parameter.data = parameter.data.clamp(-4, 4) * 0.95
    rounded = exact(trained.to(dtype))
    assert rounded.weight().tolist() == W and trained.weight().tolist() != W
    assert rounded(torch.rand(5, 3).to(dtype)).isfinite().all()


def test_other_layers_keep_their_weights():
    model = nn.Sequential(nn.Linear(3, 2), unit(NMU, [[0.95, 0.02]]).float())
    rounded = exact(model)
    assert torch.equal(rounded[0].weight, model[0].weight) and rounded[1].W.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("wrong, message", [
    (lambda: exact(nn.Sequential(TEN, unit(NMU, [[0.97, 0.6]]))),
     "the NMU '1' has the weight 0.6, farther than 0.1 from an exact one; it has not learned a solution"),
    (lambda: exact(unit(NAU, [[float("nan")]])),
     "the NAU has the weight nan, farther than 0.1 from an exact one; it has not learned a solution"),
    (lambda: exact(NALU(2, 1)), "the NALU has no exact weights; allowed: units without a gate that add or multiply"),
    (lambda: exact(nn.Linear(2, 1)), "Linear has no arithmetic units"),
    (lambda: formula(nn.Sequential(TEN, nn.ReLU())), "ReLU has no formula; allowed: units and nn.Sequential of units"),
    (lambda: formula(nn.Sequential()), "Sequential has no formula; allowed: units and nn.Sequential of units"),
    (lambda: formula(TEN, ["a"]), "1 names were given for 4 inputs"),
    (lambda: formula(nn.Sequential(TEN, unit(NMU, [[1, 1, 1]]))), "the weight of the NMU must be [out, 2], its shape is (1, 3)"),
])
def test_what_is_wrong_is_one_line(wrong, message):
    with pytest.raises(ValueError) as error:
        wrong()
    assert str(error.value) == message


@pytest.mark.parametrize("kind", [NALU, Linear, ReLU])
def test_units_that_are_no_sum_or_product_have_no_formula(kind):
    with pytest.raises(ValueError, match=f"^unknown layer of a formula '{kind.__name__}'"):
        formula(kind(2, 1))


@pytest.mark.parametrize("module", [solution, writing])
def test_the_examples_run(module):
    found = doctest.testmod(module)
    assert found.failed == 0 and found.attempted > 0
