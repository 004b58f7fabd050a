"""The page that says how to use the units in a model: its code runs, and its settings are those of the papers."""

import re
import textwrap

import pytest
import torch
from test_units_in_torch import LAST_PLACES

from nalu.registry import MODELS
from nalu.solution import formula
from nalu.support.paths import BOOK

PAGE = (BOOK / "use_it.md").read_text("utf8")


def test_the_code_learns_what_it_says(capsys):
    """In the page's order, in one namespace; with half of its updates, as tests are many."""
    blocks = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)]
    code = "\n".join(blocks)
    assert code.count("STEPS = 10_000") == 1 and len(blocks) == 5
    names = {}
    exec(compile(code.replace("10_000", "5_000"), "use_it.md", "exec"), names)
    assert capsys.readouterr().out.splitlines() == re.findall(r"print\(.*\)  # (.*)", code)
    assert formula(names["model"], near=1e-2) == formula(names["solution"]) == "(x1 + x2) * (x1 + x2 + x3 + x4)"


def test_the_settings_are_those_of_the_registry():
    said = " ".join(PAGE.split())
    for name, words in (("NMU", "full weight of {w:g} between updates {a:,} and {b:,} for products"), ("NAU", "to {w:g} between updates {a:,} and {b:,} for sums and differences")):
        row = MODELS[name]
        assert words.format(w=row.lambda_sparse, a=row.lambda_start, b=row.lambda_end) in said


@pytest.mark.parametrize("dtype, said", [(torch.bfloat16, "5 % in bfloat16"), (torch.float16, "0.6 % in float16")])
def test_the_precision_is_the_tested_one(dtype, said):
    assert f"{LAST_PLACES} units in the last place" in PAGE and f"{100 * LAST_PLACES * torch.finfo(dtype).eps:.1g} % in" in said and said in PAGE


def test_what_single_precision_holds():
    one = torch.tensor(16_777_216.0)
    assert one - 1 != one and one + 1 == one and "up to 16,777,216" in PAGE
    tens = torch.full((39,), 10.0)
    assert tens[:38].prod().isfinite() and not tens.prod().isfinite() and "a product of 39 tens" in PAGE
