"""What the kernels take from CUDA, and what takes its place in Numba's simulator.

Integers that count, index or select are ``uint64`` throughout: a signed index would cost
Python's check for negative ones at every access, and mixed types would become float64.
"""

from __future__ import annotations

import numpy as np
from numba import config, cuda

SIMULATED = bool(config.ENABLE_CUDASIM)
u32, u64 = np.uint32, np.uint64

if SIMULATED:
    from nalu.training.cuda.simulated import WARP, device, fma, sync_block, sync_warp
else:
    WARP = 32
    device = cuda.jit(device=True)

    @device
    def fma(a, b, c):
        """$ab + c$, rounded once."""
        return cuda.fma(a, b, c)

    @device
    def sync_warp():
        """The threads of a warp wait for each other and see each other's writes."""
        cuda.syncwarp()

    @device
    def sync_block():
        """The threads of a block wait for each other and see each other's writes."""
        cuda.syncthreads()


@device
def product(a, b):
    """$ab$, rounded: the compiler may fuse a product with the sum after it, but not this one."""
    return fma(a, b, np.float32(0.0))
