"""Command line of sequential MNIST: ``python -m nalu.sequential.training list | train``.

``list`` says what there is and how many seeds have results; ``train EXPERIMENT`` trains what
has none. What the user got wrong is one line on standard error and the exit status 2.
"""

import argparse
import sys
from collections.abc import Sequence

from nalu.experiments import sequential_table
from nalu.sequential import store
from nalu.support import seed_lists
from nalu.support.command import OK, REFUSED, Parser, complain
from nalu.support.listing import columns
from nalu.support.progress import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    parser = Parser(prog="python -m nalu.sequential.training", description="Sequential MNIST.")
    commands = parser.add_subparsers(required=True, metavar="command")
    listed = commands.add_parser("list", help="what there is, and how far it is")
    listed.set_defaults(run=_list)
    train = commands.add_parser("train", help="train what has no results yet")
    train.add_argument("experiment")
    train.add_argument("condition", nargs="*", default=[], help="all of them by default")
    train.add_argument("--seeds", default="", help="such as 0-4; all by default")
    train.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1, ...")
    train.add_argument("--keep", action="store_true", help="save the trained networks, too, half a megabyte each")
    train.set_defaults(run=_train)
    given = parser.parse_args(arguments)
    try:
        given.run(given)
    except (ValueError, OSError) as error:
        complain(error)
        return REFUSED
    except KeyboardInterrupt:
        complain("interrupted; the same command continues")
        return 130
    return OK


def _list(given: argparse.Namespace) -> None:
    rows = [("experiment", "condition", "data", "epochs", "seeds with results")]
    for entry in sequential_table.EXPERIMENTS.values():
        missing = store.missing(entry.name)
        rows += [(entry.name, c.id, c.data, str(c.epochs),
                  f"{len(c.seeds) - len(missing[c.id])} of {len(c.seeds)}") for c in entry.conditions]
    print(*columns(rows), sep="\n")


def _train(given: argparse.Namespace) -> None:
    entry = sequential_table.get(given.experiment)
    chosen = [entry.condition(name).id for name in given.condition] or [c.id for c in entry.conditions]
    from nalu.sequential.training.launch import train_condition  # torch, which the list does without

    for name in chosen:
        with Progress(name) as bar:
            trained = train_condition(entry.name, name, given.seeds, given.device, keep=given.keep, progress=bar)
        said = f"seeds {seed_lists.text(trained)} trained" if trained else "finished"
        print(f"{entry.name} {name}: {said}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
