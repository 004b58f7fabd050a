"""Training on sequential MNIST beside the plain loop: prints a table and writes ``benchmarks/sequences.csv``.

    python benchmarks/sequences.py            two to five minutes, on a quiet machine
    python benchmarks/sequences.py --quick    half a minute; prints only

The plain loop does what the authors' script does for one seed: one call of the convolutional
network for each position of a sequence, and, when it measures, for each picture of each of the
twenty test lengths. Pictures are normalised beforehand in both, which spares it the most.
`README.md` explains the rest.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from engines import machine, show, write
from timing import Row, measured, one_core, rates

from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.sequential.training.loop import Loop
from nalu.sequential.training.measure import measure
from nalu.sequential.training.networks import Network, build
from nalu.tasks.digits import at_hand

CSV = Path(__file__).with_name("sequences.csv")
PER_SECOND = "pictures/s"
TARGET = ">= 5"


class Plain:
    """One seed with PyTorch's Adam, position by position."""

    def __init__(self, loop: Loop) -> None:
        self.case, self.data, self.update = loop.condition, loop.data, 0
        self.network: Network = build(self.case, 0)
        self.adam = torch.optim.Adam(self.network.parameters(), self.case.learning_rate)

    def advance(self, updates: int) -> int:
        """Train; return how many pictures that were."""
        pictures = 0
        for update in range(self.update, self.update + updates):
            x, y = self.data.batch(0, update)
            state, outputs = self.network.cell.start(y[:, :1]), []
            for t in range(x.shape[1]):
                state = self.network.cell(self.network.cnn(x[:, t]), state)
                outputs.append(self.network.cell.output(state))
            loss = (torch.cat(outputs, 1) - y).square().mean() + self.case.scale(update) * self.network.penalty()
            self.adam.zero_grad()
            loss.backward()
            self.adam.step()
            self.network.project_()
            pictures += y.numel()
        self.update += updates
        return pictures

    @torch.no_grad()
    def measure(self, lengths: tuple[int, ...]) -> int:
        """Read the test pictures of every sequence of every length; return how many pictures there are."""
        for length in lengths:
            places, _ = self.data.test("test", length)
            for first in range(0, len(places), 64):
                x = self.data.pictures(self.data.orders["test"][places[first:first + 64]])
                for t in range(length):
                    self.network.cnn(x[:, t])
        return len(self.data.orders["test"])


def training(loop: Loop, plain: Plain, updates: int) -> tuple[Callable[[], int], Callable[[], int]]:
    """Two jobs: the plain loop and ours, a number of updates each."""
    def ours() -> int:
        first, drawn = loop.iteration, loop.data.updates
        loop.advance(first + updates)
        short = -len(loop.data.training[0]) % loop.condition.batch_size  # missing in the last batch of an epoch
        missing = short * (loop.iteration // drawn - first // drawn)
        return (updates * loop.condition.batch_size - missing) * loop.condition.task.train_length

    loop.history.steps = loop.history.steps[:0]  # measuring is timed apart
    return lambda: plain.advance(updates), ours


def measuring(loop: Loop, plain: Plain) -> tuple[Callable[[], int], Callable[[], int]]:
    """Two jobs: one network at every test length."""
    def ours() -> int:
        measure(loop.model(0), loop.data)
        return len(loop.data.orders["test"])

    return lambda: plain.measure(loop.condition.task.test_lengths), ours


def against_plain_loop(case: SequenceCondition, updates: int, repetitions: int) -> Iterator[Row]:
    """Pictures per second of both, in turns on one core."""
    with one_core():
        loop = Loop(case, case.seeds[:1])
        plain = Plain(loop)
        for what, target, (one, other) in (("training", TARGET, training(loop, plain, updates)),
                                           ("measuring", "", measuring(loop, plain))):
            found = rates({"plain": one, "ours": other}, repetitions)
            about = {"model": case.model, "stream": case.data}
            yield measured("sequences", f"{what}, plain loop", found["plain"], PER_SECOND, **about)
            yield measured("sequences", what, found["ours"], PER_SECOND, **about)
            yield measured("sequences", f"{what}, ours / plain loop", found["ours"] / found["plain"], "×",
                           target=target, **about)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--quick", action="store_true", help="half a minute; prints only")
    short = parser.parse_args().quick
    case = SequenceCondition("NMU", data=at_hand(), epochs=20)
    rows = [machine(), *against_plain_loop(case, 20, 2 if short else 9)]
    show(rows)
    if not short:
        write(rows, CSV)


if __name__ == "__main__":
    main()
