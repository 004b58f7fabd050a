"""The program of the kernel: its sources, compiled by NVRTC once per machine, and kept.

``cuda-bindings`` is NVIDIA's own and has NVRTC and the driver as they are; what is built on it, ``cuda-core`` and
CuPy, cannot do without it, and PyTorch holds the arrays already.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from nalu.support import files
from nalu.training.cuda import records, translation
from nalu.training.fused.cache import Store

HERE = Path(__file__).parent
STORE = Store("cuda", HERE, tuple(sorted(HERE.glob("*.*"))))
THREADS = 640
"""Of a block, at most; a multiprocessor has registers enough for 96 a thread."""

EXACT = ("--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
"""Every operation is rounded by itself, as written."""


def sources() -> dict[str, str]:
    """All files of the source by name; that of the tables is made of `records`, that of the functions translated."""
    return {path.name: path.read_text() for path in sorted(HERE.glob("*.cu*"))} | {
        "records.cuh": records.header(), "functions.cuh": translation.header()}


@dataclass(frozen=True)
class Variant:
    """Of the program: the precision, whether all that products read is on the chip, and a thread's samples at most.

    `parts` are those of an iteration that it has, for measurements: 1 to draw, 2 the first layers' products, 4 all that
    follows from these, 8 the first layers' steps; what a part is made of should be there, too.
    """

    dtype: str
    on_chip: bool
    samples: int
    parts: int = 15

    def defined(self) -> list[str]:
        """Options of the compiler."""
        real = {"float32": "float", "float64": "double"}[self.dtype]
        return [f"-DREAL={real}", f"-DON_CHIP={str(self.on_chip).lower()}", f"-DMOST_SAMPLES={self.samples}",
                f"-DTHREADS={THREADS}", f"-DPARTS={self.parts}"]


def compiled(variant: Variant, capability: tuple[int, int]) -> bytes:
    """Machine code for a GPU of this compute capability, from the cache or NVRTC. A damaged file is compiled anew.

    Raises
    ------
    RuntimeError
        If it cannot be compiled; the message is the compiler's.
    """
    options = [*EXACT, *variant.defined(), f"--gpu-architecture=sm_{capability[0]}{capability[1]}", "--std=c++17"]
    text = "\0".join([*options, *(part for pair in sources().items() for part in pair)])
    file = STORE.folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.cubin"
    with files.locked(file.with_suffix(".lock")):
        kept = file.read_bytes() if file.exists() else b""
        if kept[:32] != hashlib.sha256(kept[32:]).digest():
            code, _ = compile_with(options)
            kept = hashlib.sha256(code).digest() + code
            files.write(file, kept)
    return kept[32:]


def compile_with(options: list[str]) -> tuple[bytes, str]:
    """Machine code, and what the compiler says."""
    from cuda.bindings import nvrtc

    parts = sources()
    text = parts.pop("kernel.cu").encode()
    program = check(nvrtc.nvrtcCreateProgram(text, b"kernel.cu", len(parts), [part.encode() for part in parts.values()],
                                             [name.encode() for name in parts]))
    try:
        (error,) = nvrtc.nvrtcCompileProgram(program, len(options), [option.encode() for option in options])
        log = b" " * check(nvrtc.nvrtcGetProgramLogSize(program))
        check(nvrtc.nvrtcGetProgramLog(program, log))
        said = log.rstrip(b"\0 ").decode()
        if error != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise RuntimeError(f"the CUDA kernel cannot be compiled: {said}")
        code = b" " * check(nvrtc.nvrtcGetCUBINSize(program))
        check(nvrtc.nvrtcGetCUBIN(program, code))
        return code, said
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def check(answer: tuple):
    """What a function of NVIDIA's returned beside its error code.

    Raises
    ------
    RuntimeError
        If it failed.
    """
    error, *result = answer
    if error:
        raise RuntimeError(f"CUDA fails: {error.name}")
    return result[0] if result else None
