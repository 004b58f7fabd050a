"""What is measured in processes of their own: compilation and memory."""

import subprocess
import sys
import tempfile
import time

from timing import Row

START = """
from pathlib import Path
from nalu.training.fused.cache import Store
if {folder!r}:
    Store.folder = lambda store: Path({folder!r})
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.fused.engine import Fused
Fused(Plan("NMU", Arithmetic(simple=True), (0,), 10)).advance(1)
"""
MEMORY = """
import resource, sys
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.fused.engine import Fused

def memory(now_or_peak):
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines[now_or_peak].split()[0]) * 1024 / 1e6
    except OSError:  # the peak, and where a process inherits it, that of its parent
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6

Fused(Plan("NMU", Arithmetic(simple=True), (0,), 10)).advance(1)
before = memory("VmRSS")
machine = Fused(Plan("NMU", Arithmetic(), range(100), 5_000_000))
machine.advance(1001)
kept = machine.state(), machine.history.frame(machine.plan.end)
print(memory("VmRSS") - before, memory("VmHWM"))
"""


def _run(code: str) -> tuple[float, str]:
    """Wall time and output of a new Python process."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return time.perf_counter() - start, done.stdout


def start_up(cold: bool) -> list[Row]:
    """From nothing to the first update: with compiled code, and without."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        if cold:
            spent, _ = _run(START.format(folder=folder))
            rows.append(Row("start", "first start, compiles", spent, "s"))
        else:
            folder = ""
            _run(START.format(folder=folder))
        spent, _ = _run(START.format(folder=folder))
        rows.append(Row("start", "every later start", spent, "s"))
        spent, _ = _run("import torch, numba, pandas")
        rows.append(Row("start", "of it importing PyTorch, Numba and pandas", spent, "s"))
    return rows


def memory() -> list[Row]:
    """Memory of 100 seeds × 5·10⁶ iterations: all arrays have their full size.

    The run itself is cut short: nothing grows while it lasts. Compiling takes memory, too,
    and is done by another process before.
    """
    _run(START.format(folder=""))
    added, whole = map(float, _run(MEMORY)[1].split())
    about = {"model": "NMU", "stream": "philox", "seeds": 100}
    return [Row("memory", "100 seeds × 5,000,001 updates", added, "MB", target="< 500", **about),
            Row("memory", "whole process, most of it PyTorch, pandas and Numba", whole, "MB", **about)]
