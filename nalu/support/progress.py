"""Progress of a training: a bar where somebody watches, a line now and then in a log."""

import os
import sys
import time
from datetime import timedelta

SECONDS = 30.0
"""Time between two lines of a log."""


class Progress:
    """A callable for `nalu.training.train`: ``with Progress("NMU") as progress: ...``.

    In terminals and in JupyterLab it is a text bar, on standard error. In log files and
    under papermill it is one plain line every `SECONDS`, with iterations, rate and time
    left. The environment variable ``TQDM_DISABLE`` silences it.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self._silent = bool(os.environ.get("TQDM_DISABLE"))
        self._live = _watched()
        self._bar = None
        self._first: tuple[float, int] | None = None
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` iterations are done."""
        if self._silent:
            return
        if self._live:
            self._draw(done, total)
        elif time.monotonic() - self._said >= SECONDS:
            self._say(done, total)
        self._first = self._first or (time.monotonic(), done)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.close()

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=done, desc=self.label, unit="it",
                             unit_scale=True, dynamic_ncols=True, file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def _say(self, done: int, total: int) -> None:
        self._said = time.monotonic()
        text = f"{self.label}: {done:,} of {total:,} iterations"
        if self._first is not None and done > self._first[1]:
            rate = (done - self._first[1]) / (self._said - self._first[0])
            left = timedelta(seconds=round((total - done) / rate))
            text += f", {rate:,.0f} iterations/s, {left} left"
        print(text, file=sys.stderr, flush=True)


def _watched() -> bool:
    """Whether output can be drawn over: a terminal, or a notebook that a person has open.

    Executors such as papermill start a kernel whose history is kept in memory only.
    """
    if "ipykernel" not in sys.modules:
        return sys.stderr.isatty()
    from IPython import get_ipython

    shell = get_ipython()
    kept = getattr(getattr(shell, "history_manager", None), "hist_file", None)
    return shell is not None and str(kept) != ":memory:"
