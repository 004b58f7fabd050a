"""Compile the CUDA kernel to PTX, without a GPU: does it compile, and is everything on the chip?

    python tools/cuda_ptx.py [float32] [file.ptx]

With a file, the PTX is written there, for ``ptxas -v -arch=sm_90 file.ptx``, which says how many
registers a thread takes.
"""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numba import cuda, from_dtype, types
from numba.cuda import dispatcher

from nalu.training.cuda import kernel, records

CAPABILITY = (9, 0)  # an H100's


def signature(dtype: str) -> tuple:
    """Types of the kernel's arguments, in their order."""
    kind = from_dtype(np.dtype(dtype))[::1]
    tables = [from_dtype(row)[::1] for row in (records.BLOCK, records.LANE, records.TENSOR)]
    return (*tables, types.uint64[:, :, ::1], kind, kind, kind, types.uint32[:, ::1], kind, kind, kind,
            types.float64[:, :, ::1], types.int64[::1], types.float64[:, ::1], types.float64[::1], kind,
            types.uint64, types.uint64, types.uint64)


def compiled(dtype: str) -> str:
    """PTX of the kernel for batches of 128."""
    # functions of the device ask which GPU they are compiled for
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=CAPABILITY)
    ptx, _ = cuda.compile(kernel.build(dtype, 128).py_func, signature(dtype), cc=CAPABILITY,
                          device=False, abi="numba")
    return ptx


if __name__ == "__main__":
    text = compiled(*sys.argv[1:2] or ["float32"])
    if sys.argv[2:]:
        Path(sys.argv[2]).write_text(text)
    found = {what: len(re.findall(pattern, text, re.MULTILINE)) for what, pattern in {
        "lines of PTX": "$", "calls": r"^\s*call", "numbers in local memory": "__local_depot",
        "loads from shared memory": "ld.shared"}.items()}
    print(", ".join(f"{count} {what}" for what, count in found.items()))
