"""Imports point one way, the reading side needs no torch, and modules stay small."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "nalu").rglob("*.py"))

# A part of the package may import itself and the parts on the lines above it: the arrows of
# the design, from formulas and tools to the command line. A new module needs a place here.
LEVELS = [
    {"check", "paths", "files", "notation", "progress", "listing", "command"},
    {"registry", "units", "tasks", "statistics", "published", "seeds", "origin", "results_csv"},
    {"models", "streams", "conditions", "outcomes", "summary", "provenance", "notebooks", "show", "kappa"},
    {"training", "grid", "tables", "figures", "report", "shard", "interactive", "matrices"},
    {"mirror", "divergence"},
    {"experiments", "verdict", "agreement", "gates"},
    {"comparisons"},
    {"artefacts"},
    {"runs", "by_operation"},
    {"curves", "headline", "beside", "pace"},
    {"workfolder", "sweeps", "sequential"},
    {"launch", "lease", "repeated", "status", "panels", "printed", "audit"},
    {"evidence", "recurrent"},
    {"claims"},
    {"claims_table"},
    {"jobs", "order", "together"},
    {"campaign"},
    {"cli"},
    {"__main__"},
]
LEVEL = {part: number for number, parts in enumerate(LEVELS) for part in parts}

COMPUTE = {"units", "models", "streams", "training", "divergence", "audit", "launch", "lease", "together", "order",
           "campaign", "recurrent", "cli", "__main__"}
"""All else is the reading side: seconds, and no torch."""

PLAIN = ["notation", "outcomes", "statistics", "kappa", "summary", "tables", "verdict"]
"""Arrays and data frames in, arrays and data frames out."""


def name_of(path):
    """The dotted name of a module of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


def part(name):
    """`nalu.training.plan` belongs to `training`."""
    return (name.split(".") + [""])[1]


READING = [name for name in NAMES if part(name) not in COMPUTE]


def imports(path, at_load=False):
    """Dotted names of what a file imports; those inside functions only if not `at_load`."""
    tree = ast.parse(path.read_text("utf8"))
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in tree.body if at_load else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in NAMES else base


def own_parts(name):
    """Parts of this package that a module imports, its own left out."""
    found = {part(module) for module in imports(NAMES[name]) if module.split(".")[0] == "nalu"}
    return found - {part(name), ""}


@pytest.mark.parametrize("name", [name for name in NAMES if part(name)])
def test_imports_point_one_way(name):
    here = part(name)
    assert here in LEVEL, f"{name} is new: give it a place in LEVELS"
    wrong = sorted(other for other in own_parts(name) if LEVEL[other] >= LEVEL[here])
    assert not wrong, f"{name} imports {wrong}, which come after it"


@pytest.mark.parametrize("name", READING)
def test_the_reading_side_does_not_import_the_compute_side(name):
    assert not own_parts(name) & COMPUTE
    assert "torch" not in {module.split(".")[0] for module in imports(NAMES[name])}


def test_no_two_modules_import_each_other_when_loaded():
    graph = {name: {module for module in imports(path, at_load=True) if module in NAMES} - {name}
             for name, path in NAMES.items()}
    list(TopologicalSorter(graph).static_order())


def run(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_reading_side_does_not_load_torch():
    code = f"""
import importlib, sys
for name in {READING}:
    importlib.import_module(name)
    for heavy in ("torch", "numba", "tensorboard"):
        if heavy in sys.modules:
            sys.exit(f"{{name}} loads {{heavy}}")
"""
    run(code)


def test_the_package_itself_loads_nothing():
    assert run("import sys; a = set(sys.modules); import nalu; print(*set(sys.modules) - a)") == ["nalu"]


@pytest.mark.parametrize("name", [name for name in NAMES if part(name) in PLAIN])
def test_statistics_and_tables_touch_no_files(name):
    found = {module.split(".")[0] for module in imports(NAMES[name])}
    assert not found & {"os", "pathlib", "shutil", "subprocess", "tempfile"}
    assert not own_parts(name) & {"files", "paths", "runs"}
    assert not re.search(r"\bopen\(|read_csv|to_csv", NAMES[name].read_text("utf8"))


@pytest.mark.parametrize("name", NAMES)
def test_modules_are_short_and_say_what_they_are_for(name):
    text = NAMES[name].read_text("utf8")
    assert len(text.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", MODULES + sorted((ROOT / "tests").glob("*.py")), ids=lambda path: path.stem)
def test_no_file_is_an_attic(path):
    words = re.split(r"[_\W]+", path.stem.lower())
    assert not {"utils", "util", "old", "backup", "v2", "misc", "copy"} & set(words)
