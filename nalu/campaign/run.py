"""Train conditions through papermill, one after the other or several at once.

``notebooks/train.ipynb`` is executed for each condition; the executed copy in the work
folder is the log. Finished conditions start no kernel. The ``Snakefile`` has the same done
on all cores or by a cluster, a shard at a time; `nalu.campaign.jobs` says which.
"""

import builtins
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from nalu import experiments
from nalu.campaign import repeat
from nalu.campaign.request import Order
from nalu.report.notebooks import NotebookError
from nalu.results import runs, status
from nalu.support.command import FAILED, OK, REFUSED
from nalu.support.listing import columns


def run(order: Order, conditions: Iterable[str], jobs: int, complain: Callable[[object], None]) -> int:
    """Train conditions, at most `jobs` at once; return the exit status.

    A condition that fails does not keep the others from being trained.

    Parameters
    ----------
    order, conditions, jobs
        What to train.
    complain
        Told what went wrong, as text or exception, one condition at a time.

    Raises
    ------
    ValueError
        If a name, the seeds, engine or device are wrong; nothing was begun then.
    """
    conditions = list(conditions)
    order.examine(conditions)
    missing = runs.missing(order.experiment)
    todo = {name: order.lacking(name, missing) for name in conditions}
    for name, lacking in todo.items():
        state = f"{len(lacking)} seeds to train" if lacking else "finished"
        print(f"{order.experiment} {name}: {state}", flush=True)
    train = [name for name in todo if todo[name]]
    alone = jobs == 1 or len(train) <= 1
    if order.together:
        code = _together(order, train, complain) if train else OK
    elif alone:
        code = max((_one(order, name, complain) for name in train), default=OK)
    else:
        from nalu.campaign.launch import prepare

        prepare(order.engine, order.device)  # once, or every process that is started would
        code = _parallel([order.command(name) for name in train], train, jobs)
    for name in todo:
        if alone or name not in train:  # other processes speak for themselves
            _conclude(order, name)
    if train and not order.repeat:
        entry = experiments.get(order.experiment)
        print(status.total(entry.name, status.of(entry)), flush=True)
    return code


def _conclude(order: Order, name: str) -> None:
    """Print what is known of a condition now, beside the paper."""
    from nalu.paper import matched

    entry = experiments.get(order.experiment)
    for line in columns(matched.lines(entry, entry.condition(name))):
        print(line, flush=True)
    if order.repeat:
        print(repeat.sentence(order.folder(name)), flush=True)


def _one(order: Order, name: str, complain: Callable[[object], None]) -> int:
    try:
        order.train(name)
    except NotebookError as error:
        *_, last = str(error).split("\n")
        kind, _, message = last.partition(": ")
        raised = getattr(builtins, kind, None)
        if isinstance(raised, type) and issubclass(raised, (ValueError, OSError)):
            complain(message)
            return REFUSED
        said = f"{order.experiment} {name} failed; log: {order.shard(name).log}\n{error}"
        return _failed(order, [name], str(error), said, complain)
    except (ValueError, OSError) as error:
        complain(error)
        return REFUSED
    return OK


def _together(order: Order, names: list[str], complain: Callable[[object], None]) -> int:
    from nalu.campaign.shared_batches import train_together

    try:
        train_together(order.experiment, names, order.seeds, order.engine, order.device,
                       wait=order.wait)
    except (ValueError, OSError) as error:
        complain(error)
        return REFUSED
    except Exception as error:
        return _failed(order, names, f"{type(error).__name__}: {error}",
                       f"{order.experiment}, {len(names)} conditions together, failed\n{traceback.format_exc().rstrip()}", complain)
    return OK


def _failed(order: Order, names: list[str], why: str, said: str, complain: Callable[[object], None]) -> int:
    """Note with each condition why it failed, so that `nalu status` shows it, and say so."""
    for name in names:
        order.shard(name).failed(why)
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
