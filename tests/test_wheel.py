"""Installed from a wheel, away from its repository: units, tasks and training work, and nothing is written beside the package."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import tiny

pytestmark = pytest.mark.slow

COMMANDS = """
import io, sys
from contextlib import redirect_stderr, redirect_stdout
from nalu import cli
for command in sys.argv[1:]:
    with redirect_stderr(io.StringIO()) as err, redirect_stdout(io.StringIO()):
        code = cli.main(command.split())
    print(code, err.getvalue().strip())
"""
TRAINS = """
import torch
from nalu.tasks import Arithmetic
from nalu.training import train
from nalu.units import NMU
print(tuple(NMU(4, 2)(torch.ones(3, 4)).shape), len(train("NMU", Arithmetic(simple=True), [0], 2, engine="reference")))
"""
LACKS = "2 nalu: this needs a checkout of the repository, and nalu was installed without one; run it there"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that a wheel of this checkout was unpacked to."""
    folder = tmp_path_factory.mktemp("wheel")
    source, site = folder / "source", folder / "site"
    source.mkdir()
    for name in ("nalu", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (tiny.ROOT / name).is_dir() else shutil.copy
        copy(tiny.ROOT / name, source / name)
    for cache in [*source.rglob("__pycache__")]:
        shutil.rmtree(cache)
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site


def run(site, code, *arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NALU_")}
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=site.parent, text=True, capture_output=True,
                          env=kept | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"} | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_wheel_has_all_files_of_the_package(installed):
    package = installed.parent / "source" / "nalu"
    files = {path.relative_to(package) for path in package.rglob("*") if path.is_file()}
    assert files == {path.relative_to(installed / "nalu") for path in (installed / "nalu").rglob("*") if path.is_file()}


def test_commands_away_from_the_repository_say_so(installed):
    before = tiny.tree(installed)
    said = run(installed, COMMANDS, "list", "status", "results", "train ten_parameters NMU --seeds 0",
               "train ten_parameters NMU --seeds 0 --direct", "report", "")
    runs = ", or export NALU_RUNS=<folder for results>"
    assert said == ["0 ", LACKS + runs, LACKS + runs, f"{LACKS}{runs} and add --direct", LACKS + runs, LACKS, "0 "]
    assert tiny.tree(installed) == before


def test_a_folder_for_results_is_enough_to_train_without_a_notebook(installed, tmp_path):
    said = run(installed, COMMANDS, "status ten_parameters", "train ten_parameters NMU --seeds 0", "report",
               "train ten_parameters NMU --seeds 0..9 --direct", NALU_RUNS=str(tmp_path / "runs"))
    assert said == ["0 ", f"{LACKS}, or export NALU_RUNS=<folder for results> and add --direct", LACKS,
                    "2 nalu: seeds must look like '0-99' or '0-9,70,85', got '0..9'"]


def test_units_and_training_need_no_repository(installed):
    assert run(installed, TRAINS) == ["(3, 2) 1"]
