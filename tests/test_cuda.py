"""The CUDA engine where there is no GPU: in the simulator, as PTX, and as a clear refusal."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from nalu.results import origin
from nalu.tasks import Arithmetic
from nalu.training import Plan
from nalu.training.cuda import gpu
from nalu.training.engines import engine
from nalu.training.fused.engine import Fused

ROOT = Path(__file__).resolve().parents[1]


def python(*arguments, **environment):
    """Run Python beside this process: the simulator must be asked for before Numba is loaded."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)} | environment)


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="this is the simulator")
def test_in_the_simulator():
    done = python("-m", "pytest", "-q", "-x", "-n", "2", "-p", "no:cacheprovider", "tests/cuda_kernels.py",
                  "tests/cuda_lease.py",
                  NUMBA_ENABLE_CUDASIM="1")
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout and " skipped" not in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
def test_on_a_gpu():
    done = python("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/cuda_kernels.py")
    assert done.returncode == 0, done.stdout[-3000:]


def nvvm():
    """Whether the compiler for NVIDIA's intermediate code is installed, as by ``.[cuda]``."""
    if find_spec("numba_cuda") is None:
        return False
    return any(Path(place).is_dir() for name in ("nvvm", "cu13") if find_spec("nvidia")
               for top in find_spec("nvidia").submodule_search_locations
               for place in [Path(top) / name])


@pytest.mark.slow
@pytest.mark.skipif(not nvvm(), reason="needs pip install '.[cuda]'")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_compiles_without_a_gpu(dtype):
    done = python("tools/cuda_ptx.py", dtype)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "lines of PTX" in done.stdout and ", 0 calls, 0 numbers in local memory" in done.stdout


@pytest.mark.skipif(gpu.missing() is None, reason="there is a GPU")
def test_without_a_gpu_it_says_what_to_do():
    with pytest.raises(ValueError) as error:
        engine("cuda", Plan("NMU"))
    assert str(error.value) == f"engine 'cuda' cannot run this: {gpu.missing()}"
    assert "pip install '.[cuda]'" in str(error.value) or "GPU" in str(error.value)
    assert "\n" not in str(error.value)


def test_on_the_cpu_auto_stays_fused():
    assert type(engine("auto", Plan("NMU", Arithmetic(simple=True), iterations=1))) is Fused


def test_without_numba_cuda(monkeypatch):
    monkeypatch.setattr(gpu, "find_spec", lambda name: None)
    assert gpu.missing() == "numba-cuda is not installed: pip install '.[cuda]'"


def test_a_copy_without_git_can_say_its_commit(monkeypatch):
    monkeypatch.setattr(origin, "_git", lambda *_: "")
    monkeypatch.delenv("NALU_COMMIT", raising=False)
    assert origin.commit() == "unknown"
    monkeypatch.setenv("NALU_COMMIT", "3d153a6abc")
    assert origin.commit() == "3d153a6abc"
