"""What each kernel of .venv is told: make copies this file to .venv/etc/ipython/."""

import logging

# papermill and JupyterLab talk to their kernels through TCP on this machine, and ipykernel says each time that others could listen.
logging.getLogger("IPKernelApp").addFilter(lambda record: "without encryption" not in record.getMessage())
