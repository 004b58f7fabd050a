"""Train conditions through papermill, one after the other or several at once.

``notebooks/train.ipynb`` is executed for each condition; the executed copy in the work
folder is the log. Finished conditions start no kernel. The ``Snakefile`` does the same
on all cores or on a cluster, one shard at a time; `nalu.campaign.jobs` lists the shards.
"""

import builtins
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nalu import experiments
from nalu.campaign import repeat
from nalu.campaign.request import Request
from nalu.paper import beside
from nalu.report.notebooks import NotebookError
from nalu.results import status
from nalu.results.workfolder import WorkFolder
from nalu.support.check import Refusal
from nalu.support.command import FAILED, OK, REFUSED
from nalu.support.listing import columns


def run(request: Request, jobs: int, complain: Callable[[object], None]) -> int:
    """Train what is asked for, at most `jobs` conditions at once; return the exit status.

    A condition that fails does not keep the others from being trained.

    Parameters
    ----------
    request, jobs
        What to train.
    complain
        Told what went wrong, as text or exception, one condition at a time.

    Raises
    ------
    ValueError
        If the engine or the device is wrong; nothing was begun then.
    """
    request.examine()
    todo = request.lacking()
    for folder, lacking in todo.items():
        state = f"{len(lacking)} seeds to train" if lacking else "finished"
        print(f"{folder.title}: {state}", flush=True)
    train = [folder for folder in todo if todo[folder]]
    alone = jobs == 1 or len(train) <= 1
    codes = {}
    if request.together:
        # those that have results by now may be needed to take up a checkpoint that they share with the others
        company = [folder for folder in todo if todo[folder] or request.shard(folder).trainings()]
        code = _together(request, company, complain) if train else OK
        codes = dict.fromkeys(train, code)
    elif alone:
        codes = {folder: _one(request, folder, complain) for folder in train}
        code = max(codes.values(), default=OK)
    else:
        from nalu.campaign.launch import prepare

        prepare(request.engine, request.device)  # once, or every process that is started would
        names = [folder.condition.id if len(request.names) == 1 else folder.title for folder in train]
        code = _parallel([*map(request.command, train)], names, jobs)
    for folder in todo:
        if (alone or folder not in train) and codes.get(folder) != REFUSED:  # other processes speak for themselves
            _conclude(request, folder)
    for name in request.names if train and not request.repeat else ():
        print(status.total(name, status.of(experiments.get(name))), flush=True)
    return code


def _conclude(request: Request, folder: WorkFolder) -> None:
    """Print what is known of a condition now beside the paper; of a repetition, beside the recorded rows."""
    lines = [repeat.sentence(folder)] if request.repeat else columns(beside.lines(folder.experiment, folder.condition))
    for line in lines:
        print(line, flush=True)


def _one(request: Request, folder: WorkFolder, complain: Callable[[object], None]) -> int:
    try:
        request.train(folder)
    except NotebookError as error:
        *_, last = str(error).split("\n")
        kind, _, message = last.partition(": ")
        raised = getattr(builtins, kind, Refusal if kind.endswith(f".{Refusal.__name__}") else None)
        if isinstance(raised, type) and issubclass(raised, (Refusal, OSError)):
            complain(message)
            return REFUSED
        said = f"{folder.title} failed; log: {request.shard(folder).log}\n{error}"
        return _failed(request, [folder], str(error), said, complain)
    except (Refusal, OSError) as error:
        complain(error)
        return REFUSED
    except Exception as error:
        return _broken(request, [folder], error, folder.title, complain)
    return OK


def _together(request: Request, folders: list[WorkFolder], complain: Callable[[object], None]) -> int:
    from nalu.campaign.shared_batches import train_together

    try:
        train_together(folders, request.seeds, request.engine, request.device, wait=request.wait)
    except (Refusal, OSError) as error:
        complain(error)
        return REFUSED
    except Exception as error:
        what = f"{', '.join(request.names)}, {len(folders)} conditions together,"
        return _broken(request, folders, error, what, complain)
    return OK


def _broken(request: Request, folders: list[WorkFolder], error: Exception, what: str,
            complain: Callable[[object], None]) -> int:
    """Note and say that a training in this process ended in an error of the program, with its traceback."""
    said = f"{what} failed\n{traceback.format_exc().rstrip()}"
    return _failed(request, folders, f"{type(error).__name__}: {error}", said, complain)


def _failed(request: Request, folders: list[WorkFolder], why: str, said: str, complain: Callable[[object], None]) -> int:
    """Note with each condition why it failed, so that `nalu status` shows it, and say so."""
    for folder in folders:
        request.shard(folder).failed(why)
    complain(said)
    return FAILED


def _parallel(commands: list[list[str]], names: list[str], jobs: int) -> int:
    """Run commands as processes; every line they print begins with the condition."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // jobs))
    environment = {"NUMBA_NUM_THREADS": share, "OMP_NUM_THREADS": share} | os.environ
    running: list[subprocess.Popen] = []

    def follow(command: list[str], name: str) -> int:
        with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            running.append(process)
            for line in process.stdout:
                print(f"{name} | {line}", end="", flush=True)
        return FAILED if process.returncode < 0 else process.returncode

    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with ThreadPoolExecutor(jobs) as pool:
        try:
            return max(pool.map(follow, commands, names), default=OK)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            raise
