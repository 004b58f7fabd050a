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

COMPUTE = ("nalu.units", "nalu.models", "nalu.sparsity", "nalu.solution", "nalu.training", "nalu.sequential.training", "nalu.recurrent", "nalu.paper.audit.row_order",
           *(f"nalu.campaign.{name}" for name in ("launch", "gpu_lease", "bundle", "parcel", "shared_batches", "request", "run")),
           "nalu.cli", "nalu.__main__", "nalu.sequential.__main__")
"""All else is the reading side: seconds, and no torch."""


def name_of(path):
    """The dotted name of a module of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


READING = [name for name in NAMES if not any(name == other or name.startswith(f"{other}.") for other in COMPUTE)]


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


def test_rooms_import_what_lies_below_them():
    """The contracts stand in pyproject.toml."""
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout


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


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("nalu.analysis.")])
def test_plain_numbers_touch_no_files(name):
    found = {module.split(".")[0] for module in imports(NAMES[name])}
    assert not found & {"os", "pathlib", "shutil", "subprocess", "tempfile"}
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
