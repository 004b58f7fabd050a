"""The GPU: finds out whether there is one, holds arrays on it, and starts the kernel."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from nalu.support import extras
from nalu.training.cuda import program
from nalu.training.cuda.program import Variant

WARP = 32


def missing() -> str | None:
    """Say why no kernel can run here and what to do about it; return None if one can."""
    if lacking := extras.missing("cuda", "cuda.bindings"):
        return lacking
    if not torch.cuda.is_available():
        return "there is no GPU here, or no NVIDIA driver for it, or this PyTorch is not built for one"
    return None


def name(device: str) -> str:
    """Return the name that the maker gave a GPU."""
    return torch.cuda.get_device_name(device)


class Array:
    """An array on the GPU: bytes of PyTorch, with a type and a shape of NumPy."""

    def __init__(self, array: np.ndarray, device: torch.device) -> None:
        array = np.ascontiguousarray(array)
        self.dtype, self.shape = array.dtype, array.shape
        self.bytes = torch.from_numpy(array.reshape(-1).view(np.uint8)).to(device)


class Gpu:
    """One GPU.

    Parameters
    ----------
    device : str
        ``cuda`` or ``cuda:1``.
    """

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        about = torch.cuda.get_device_properties(self.device)
        self.capability = about.major, about.minor
        self.multiprocessors = about.multi_processor_count
        self.shared_memory = about.shared_memory_per_block_optin
        self._streams = {}

    def send(self, array: np.ndarray) -> Array:
        """Copy an array to the GPU."""
        return Array(array, self.device)

    def fetch(self, array: Array) -> np.ndarray:
        """Copy an array from the GPU."""
        return array.bytes.cpu().numpy().view(array.dtype).reshape(array.shape)

    def address(self, array: Array) -> int:
        """Return the address at which an array begins."""
        return array.bytes.data_ptr()

    def launch(self, launches: list[tuple[Variant, int, int, int]], given: np.ndarray) -> None:
        """Run kernels beside each other, and wait for them.

        Parameters
        ----------
        launches : list
            For each kernel its variant, the warps of a block, the bytes of its shared memory, and the number of blocks.
        given : numpy.ndarray
            Their arguments, one record of type `records.ARGUMENTS` each.
        """
        from cuda.bindings import driver

        with torch.cuda.device(self.device):
            arguments = self.send(given)
            ready = torch.cuda.current_stream()
            for k, (variant, warps, size, blocks) in enumerate(launches):
                stream = self._streams.setdefault(k, torch.cuda.Stream())
                stream.wait_stream(ready)
                where = np.array([self.address(arguments) + k * given.itemsize], np.uint64)
                pointers = np.array([where.ctypes.data], np.uint64)
                program.check(driver.cuLaunchKernel(
                    self._kernel(variant, size), blocks, 1, 1, warps * WARP, 1, 1, size, stream.cuda_stream,
                    pointers.ctypes.data, 0))
            torch.cuda.synchronize()

    def _kernel(self, variant: Variant, size: int):
        """Return the kernel with leave to use the shared memory that it needs. The driver grants more than 48 kB only if asked."""
        from cuda.bindings import driver

        kernel = _loaded(variant, self.capability, self.device.index or 0)
        program.check(driver.cuFuncSetAttribute(
            kernel, driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, size))
        return kernel


@cache
def _loaded(variant: Variant, capability: tuple[int, int], device: int):
    from cuda.bindings import driver

    torch.zeros(1, device=f"cuda:{device}")  # PyTorch makes the context that everything happens in
    module = program.check(driver.cuModuleLoadData(program.compiled(variant, capability)))
    return program.check(driver.cuModuleGetFunction(module, b"train"))
