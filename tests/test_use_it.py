"""The page that says how to use the units in a model: its code runs, and its settings are those of the papers."""

import re
import textwrap

import torch

from nalu.registry import MODELS
from nalu.support.paths import BOOK

PAGE = (BOOK / "use_it.md").read_text("utf8")


def test_the_code_learns_what_it_says():
    """In the page's order, in one namespace; with half of its updates, as tests are many."""
    blocks = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)]
    code = "\n".join(blocks)
    assert code.count("STEPS = 10_000") == 1 and len(blocks) == 4
    names = {}
    exec(compile(code.replace("10_000", "5_000"), "use_it.md", "exec"), names)
    first, second = names["weights"]
    torch.testing.assert_close(first.detach().sort(0)[0], torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 1]]).sort(0)[0], rtol=0, atol=1e-2)
    torch.testing.assert_close(second.detach(), torch.ones(1, 2), rtol=0, atol=1e-2)


def test_the_settings_are_those_of_the_registry():
    said = " ".join(PAGE.split())
    for name, words in (("NMU", "full weight of {w:g} between updates {a:,} and {b:,} for products"), ("NAU", "to {w:g} between updates {a:,} and {b:,} for sums and differences")):
        row = MODELS[name]
        assert words.format(w=row.lambda_sparse, a=row.lambda_start, b=row.lambda_end) in said
