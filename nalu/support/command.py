"""What the command lines of the package share: what is wrong is said in one line, and by the exit status."""

import argparse
import io
import os
import sys

from nalu.support import paths
from nalu.support.check import Refusal

OK, FAILED, REFUSED, PIPE = 0, 1, 2, 141
"""Exit statuses: done; a training failed; something was wrong before it began; nobody reads what is printed."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the command."""

    def error(self, message: str) -> None:
        self.exit(REFUSED, f"{self.prog}: {message}\n")


def complain(what: object) -> str:
    """Print one line on standard error, and return what it says."""
    words = in_words(what)
    print(f"nalu: {words}", file=sys.stderr, flush=True)
    return words


def in_words(what: object) -> str:
    """What is wrong, in words; of an `OSError` the file and what is wrong with it."""
    return f"{what.filename}: {what.strerror}" if isinstance(what, OSError) and what.filename is not None else str(what)


def speak_any_alphabet() -> None:
    """A Greek letter in a name is no reason to end, whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def examine_place(command: str | None, by_notebook: bool) -> None:
    """Refuse what cannot be done by a package that does not lie in its repository.

    Parameters
    ----------
    command
        Of ``python -m nalu``.
    by_notebook
        Whether it executes the notebook that trains.
    """
    if paths.CHECKOUT or command in (None, "list"):
        return
    if command == "report" or by_notebook or not os.environ.get("NALU_RUNS"):
        remedy = "" if command == "report" else ", or export NALU_RUNS=<folder for results>"
        raise Refusal("this needs a checkout of the repository, and nalu was installed without one; run it there"
                      + remedy + (" and add --direct" if by_notebook else ""))
