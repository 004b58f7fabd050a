"""Execute a notebook with papermill: strict about parameters, private about sockets.

papermill itself only warns about a parameter that the notebook does not know, so that a
misspelt ``seeds`` would train the default ones; here it is an error before a kernel
starts, and :func:`reject_unknown` makes it one inside the notebook, too, for those who
call papermill themselves.

Every kernel talks through Unix sockets in a folder of its own. TCP ports, papermill's
default, are raced for when several kernels start at once.
"""

import ast
import re
import tempfile
from pathlib import Path

from nalu.report import kernels
from nalu.support import check, files
from nalu.support.check import Refusal
from nalu.support.paths import ROOT

START_TIMEOUT = 300  # seconds until a kernel must answer; a cold disk needs many
TRACEBACK_LINES = 20
LONGEST = 90  # characters of the folder of a kernel's sockets, whose paths may have 103 on macOS
INJECTED = "# Parameters\n"  # how papermill begins the cell that it adds


class NotebookError(RuntimeError):
    """A notebook failed; the message is the report that its user should read."""


def parameters(source: Path) -> dict:
    """Names and default values of the cell tagged ``parameters``.

    Raises
    ------
    ValueError
        If the notebook has no such cell, or the cell assigns anything but literals.
    """
    for cell in files.notebook(Path(source))["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            return _assignments("".join(cell["source"]), source)
    raise Refusal(f"{source} has no cell tagged 'parameters'")


def reject_unknown(source: Path) -> None:
    """Fail if papermill injected a name that the notebook does not declare, or a number where it has text.

    To be called in the cell after the parameters. In JupyterLab, where nothing is
    injected, it does nothing.

    Raises
    ------
    ValueError
        Naming the parameter and what is allowed, with a suggestion.
    """
    from IPython import get_ipython

    for code in get_ipython().user_ns["In"]:
        if code.startswith(INJECTED):
            given, known = _assignments(code, source), parameters(source)
            _check_names(given, source)
            for name, value in given.items():  # of -p seeds 010 it has made 10
                if isinstance(known[name], str) and not isinstance(value, str | list):
                    raise Refusal(f"{name} must be text, and papermill's -p has made the number {value!r} of it; "
                                  f"-r {name} {value} takes it as it is typed")


def run_notebook(source: Path, target: Path, values: dict | None = None, *,
                 stdout=None, stderr=None, timeout: int | None = None) -> None:
    """Execute ``source`` into ``target``, in the repository's root.

    ``target`` is written as the execution goes, and stays when it fails.

    Parameters
    ----------
    source, target
        The notebook and the executed copy to write; folders are made as needed.
    values
        Parameters that differ from the notebook's own.
    stdout, stderr
        Open text files, for instance ``sys.stdout``, that receive what the notebook
        prints while it prints it.
    timeout
        Seconds that a single cell may take; unlimited without.

    Raises
    ------
    ValueError
        If the notebook does not know one of the parameters, or the path of the folder for
        temporary files is too long; nothing is written then.
    OSError
        If ``target`` cannot be written.
    NotebookError
        If a cell raises or the kernel dies or does not start, with the end of the traceback.
    """
    values = values or {}
    _check_names(values, source)

    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nalu-") as scratch:
        if len(scratch) > LONGEST:
            raise Refusal(f"{scratch} is too long a path for the sockets of a kernel, allowed are {LONGEST} "
                          "characters; export TMPDIR=/tmp")
        try:
            papermill.execute_notebook(
                str(source), str(target), parameters=values, cwd=str(ROOT),
                kernel_name="python3", kernel_manager_class=kernels.manager(scratch),
                progress_bar=False, stdout_file=stdout, stderr_file=stderr,
                start_timeout=START_TIMEOUT, execution_timeout=timeout)
        except PapermillExecutionError as error:
            raise NotebookError(_summary(error)) from None
        except DeadKernelError:
            raise NotebookError("the kernel died; the system may have run out of memory") from None
        except RuntimeError as error:
            log = Path(scratch, kernels.STDERR)
            why = [str(error), *(log.read_text("utf8", "replace").split("\n") if log.exists() else ())]
            raise NotebookError(f"the kernel did not start: {[line for line in why if line][-1]}; "
                                f"is there room in {scratch}?") from None
        except OSError as error:
            if error.filename is not None:
                raise
            raise OSError(error.errno, f"cannot write: {error.strerror}", str(target)) from None
        except CellTimeoutError:
            raise NotebookError(f"a cell took longer than {timeout} s") from None


def _assignments(code: str, source: Path) -> dict:
    found = {}
    for node in ast.parse(code).body:
        try:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            line = ast.unparse(node).split("\n")[0]
            raise Refusal(f"{source}: the parameters cell may only assign literals, not "
                          f"{line!r}") from None
    return found


def _check_names(names, source: Path) -> None:
    known = parameters(source)
    for name in names:
        check.one_of(name, known, f"parameter of {Path(source).name}")


def _summary(error) -> str:
    """Which cell, and the last lines of its traceback, without terminal colours."""
    text = "\n".join(error.traceback).rstrip() or f"{error.ename}: {error.evalue}"
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).split("\n")
    return "\n".join([f"cell {error.cell_index + 1} failed", *lines[-TRACEBACK_LINES:]])
