"""The GPU: is there one, how large is it, and the little that Numba does not do by itself."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numba import cuda

from nalu.training.cuda.target import SIMULATED, WARP

_SHARED = 227 * 1024 - 64  # bytes a block may have on an H100, which the simulator takes for its own


def missing() -> str | None:
    """Why no kernel can run here, and what to do about it; None if one can."""
    if SIMULATED:
        return None
    if find_spec("numba_cuda") is None:
        return "numba-cuda is not installed: pip install '.[cuda]'"
    try:
        found = cuda.is_available() and len(cuda.gpus) > 0
    except Exception as error:  # whatever a broken driver says
        return f"CUDA does not start: {str(error).strip().splitlines()[-1]}"
    return None if found else "there is no GPU here, or no NVIDIA driver for it"


def select(device: str) -> None:
    """Use ``cuda`` or ``cuda:1``."""
    if not SIMULATED:
        cuda.select_device(int(device.partition(":")[2] or 0))


def multiprocessors() -> int:
    """Of the GPU that is used."""
    return 1 if SIMULATED else cuda.get_current_device().MULTIPROCESSOR_COUNT


def shared_memory() -> int:
    """Bytes of shared memory that a block may have."""
    return _SHARED if SIMULATED else \
        cuda.get_current_device().MAX_SHARED_MEMORY_PER_BLOCK_OPTIN - 64


def send(array: np.ndarray):
    """A copy on the GPU."""
    return cuda.to_device(np.ascontiguousarray(array))


def fetch(array) -> np.ndarray:
    """A copy from the GPU."""
    return array.copy_to_host()


def launch(kernel, blocks: int, warps: int, size: int, *arguments) -> None:
    """Start a kernel with `size` bytes of shared memory a block."""
    if not SIMULATED:
        kernel = _allowing(kernel, size, arguments)
    kernel[blocks, warps * WARP, 0, size](*arguments)


def _allowing(kernel, size: int, arguments):
    """The kernel compiled for these arguments, and allowed more than 48 kB of shared memory.

    That permission has to be asked of the driver, and Numba does not.
    """
    from cuda.bindings import driver

    compiled = kernel.specialize(*arguments)
    function = next(iter(compiled.overloads.values()))._codelibrary.get_cufunc()
    attribute = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    if isinstance(function.handle, driver.CUkernel):
        (error,) = driver.cuKernelSetAttribute(attribute, size, function.handle,
                                               cuda.get_current_device().id)
    else:
        (error,) = driver.cuFuncSetAttribute(function.handle, attribute, size)
    if error != driver.CUresult.CUDA_SUCCESS:
        raise RuntimeError(f"the driver refuses {size} bytes of shared memory: {error.name}")
    return compiled
