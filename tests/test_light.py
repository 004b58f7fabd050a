"""With torch and NumPy alone, units, models, tasks and the reference engine work; the rest says which extra it needs."""

import doctest
import subprocess
import sys
import tomllib

import pytest

from nalu.support import extras
from nalu.support.paths import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]["optional-dependencies"]
ABSENT = ("numba", "llvmlite", "pandas", "scipy", "sklearn", "tensorboard", "matplotlib", "IPython", "tqdm",
          "papermill", "nbformat", "seaborn", "plotly", "yaml", "cuda")
LIGHT = ("nalu.units", "nalu.models", "nalu.tasks", "nalu.sparsity", "nalu.solution", "nalu.training", "nalu.training.reference")
WITHOUT = f"import sys\nfor name in {ABSENT}:\n    sys.modules[name] = None\n"


def run(code, *arguments):
    return subprocess.run([sys.executable, "-c", WITHOUT + code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_core_imports_and_trains():
    done = run(f"""
import importlib
for name in {LIGHT}:
    importlib.import_module(name)
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.engines import engine
machine = engine("auto", Plan("NMU", Arithmetic(simple=True), [0, 1], 3, log_every=1))
machine.advance(4)
print(machine.name, machine.history.values.shape, bool((machine.history.values[:, :, 0] > 0).all()))
""")
    assert (done.stdout, done.stderr) == ("reference (2, 4, 6) True\n", "")


def test_importing_the_core_takes_well_under_a_second_beyond_torch():
    """Measured within one process, after torch; a tenth of it is usual."""
    done = run(f"""
import importlib, time, torch, numpy
begun = time.process_time()
for name in {LIGHT}:
    importlib.import_module(name)
print(time.process_time() - begun)
""")
    assert float(done.stdout) < 0.5


LINE = "{} is not installed: pip install 'nalu[{}]'"


@pytest.mark.parametrize("code, module, extra", [
    ("import nalu.training.fused.loop", "numba", "train"),
    ("import nalu.sequential.training.loop", "pandas", "report"),
    ("from nalu.tasks import digits; digits.load('digits')", "sklearn", "train"),
    ("from nalu.tasks import Arithmetic; from nalu.training import train; train('NMU', Arithmetic(simple=True), [0], 1)", "pandas", "train"),
    *((f"import nalu.{room}", None, "report") for room in ("analysis", "results", "paper", "pages", "report", "campaign")),
])
def test_what_needs_more_says_which_extra_in_one_line(code, module, extra):
    done = run(f"try:\n    {code.replace('; ', chr(10) + '    ')}\nexcept ImportError as error:\n    print(error)")
    said = done.stdout.removesuffix("\n")
    assert said == LINE.format(module or said.split()[0], extra), done.stderr
    assert extra in EXTRAS


def test_the_fused_engine_says_what_it_needs():
    done = run("from nalu.training import Plan\nfrom nalu.training.engines import engine\ntry:\n    engine('fused', Plan('NMU'))\n"
               "except ValueError as error:\n    print(error)")
    assert done.stdout == f"engine 'fused' cannot run this: {LINE.format('numba', 'train')}; allowed: 'reference'\n"


def test_the_command_line_says_it_too():
    done = run("import runpy\nrunpy.run_module('nalu', run_name='__main__')", "list")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("nalu: pandas is not installed: ") and done.stderr.count("\n") == 1


def test_the_example_runs():
    assert doctest.testmod(extras).attempted == 2 and doctest.testmod(extras).failed == 0
