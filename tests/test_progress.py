"""Progress of a training: a bar for people, lines for logs, silence where it is asked for."""

import sys

import pytest

from nalu.support import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_log_gets_a_line_every_30_seconds(clock, capsys):
    with progress.Progress("NMU") as bar:
        for second in range(95):
            clock[0] = 100.0 + second
            bar(1000 * second, 200_001)
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == [
        "NMU: 30,000 of 200,001 iterations, 1,000 iterations/s, 0:02:50 left",
        "NMU: 60,000 of 200,001 iterations, 1,000 iterations/s, 0:02:20 left",
        "NMU: 90,000 of 200,001 iterations, 1,000 iterations/s, 0:01:50 left",
    ]


def test_short_training_says_nothing_in_a_log(clock, capsys):
    with progress.Progress("NMU") as bar:
        bar(1, 2)
        bar(2, 2)
    assert capsys.readouterr() == ("", "")


def test_terminal_gets_a_bar(monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(progress, "_watched", lambda: True)
    with progress.Progress("NMU") as bar:
        bar(50_000, 100_000)
        bar(100_000, 100_000)
    assert "NMU: 100%" in capsys.readouterr().err.split("\r")[-1]


def test_silence(clock, monkeypatch, capsys):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr(progress, "_watched", lambda: True)
    with progress.Progress("NMU") as bar:
        clock[0] += 1000
        bar(1, 2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("history", "expected"), [(":memory:", False), ("/home/history.sqlite", True)])
def test_a_notebook_is_watched_unless_an_executor_runs_it(monkeypatch, history, expected):
    import IPython

    shell = type("Shell", (), {"history_manager": type("History", (), {"hist_file": history})})
    monkeypatch.setattr(IPython, "get_ipython", shell)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert progress._watched() is expected
