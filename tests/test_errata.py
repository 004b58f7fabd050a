"""The page of errata: no entry without its parts, no number that a notebook did not make, and the errors that no notebook shows."""
import json
import re
from fractions import Fraction

import numpy as np
import pytest
import sympy

from nalu.report import refresh
from nalu.support.paths import BOOK, EXECUTED
from nalu.tasks import Arithmetic

PAGE = (BOOK / "errata.md").read_text("utf8")
ENTRIES = dict(zip(re.findall(r"^\((erratum-[\w-]+)\)=\n### ", PAGE, re.MULTILINE),
                   re.split(r"^\(erratum-[\w-]+\)=\n", PAGE, flags=re.MULTILINE)[1:], strict=True))
PARTS = ["Printed", "Right", "Checked", "Matters"]


def stored_names(path):
    """Names under which an executed notebook stores something."""
    outputs = (out for cell in json.loads(path.read_text("utf8"))["cells"] for out in cell.get("outputs", ()))
    return [out["metadata"]["scrapbook"]["name"] for out in outputs if "scrapbook" in out.get("metadata", {})]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_what_is_printed_right_checked_and_at_stake(name):
    assert re.findall(r"^(\w+)\n: ", ENTRIES[name], re.MULTILINE) == PARTS


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_names_where_it_is_checked(name):
    checked = ENTRIES[name].partition("Checked\n")[2].partition("Matters\n")[0]
    pages = re.findall(r"\{doc\}`notebooks/([\w/]+)`", checked)
    assert pages or "{numref}" in checked or "tests/test_errata.py" in checked
    assert set(pages) <= set(refresh.sources())


def test_every_page_that_shows_an_error_is_cited():
    stored = {(path.relative_to(EXECUTED).with_suffix("").as_posix(), name)
              for path in EXECUTED.rglob("*.ipynb") for name in stored_names(path) if name.startswith("erratum_")}
    listed = set(re.findall(r"\{run\}`([\w/]+):(erratum_\w+)", PAGE))
    assert listed <= stored
    assert {name for name, _ in listed} == {name for name, _ in stored}


def test_algorithm_1_as_printed_has_no_room_at_the_default():
    s, o, i = Fraction(1, 4), Fraction(1, 2), 100
    assert 1 - 2 * s - o == 0
    assert i * (0 + s - o) == -25


@pytest.mark.parametrize("seed", range(5))
def test_algorithm_1_as_corrected_is_the_task(seed):
    task = Arithmetic()
    n, S = task.input_size, 25
    R = S // 2
    (start, stop), second = task.subsets(seed)
    assert 0 <= start <= n - 2 * S + R and stop == start + S
    assert second == (start + S - R, start + 2 * S - R)
    x = np.random.RandomState(seed).uniform(1, 2, (3, n))
    product = x[:, start:stop].sum(1) * x[:, slice(*second)].sum(1)
    np.testing.assert_allclose(task.target(x, seed)[:, 0], product)


def test_hessian_of_the_notes():
    """One unit in each layer: the last factor is the input of the first layer."""
    x, w1, w2, t, epsilon = sympy.symbols("x w1 w2 t epsilon", positive=True)
    hidden = w1 * x
    z = sympy.exp(w2 * sympy.log(hidden + epsilon))
    exact = sympy.diff((z - t) ** 2, w1, 2)

    def formula(last):
        return 2 * x * w2 * z / (hidden + epsilon) ** 2 * (z * w2 * x + (z - t) * (w2 * x - last))

    assert sympy.simplify(exact - formula(x)) == 0
    assert sympy.simplify(exact - formula(hidden)) != 0
