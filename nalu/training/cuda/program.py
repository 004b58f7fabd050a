"""The program of the kernel: its sources, compiled by NVRTC once per machine, and kept."""

from __future__ import annotations

from pathlib import Path

from nalu.training.cuda import records

HERE = Path(__file__).parent


def sources() -> dict[str, str]:
    """All files of the source by name; the tables' is made of `records`."""
    return {path.name: path.read_text() for path in sorted(HERE.glob("*.cu*"))} | {"records.cuh": records.header()}


def defined(dtype: str, on_chip: bool, threads: int) -> list[str]:
    """Options that choose a variant: the precision, whether what products read is on the chip, and threads of a block."""
    real = {"float32": "float", "float64": "double"}[dtype]
    return [f"-DREAL={real}", f"-DON_CHIP={str(on_chip).lower()}", f"-DTHREADS={threads}"]
