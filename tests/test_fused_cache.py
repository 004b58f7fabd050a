"""Compiled code: one folder for all checkouts of a machine, and a file that was cut off is no end."""

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from numba.core import config

from nalu.support.paths import ROOT
from nalu.training.fused import cache, warm
from nalu.training.fused.cache import ENGINE, Store

pytestmark = pytest.mark.slow

SMALL = "from numba import njit\n\n\n@njit(cache=True)\ndef twice(x):\n    return 2 * x\n"


@pytest.fixture
def afresh(monkeypatch, tmp_path):
    """Places are looked for again; temporary files lie in the test's folder."""
    monkeypatch.setattr(cache, "_root", cache._root.__wrapped__)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def small(afresh, monkeypatch, capfd):
    """Run a program of one function; how often it was compiled, what was said, and the folder of its code."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(afresh / "cache"))

    def run(sources="one/program"):
        file = afresh / sources / "small.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SMALL)
        store, spec = Store("small", file.parent, (file,)), spec_from_file_location("small", file)
        with store.kept():
            spec.loader.exec_module(module := module_from_spec(spec))
        assert module.twice(3) == 6
        return sum(module.twice.stats.cache_misses.values()), capfd.readouterr().err, store.folder()

    monkeypatch.setitem(sys.modules, "small", None)
    return run


def test_a_second_checkout_compiles_nothing(small):
    assert small("one/program")[:2] == (1, "")
    assert small("another/program")[:2] == (0, "")


def test_the_engine_of_a_second_checkout_is_compiled(tmp_path):
    warm.warm()
    shutil.copytree(ROOT / "nalu", tmp_path / "nalu", ignore=shutil.ignore_patterns("__pycache__"))
    code = ("from nalu.tasks import Arithmetic\nfrom nalu.training import Plan\nfrom nalu.training.fused.engine import Fused, loop\n"
            "from nalu.training.fused.warm import warm\nwarm()\n"
            "Fused(Plan('NMU', Arithmetic(simple=True), iterations=1)).advance(1)\n"
            "print(loop.__file__, dict(loop.advance.stats.cache_misses))")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
                          capture_output=True, text=True)
    assert done.stdout.split() == [str(tmp_path / "nalu/training/fused/loop.py"), "{}"], done.stderr
    assert not done.stderr


@pytest.mark.parametrize("kept", [0.0, 0.4, 0.99])
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_file_that_was_cut_off_is_compiled_again(small, suffix, kept):
    *_, folder = small()
    (file,) = folder.rglob(f"*.{suffix}")
    data = file.read_bytes()
    file.write_bytes(data[:int(kept * len(data))])
    (folder / "float32.compiled").touch()
    misses, said, _ = small()
    assert misses == 1 and said == f"{file} is damaged; it is compiled again\n"
    assert not (folder / "float32.compiled").exists(), "whoever trains loads: another process compiles first"
    assert small()[:2] == (0, "")


def test_code_without_its_index_and_an_index_without_its_code_are_compiled_again(small):
    *_, folder = small()
    for suffix in ("nbi", "nbc"):
        next(folder.rglob(f"*.{suffix}")).unlink()
        assert small()[0] == 1 and small()[:2] == (0, "")


def test_one_processor_does_not_take_the_code_of_another(monkeypatch):
    before = ENGINE.folder()
    monkeypatch.setattr(config, "CPU_NAME", "haswell")
    assert ENGINE.folder() != before
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    assert ENGINE.folder() != before
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert ENGINE.folder() == before


def test_where_compiled_code_lies(afresh, monkeypatch):
    monkeypatch.setenv("HOME", str(afresh / "home"))
    assert ENGINE.folder().parent == afresh / "home" / ".cache" / "nalu"
    monkeypatch.setenv("XDG_CACHE_HOME", str(afresh / "xdg"))
    assert ENGINE.folder().parent == afresh / "xdg" / "nalu"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(afresh / "numba"))
    assert ENGINE.folder().parent == afresh / "numba"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write")
def test_where_nothing_can_be_written_it_is_a_temporary_folder_and_a_line(afresh, monkeypatch, capfd):
    monkeypatch.setenv("HOME", "/proc/nobody")
    nowhere = Store("small", Path("/proc/self"), ())
    folder = nowhere.folder().parent
    said = capfd.readouterr().err
    assert folder == afresh / f"nalu-{os.getuid()}" and folder.stat().st_mode & 0o777 == 0o700
    assert said.count("\n") == 1 and f"compiled code is kept in {folder}" in said and "NUMBA_CACHE_DIR" in said
    folder.chmod(0o777)
    assert nowhere.folder().parent != folder, "what others can write is not executed"
