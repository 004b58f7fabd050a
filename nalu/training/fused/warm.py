"""Compile the loop once per machine, in a process of its own.

A process that has compiled the loop runs a slightly different program from a process that has
loaded it. The linker meets some functions twice, once alone and once inside the loop; it keeps the
first, and the two were optimised differently. Their sums differ in the last digit, and after
some updates all numbers differ. So a process that trains only loads the loop, and another process compiles it.
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
    """Tell the terminal. The report removes this line from a notebook's page, which must be the same at every execution."""
    print(f"compiling {what}, once per machine: about a minute", file=sys.__stderr__, flush=True)


def warm(say: Callable[[str], None] = announce, dtype: str = "float32") -> None:
    """Make sure that the loop is compiled. One loop serves all models, tasks and settings of a precision.

    Parameters
    ----------
    say : callable
        Called before a compilation, with the name of what is compiled.
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
        The variant of the program.
    module : str
        The module to run.
    what : str
        What the module compiles, in words.
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
