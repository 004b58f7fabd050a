"""What a page can reach of the package: a change of it makes the page stale, and nothing else does."""

import ast
from pathlib import Path

import pytest

from nalu.registry import MODELS
from nalu.report import definitions, reach

ROOT = Path(__file__).resolve().parents[1]
CELLS = ["from nalu import shapes, units\nfrom nalu.registry import MODELS\nfrom nalu.experiments import get",
         "area = shapes.square(2)\nentry = get('papers')\nunit = getattr(units, MODELS['NMU'].first)"]
FILES = {
    "__init__": "",
    "shapes": '''"""Shapes."""
from nalu.deeper import times as product, unused

SIDES = 4  # of a square
NAMES = ["one"]


def square(side):
    """Its area."""
    return product(side, side) + SIDES


def circle(radius):
    return 3 * unused(radius)
''',
    "deeper": "def times(a, b):\n    return a * b\n\n\ndef unused(a):\n    return a\n",
    "units/__init__": "from .nmu import NMU\n__all__ = ['NMU']\n",
    "units/nmu": 'class NMU:\n    """A unit."""\n\n    def forward(self, x):\n        return x\n',
    "registry": "def Model(first):\n    return first\n\n\n_ROWS = {\n    'NMU': Model('NMU'),\n}\n_ROWS |= {\n    'NAU': Model('NAU'),\n}\nMODELS = _ROWS\n",
    "experiments/__init__": "from nalu.experiments import own, table\n\n\ndef get(name):\n    return {*table.TABLE, *own.TABLE}\n",
    "experiments/table": "TABLE = (\n    print('papers'),\n)\n",
    "experiments/own": "TABLE = (\n)\n",
    "stranger": "VALUE = 1\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of a few lines, and what its page can reach: ``package.reach()``."""
    monkeypatch.setattr(reach, "ROOT", tmp_path)
    return Package(tmp_path / "nalu")


class Package:
    def __init__(self, folder):
        self.folder = folder
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def change(self, name, old, new):
        assert FILES[name].count(old) == 1
        self.write(name, FILES[name].replace(old, new))

    def reach(self, cells=CELLS):
        return reach.reach(cells)


@pytest.mark.parametrize("name, old, new", [
    ("shapes", "+ SIDES", "- SIDES"),  # a function that the page calls
    ("shapes", "SIDES = 4", "SIDES = 5"),  # a constant that this function uses
    ("deeper", "a * b", "b * a"),  # a function that is reached through another one
    ("deeper", "def times", "@register\ndef times"),
    ("shapes", "import times as product, unused", "import unused as product, unused"),
    ("units/nmu", "return x", "return -x"),  # a class that is named by a row that the page names
    ("registry", "Model('NMU')", "Model('NMU') or 1"),
    ("registry", "return first", "return [first]"),
    ("experiments/table", "print('papers')", "print('papers', 2)"),
    ("experiments/table", "(\n    print('papers'),\n)", "(\n    print('papers'),\n    print('more'),\n)"),
    ("stranger", "VALUE", "if VALUE"),
])
def test_a_change_of_what_is_reached_makes_stale(package, name, old, new):
    before = package.reach()
    if name == "stranger":  # what runs when a module is loaded, whoever loads it
        package.write("shapes", FILES["shapes"] + "import nalu.stranger\n")
        before = package.reach()
        package.write("stranger", "VALUE = 1\nprint(VALUE)\n")
    else:
        package.change(name, old, new)
    assert package.reach() != before


@pytest.mark.parametrize("name, old, new", [
    ("shapes", "Its area", "The area of it"),
    ("shapes", "Shapes.", "All shapes."),
    ("shapes", "# of a square", "# how many"),
    ("shapes", "\n\n\ndef circle", "\n\n\ndef triangle(a):\n    return a\n\n\ndef circle"),
    ("shapes", "3 * unused", "4 * unused"),
    ("shapes", "['one']".replace("'", '"'), "['two']"),
    ("deeper", "return a\n", "return -a\n"),
    ("units/nmu", "A unit.", "One of the units, like the `NAU`."),
    ("units/__init__", "from .nmu import NMU\n__all__ = ['NMU']", "from .mine import Mine\nfrom .nmu import NMU\n__all__ = ['Mine', 'NMU']"),
    ("registry", "    'NMU'", "    'Mine': Model('Mine'),\n    'NMU'"),
    ("registry", "Model('NAU')", "Model('NAU') or 1"),  # a row that the page does not name
    ("experiments/own", "(\n)", "(\n    print('mine', ['Mine']),\n)"),
    ("stranger", "1", "2"),
])
def test_what_is_not_used_makes_nothing_stale(package, name, old, new):
    before = package.reach()
    package.write("units/mine", "class Mine:\n    pass\n")
    package.change(name, old, new)
    assert package.reach() == before


def test_an_entry_leads_to_what_it_names(package):
    package.write("units/mine", "class Mine:\n    pass\n")
    package.change("units/__init__", "from .nmu", "from .mine import Mine\nfrom .nmu")
    package.change("registry", "    'NMU'", "    'Mine': Model('Mine'),\n    'NMU'")
    package.change("experiments/own", "(\n)", "(\n    print('my-own', ['Mine']),\n)")
    cells = [CELLS[0], CELLS[1].replace("'papers'", "'my-own'")]
    before = package.reach(cells)
    assert {"nalu.units.mine.Mine.0", "nalu.registry._ROWS[Mine].0"} <= before.keys()
    package.write("units/mine", "class Mine:\n    x = 1\n")
    assert package.reach(cells) != before


@pytest.mark.parametrize("cell", ["from nalu import stranger\nuse(stranger)", "from nalu.stranger import *", "import nalu.stranger\nnalu.stranger.VALUE",
                                  "from nalu import stranger as s\nvars(s)", "def f():\n    from nalu.stranger import VALUE\n    return VALUE"])
def test_however_a_module_is_imported(package, cell):
    assert "nalu.stranger.VALUE.0" in package.reach([cell])


def test_data_beside_a_package_count_and_name_entries(package):
    (package.folder / "units" / "names.csv").write_text("model\nNAU\n")
    before = package.reach()
    assert "nalu.registry._ROWS[NAU].0" in before
    (package.folder / "units" / "names.csv").write_text("model\nNAU\nNMU\n")
    assert package.reach() != before


def test_entries_without_a_name_that_can_be_read_always_count(package):
    package.write("experiments/own", "TABLE = tuple(print(n) for n in range(3))\n")
    assert any("own.TABLE[]" in name for name in package.reach())


def test_the_tables_are_read_entry_by_entry():
    for name, table in reach.TABLES:
        module = definitions.module(reach.file_of(name).read_text("utf8"), name.rpartition(".")[0])
        assert "" not in module.entries(table)
        if name == "nalu.registry":
            assert {*module.entries(table)} == {*MODELS}


def test_no_page_lists_a_table_of_which_only_named_entries_count():
    """Code takes rows of MODELS by their names: in brackets, or to check a name."""
    for path in sorted((ROOT / "nalu").rglob("*.py")):
        tree = ast.parse(path.read_text("utf8"))
        allowed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
        allowed |= {id(arg) for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "check.one_of"
                    for arg in node.args}
        allowed |= {id(node.target) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "MODELS" and id(node) not in allowed], path
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        text = path.read_text("utf8")
        assert text.count("MODELS") == text.count("MODELS[") + text.count("import MODELS") + text.count("row.model in MODELS"), path
