"""Compile the loop once per machine, in a process of its own.

A process that has compiled the loop runs a slightly different program from one that has
loaded it: where the linker meets a function twice, alone and inside the loop, it keeps the
one that came first, and the two were optimised differently. Their sums differ in the last
digit, and after a while everything does. So whoever trains loads, and someone else compiles.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from nalu.support import check, files, paths
from nalu.tasks import Arithmetic
from nalu.training.fused.cache import ENGINE, Store
from nalu.training.fused.engine import Fused
from nalu.training.plan import DTYPES, Plan


def announce(what: str) -> None:
    """Tell the terminal; of a notebook's page, the same at every execution, the report takes it out."""
    print(f"compiling {what}, once per machine: about a minute", file=sys.__stderr__, flush=True)


def warm(say: Callable[[str], None] = announce, dtype: str = "float32") -> None:
    """See that the loop is compiled; one serves all models, tasks and settings of a precision.

    Parameters
    ----------
    say : callable
        Called with what is compiled, before a compilation.
    dtype : {"float32", "float64"}

    Raises
    ------
    RuntimeError
        If it cannot be compiled; the message is the compiler's last line.
    """
    once(ENGINE, check.one_of(dtype, DTYPES, "dtype"), __name__, "the fused engine", say)


def once(store: Store, variant: str, module: str, what: str, say: Callable[[str], None] = announce) -> None:
    """Run ``python -m module variant``, which compiles a program, unless that is done.

    Parameters
    ----------
    store : Store
    variant : str
        Of the program.
    module : str
        What to run.
    what : str
        What it compiles, in words.
    say : callable
        Called with `what` before a compilation.

    Raises
    ------
    RuntimeError
        As `warm` does.
    """
    mark = store.mark(variant)
    if mark.exists():
        return
    with files.locked(mark.with_name("lock")):  # of the folder: two variants share an index
        if mark.exists():  # another process was faster
            return
        say(what)
        places = [str(paths.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        done = subprocess.run(
            [sys.executable, "-m", module, variant], capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(places)})
        if done.returncode:
            *_, last = (done.stderr or done.stdout or "no message").strip().splitlines()
            raise RuntimeError(f"{what} cannot be compiled: {last}")
        files.write(mark, b"")


if __name__ == "__main__":
    plan = Plan("NMU", Arithmetic(simple=True), iterations=1, dtype=sys.argv[1])
    Fused(plan).advance(1)
