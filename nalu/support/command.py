"""What the command lines of the package share: what is wrong is said in one line, and by the exit status."""

import argparse
import sys

OK, FAILED, REFUSED, PIPE = 0, 1, 2, 141
"""Exit statuses: done; a training failed; something was wrong before it began; nobody reads what is printed."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the command."""

    def error(self, message: str) -> None:
        self.exit(REFUSED, f"{self.prog}: {message}\n")


def complain(what: object) -> None:
    """Print one line on standard error."""
    print(f"nalu: {in_words(what)}", file=sys.stderr, flush=True)


def in_words(what: object) -> str:
    """What is wrong, in words; of an `OSError` the file and what is wrong with it."""
    return f"{what.filename}: {what.strerror}" if isinstance(what, OSError) and what.filename is not None else str(what)
