"""The CUDA kernel on the processor: compiled by g++ with `cuda_on_cpu.h`, it takes the place of a GPU."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from nalu.training.cuda import program

HERE = Path(__file__).resolve().parent
MISSING = None if shutil.which("g++") else "g++ is not installed: the CUDA kernel is not tested"


class Processor:
    """Holds the arrays and runs the kernel, as `nalu.training.cuda.gpu.Gpu` does."""

    def __init__(self, shared_memory: int = 227 * 1024) -> None:
        self.shared_memory = shared_memory
        self.launched = []

    def send(self, array: np.ndarray) -> np.ndarray:
        return _aligned(array)

    def fetch(self, array: np.ndarray) -> np.ndarray:
        return array.copy()

    def address(self, array: np.ndarray) -> int:
        return array.ctypes.data

    def launch(self, launches: list, given: np.ndarray) -> None:
        """Run kernels `(variant, warps, bytes of shared memory, blocks)` with their arguments, one after the other."""
        for k, (variant, warps, size, blocks) in enumerate(launches):
            shared = _aligned(np.full(size, 255, np.uint8))  # NaN, wherever nothing was put
            pointers = (ctypes.c_void_p(array.ctypes.data) for array in (shared, given[k : k + 1]))
            library(variant).run(blocks, 32 * warps, *pointers)
        self.launched += launches


def _aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins at a multiple of 16 bytes."""
    array = np.ascontiguousarray(array)
    room = np.empty(array.nbytes + 16, np.uint8)
    begin = -room.ctypes.data % 16
    copy = room[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@cache
def library(variant: program.Variant) -> ctypes.CDLL:
    """The kernel, compiled once for its present source."""
    own = [HERE / "cuda_on_cpu.h", HERE / "cuda_on_cpu.cpp"]
    flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-Wall", "-Wno-unknown-pragmas", *variant.defined()]
    if "fma" in Path("/proc/cpuinfo").read_text().split():
        flags.append("-mfma")  # the C library's function gives the same, slowly
    text = "".join([*program.sources().values(), *(path.read_text() for path in own), *flags])
    place = Path(tempfile.gettempdir()) / f"nalu-cuda-{hashlib.sha256(text.encode()).hexdigest()[:16]}.so"
    if not place.exists():
        with tempfile.TemporaryDirectory() as folder:
            for name, source in program.sources().items():
                Path(folder, name).write_text(source)
            made = Path(folder, "kernel.so")
            subprocess.run(["g++", *flags, f"-I{folder}", f"-I{HERE}", "-o", made, own[1]], check=True)
            part = Path(shutil.copy(made, f"{place}.{os.getpid()}"))
            part.replace(place)
    return ctypes.CDLL(str(place))
