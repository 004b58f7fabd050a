"""The command line: ``python -m nalu list | train | lease | results | status | report``.

A mistake of the user gives one line on standard error and the exit status 2. A training or
a notebook that failed gives the exit status 1.
"""

import argparse
import math
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nalu import experiments
from nalu.campaign.request import Request, chosen
from nalu.campaign.run import run
from nalu.experiments import Entry, SequenceExperiment
from nalu.results import csv_file, merging, runs, status, store
from nalu.results.estimate import Pace
from nalu.results.workfolder import WorkFolder
from nalu.support import check, command, notation, seed_lists
from nalu.support.check import Refusal
from nalu.support.command import OK, PIPE, REFUSED, Parser, complain, in_words
from nalu.support.listing import columns


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    command.speak_any_alphabet()
    given = _parser().parse_args(arguments)
    try:
        command.examine_place(given.command, by_notebook=given.run is _train and not (given.direct or given.together))
        code = given.run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read, head or less, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE
    except (Refusal, OSError) as error:
        complain(error)
        return REFUSED
    except KeyboardInterrupt:
        complain("interrupted; the same command continues")
        return 130


def _parser() -> Parser:
    parser = Parser(prog="python -m nalu", description="Neural Arithmetic Units, reproduced.")
    parser.set_defaults(run=lambda _: parser.print_help() or OK)
    commands = parser.add_subparsers(metavar="command", dest="command")

    def add(name: str, function, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=function)
        return added

    listed = add("list", _list, "what can be trained")
    listed.add_argument("experiment", nargs="?", help="list its conditions")

    train = add("train", _train, "train what has no results yet")
    train.add_argument("experiment")
    train.add_argument("condition", nargs="*", default=[],
                       help="default: all of them; another experiment with its conditions may follow")
    train.add_argument("--seeds", default="", help="such as 0-9,70,85; all by default")
    train.add_argument("--engine", default="auto", help="default: the fastest that can run the training")
    train.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1, ...")
    train.add_argument("--jobs", default="1", help="how many conditions to train at once; default 1")
    train.add_argument("--repeat", action="store_true",
                       help="also train, once in this checkout, what has results, and compare with these results")
    train.add_argument("--direct", action="store_true", help="without papermill and its log")
    train.add_argument("--together", action="store_true",
                       help="train all conditions that learn from the same batches at once, without "
                       "papermill; this is the cheapest way on a CPU")
    train.add_argument("--wait", action="store_true",
                       help="wait for a process that trains the same seeds, instead of giving up")
    train.add_argument("--keep", action="store_true",
                       help="also save the networks of sequential MNIST, half a megabyte each")
    train.add_argument("--rows", metavar="FILE", type=Path,
                       help="write the results of one condition, or of several together, to this file "
                       "once they are complete")

    lease = add("lease", _lease, "train as much as possible in a given time on a GPU")
    lease.add_argument("experiment", nargs="*", help="all by default")
    lease.add_argument("--seconds", type=float, required=True, help="the time for everything")
    lease.add_argument("--device", default="cuda", help="cuda (default), cuda:1, ...")
    lease.add_argument("--pack", metavar="FILE", type=Path,
                       help="a .tar.gz of all results, renewed whenever there are new ones")
    lease.add_argument("--aside", metavar="FOLDER", type=Path,
                       help="where unfinished work is saved and found again (default: runs/.lease)")

    results = add("results", _results, "collect, verify and summarise results")
    results.add_argument("experiment", nargs="*", default=[], help="all by default")
    results.add_argument("--repeated", action="store_true", help="only compare the results with what train --repeat has trained here")
    results.add_argument("--from", dest="shards", action="append", default=[], metavar="FOLDER",
                         help="merge the results of another runs/ folder; may be repeated")

    shown = add("status", _status, "show the progress of every condition")
    shown.add_argument("experiment", nargs="*", help="all by default")

    report = add("report", _report, "execute the notebooks that are out of date, and draw the headline figure")
    report.add_argument("notebook", nargs="*", help="such as experiments/ten_parameters")
    report.add_argument("--jobs", default=str(os.cpu_count()), help="how many notebooks to execute at once")
    return parser


def _list(given: argparse.Namespace) -> int:
    if given.experiment is None:
        rows = [("experiment", "conditions", "runs", "reproduces")]
        rows += [(e.name, str(len(e.conditions)), str(sum(len(c.seeds) for c in e.conditions)), e.reproduces)
                 for e in experiments.every()]
    else:
        entry = experiments.get(given.experiment)
        print(f"{entry.title}. Reproduces: {entry.reproduces}.")
        rows = [(c.id, f"seeds {seed_lists.text(c.seeds)}", c.length) for c in entry.conditions]
    _print(rows)
    return 0


def _train(given: argparse.Namespace) -> int:
    folders = chosen(given.experiment, given.condition)
    if given.rows and len(folders) != 1 and not given.together:
        raise Refusal(f"--rows needs one condition or --together, got {len(folders)} conditions")
    jobs = check.typed(given.jobs, "jobs", at_least=1)
    if given.together and (jobs > 1 or given.repeat):
        raise Refusal("--together trains in one process what has no results; leave out "
                      + ("--repeat" if given.repeat else "--jobs"))
    request = Request(folders, given.seeds, given.engine, given.device, given.repeat, given.direct, given.wait,
                      given.together, given.keep)
    said: list[str] = []
    try:
        code = run(request, jobs, lambda what: said.append(complain(what)))
    except (Refusal, OSError) as error:
        if given.rows:  # a job of a campaign, whose lines nobody sees
            request.refused(in_words(error))
        raise
    if given.rows and code == REFUSED:
        request.refused(said[-1])
    if given.rows and not code:
        request.write_rows(given.rows)
    return code


def _lease(given: argparse.Namespace) -> int:
    from nalu.campaign.gpu_lease import run as train_for

    train_for(given.seconds, given.experiment, given.device, pack=given.pack, aside=given.aside,
              say=lambda line: print(line, flush=True))
    return 0


def _results(given: argparse.Namespace) -> int:
    if given.repeated:
        from nalu.campaign import repeat

        print(*(line for entry in _chosen(given.experiment) for line in repeat.closing(entry)), sep="\n")
        return OK
    wrong = []
    for entry in _chosen(given.experiment):
        added = sum(merging.merge(entry.name, _shard(Path(folder), entry)) for folder in given.shards)
        for condition in entry.conditions:
            folder = WorkFolder(entry, condition)
            added += folder.hand_in()
            wrong += [f"{entry.name} {condition.id}: {text}" for text in folder.contradictions()]
        _summarise(entry, added)
    for text in wrong:
        complain(text)
    return 1 if wrong else 0


def _status(given: argparse.Namespace) -> int:
    pace, totals, rows = Pace(), [], []
    for entry in _chosen(given.experiment):
        states = [*status.of(entry, pace)]
        rows += [(entry.name, s.condition.id, s.state,
                  f"{s.done} of {len(s.condition.seeds)} seeds",
                  f"left: {status.left(s.seconds)}" if s.missing else "") for s in states]
        totals.append(status.total(entry.name, states))
        totals += [f"{entry.name} {s.condition.id}: {s.why}" for s in states if s.why]
    _print(rows)
    print(*totals, sep="\n")
    from nalu.report.refresh import stale

    for name, reason in stale():
        print(f"out of date: {name}: {reason}")
    return 0


def _report(given: argparse.Namespace) -> int:
    from nalu.pages import headline
    from nalu.report.refresh import run as execute

    status = execute(given.notebook, check.typed(given.jobs, "jobs", at_least=1))
    headline.write()
    return status


def _summarise(entry: Entry, added: int) -> None:
    """Print the results of an experiment, one line per condition."""
    found = runs.by_condition(entry.name)
    if not any(map(len, found.values())):
        print(f"{entry.name}: no results yet")
        return
    print(f"{entry.name}: {added} rows added" if added else entry.name)
    if extra := runs.undeclared(entry.name):
        print(f"  {extra} rows have settings that are no longer declared; they are left out")
    if isinstance(entry, SequenceExperiment):
        from nalu.sequential import outcomes

        _print(outcomes.lines(entry), "  ")
        return
    from nalu.analysis.summary import METRICS, by_model, cell

    rows = [("condition", "runs", *METRICS)]
    for condition in entry.conditions:
        measured = by_model(found[condition.id])
        values = [cell(measured, condition.model, metric, condition.task.operation)
                  for metric in METRICS]
        rows.append((condition.id, f"{values[0].n} of {len(condition.seeds)}",
                     *(_with_interval(*value.interval) for value in values)))
    _print(rows, "  ")


def _with_interval(estimate: float, lower: float, upper: float) -> str:
    if math.isnan(estimate):
        return notation.MISSING
    interval = "" if math.isnan(lower + upper) else f" [{lower:.4g}, {upper:.4g}]"
    return f"{estimate:.4g}{interval}"


def _shard(folder: Path, entry: Entry) -> dict[str, list[csv_file.Row]]:
    """The rows of an experiment in the tables of another runs/ folder; none if it was not run there."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    kind = store.kind(entry)
    file = folder / entry.name / kind.outcomes.file
    outcomes = csv_file.read(file, kind.outcomes.columns, kind.outcomes.key)
    if other := next((row["experiment"] for row in outcomes if row["experiment"] != entry.name), None):
        raise Refusal(f"{file} has rows of {other!r}; allowed: those of {entry.name!r}")
    details = {name: csv_file.read(folder / entry.name / table.file, table.columns, table.key)
               for name, table in kind.details.items()}
    return details | {store.OUTCOMES: outcomes}


def _chosen(names: Iterable[str]) -> list[Entry]:
    return [experiments.get(name) for name in names] or experiments.every()


def _print(rows: Iterable[tuple[str, ...]], indent: str = "") -> None:
    for line in columns(rows, indent):
        print(line)
