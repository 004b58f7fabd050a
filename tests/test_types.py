"""The public API of units and models says its types, and a type checker that reads them finds what a user got wrong."""

import subprocess
import sys

import pytest

from nalu.support.paths import ROOT

pytestmark = pytest.mark.slow
USE = """
from typing import assert_type
import torch
from torch import Tensor, nn
from nalu.models import TwoLayer, build
from nalu.solution import exact, formula
from nalu.sparsity import Regulariser, penalty, project_, ramp
from nalu.units import NALU, NAU, NMU, Unit

unit, x = NMU(4, 1), torch.ones(3, 4)
assert_type(unit(x), Tensor)
assert_type(unit.weight(), Tensor)
assert_type(unit.penalty(), Tensor)
assert_type(NALU(4, 1).gate(x), Tensor)
units: list[Unit] = [NAU(4, 2, device="cpu", dtype=torch.float64), unit]
model = build("NMU", 4, generator=torch.Generator())
assert_type(model, TwoLayer)
assert_type(model.weights(), list[Tensor])
assert_type(model.gate(x), Tensor)
regulariser = Regulariser(nn.Sequential(*units), torch.optim.Adam(model.parameters()), steps=10)
assert_type(regulariser(), Tensor)
assert_type(penalty(model), Tensor)
assert_type(ramp(1, 2, 3), float)
assert_type(formula(exact(model)), str)
project_(model)
"""
WRONG = {
    "NMU('4', 1)": 'Argument 1 to "NMU" has incompatible type "str"; expected "int"',
    "NMU(4, 1, bias=True)": 'Unexpected keyword argument "bias" for "NMU"',
    "NMU(4, 1)(4.0)": 'Argument 1 to "__call__" of "Unit" has incompatible type "float"; expected "Tensor"',
    "formula([unit])": 'Argument 1 to "formula" has incompatible type "list[NMU]"; expected Module',
}


def mypy(*arguments):
    return subprocess.run([sys.executable, "-m", "mypy", "--no-color-output", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_the_package_is_typed_and_the_types_are_right():
    done = mypy()
    assert done.stdout.startswith("Success: no issues found in 28 source files"), done.stdout + done.stderr
    assert (ROOT / "nalu" / "py.typed").exists()


def test_a_users_types_are_known_and_mistakes_are_found(tmp_path):
    file = tmp_path / "use.py"
    file.write_text(USE + "\n".join(WRONG))
    found = [line.partition("error: ")[2].rpartition("  [")[0] for line in mypy(str(file)).stdout.splitlines() if "error" in line]
    assert found[:-1] == list(WRONG.values())
