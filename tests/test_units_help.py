"""What ``help`` prints of a unit can be read in a terminal, and its example runs."""

import doctest
import inspect
import pydoc
import re
from pathlib import Path

import pytest
from unit_cases import NAMES

from nalu import units

THEORY = Path(__file__).resolve().parents[1] / "notebooks" / "theory"
INHERITED = "Methods inherited from torch.nn"


def printed(name):
    return pydoc.render_doc(getattr(units, name), renderer=pydoc.plaintext)


@pytest.mark.parametrize("name", units.__all__)
def test_help_has_no_markup_of_sphinx(name):
    ours = printed(name).partition(INHERITED)[0]
    assert not re.findall(r":[\w:]+:`|\{\w+\}`|^ *\| *\.\. \w+::", ours, re.MULTILINE)


@pytest.mark.parametrize("name", units.__all__)
def test_help_has_no_text_of_pytorch_in_place_of_ours(name):
    text = printed(name)
    ours = text.partition(INHERITED)[0]
    for words in ("Should be overridden", "Initialize internal Module state", "Return the extra representation"):
        assert words not in ours
    assert "Should be overridden by all subclasses" not in text


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_is_computed_of_which_shape_with_which_arguments(name):
    text = printed(name)
    for words in ("in_features, out_features : int", "generator : torch.Generator", "device, dtype : optional", "Raises",
                  "ValueError", "`[..., in_features]`", "`[..., out_features]`", f">>> from nalu.units import {name}"):
        assert words in text, words
    own = inspect.getdoc(getattr(units, name))
    if not name.endswith("NoClamp"):
        assert own.startswith("$z") and "`x` is `[..., I]`" in own


@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs_in_a_fresh_session(name):
    (example,) = doctest.DocTestFinder(recurse=False).find(getattr(units, name), name, globs={})
    assert len(example.examples) > 3
    assert doctest.DocTestRunner().run(example).failed == 0


def test_derivations_stand_where_help_says():
    text = "".join(path.read_text("utf8") for path in Path(units.__file__).parent.glob("*.py"))
    named = {*re.findall(r"theory/(\w+) \((eq-[\w-]+)\)", text)}
    assert len(named) > 8 and {label for _, label in named} == {*re.findall(r"eq-[\w-]+", text)}
    for page, label in named:
        assert f"({label})" in (THEORY / f"{page}.ipynb").read_text("utf8"), (page, label)
