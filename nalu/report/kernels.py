"""The kernel that executes a page gets its whole environment from here and nothing from the caller.

A backend, a locale, a start-up file or a number of threads in the caller's environment could
change what a page says. A kernel that executes a page therefore gets `environment` and nothing else.
"""

import os
import sys
from pathlib import Path

from nalu.support.paths import ROOT

KEPT = ("PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "NUMBA_CACHE_DIR",
        "NALU_RUNS", "NALU_MNIST", "NALU_READ_LOG")
"""Variables that say where things lie: these a kernel takes from its caller."""

SET = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONPATH": str(ROOT),  # this package, also where another one is installed
    "PYTHONHASHSEED": "0",  # sets iterate in one order
    "PYTHONUTF8": "1",
    "SOURCE_DATE_EPOCH": "0",  # no dates in figures
    "TQDM_DISABLE": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # the one that shows figures on the page
    "MATPLOTLIBRC": str(ROOT / "nalu" / "pages" / "style.mplstyle"),
    # sums of floats are taken in the same order on every machine
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}
PROFILE = 'c.InlineBackend.figure_formats = {"svg"}\nc.InteractiveShellApp.exec_PYTHONSTARTUP = False\n'
STDERR = "stderr"  # the file that has what a kernel says before it answers


def environment(scratch: Path) -> dict[str, str]:
    """All variables of a kernel that executes a page; its profile for IPython is written to `scratch`."""
    profile = scratch / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(PROFILE)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | SET | {"IPYTHONDIR": str(profile.parent)}


def manager(scratch: str) -> type:
    """Manager of kernels that run this very Python and talk through files in ``scratch``."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class PrivateKernelManager(AsyncKernelManager):
        kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3", language="python")

        def __init__(self, **options):
            super().__init__(transport="ipc", ip=f"{scratch}/k",
                             connection_file=f"{scratch}/connection.json", **options)

        async def start_kernel(self, **options):
            """What the cells write to standard error is sent to the notebook, the rest kept."""
            with open(Path(scratch, STDERR), "ab") as file:
                await super().start_kernel(**options | {"stderr": file})

    return PrivateKernelManager
