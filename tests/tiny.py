"""Experiments that train in seconds, in place of the table: for this process and for others."""

import os
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

from nalu import experiments
from nalu.experiments import Condition, Experiment, grid
from nalu.report import provenance
from nalu.results import origin
from nalu.support import paths
from nalu.tasks import Arithmetic

ROOT = Path(__file__).resolve().parents[1]


class Unlucky(Condition):
    """Its training fails, and says how often, until somebody brings luck."""

    def plan_arguments(self):
        folder = paths.RUNS / "unlucky"
        if not (folder / "luck").exists():
            with (folder / "attempts").open("a") as file:
                file.write(".")
            raise RuntimeError("no luck")
        return super().plan_arguments()


TABLE = MappingProxyType({e.name: e for e in (
    Experiment("tiny", "Tiny", "Nothing, Table 0",
               grid(["NMU", "NALU"], simple=True, iterations=1100, seeds=range(10)), curves=5),
    Experiment("spark", "Spark", "Nothing, Table 1",
               grid(["NAU"], {"operation": ["add", "sub"]}, simple=True, iterations=1,
                    seeds=range(3))),
    Experiment("unlucky", "Unlucky", "Nothing, Table 2",
               (Unlucky("NAU", Arithmetic("mul", simple=True), 1, seeds=range(1)),)),
)})

SITE = """
import sys
sys.path.append({tests!r})
import tiny
import nalu.experiments
import nalu.results.origin
nalu.experiments.EXPERIMENTS, nalu.experiments.SEQUENTIAL, nalu.experiments.OWN = tiny.TABLE, {{}}, {{}}
nalu.results.origin.commit = lambda: "abc"
"""


def use_here(monkeypatch, folder):
    """Replace the table and the runs folder in this process; the commit stands still."""
    monkeypatch.setattr(experiments, "EXPERIMENTS", TABLE)
    monkeypatch.setattr(experiments, "SEQUENTIAL", {})
    monkeypatch.setattr(experiments, "OWN", {})
    monkeypatch.setattr(paths, "RUNS", folder)
    monkeypatch.setattr(provenance, "RUNS", folder)
    monkeypatch.setattr(origin, "commit", lambda: "abc")


def start(folder, *arguments, environment=os.environ, **options):
    """Start Python with the same replacements; processes that it starts have them, too."""
    site = folder.with_name(f"{folder.name}-site")
    site.mkdir(parents=True, exist_ok=True)
    (site / "sitecustomize.py").write_text(SITE.format(tests=str(ROOT / "tests")))
    environment = environment | {"NALU_RUNS": str(folder), "OMP_NUM_THREADS": "1",
                                "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    return subprocess.Popen([sys.executable, *arguments], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def run(folder, *arguments):
    """Run ``python -m nalu``; return exit status, standard output, standard error."""
    process = start(folder, "-m", "nalu", *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def tree(folder):
    """Content of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def without_seconds(folder, experiment="tiny"):
    """Lines of ``results.csv``, the last column cut off."""
    text = (folder / experiment / "results.csv").read_text()
    assert text.splitlines()[0].endswith(",seconds")
    return [line.rpartition(",")[0] for line in text.splitlines()]
