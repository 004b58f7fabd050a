"""Training on sequential MNIST: time per picture, beside the plain loop for one seed.

The plain loop does what the authors' script does for one seed: one call of the convolutional
network for each position of a sequence, and, when it measures, for each picture of each of the
twenty test lengths. Pictures are normalised beforehand in both, which spares it the most.
"""

import argparse
import time

import torch
from timing import one_core

from nalu.recurrent.loop import Loop
from nalu.recurrent.measure import measure
from nalu.recurrent.networks import build
from nalu.sequential.conditions import SequenceCondition
from nalu.tasks.digits import at_hand


def plain(case: SequenceCondition, loop: Loop, updates: int) -> None:
    """Train one seed with PyTorch's Adam, position by position."""
    network = build(case, 0)
    adam = torch.optim.Adam(network.parameters())
    for update in range(updates):
        x, y = loop.data.batch(0, update)
        state = network.cell.start(y[:, :1])
        outputs = []
        for t in range(x.shape[1]):
            state = network.cell(network.cnn(x[:, t]), state)
            outputs.append(state)
        loss = (torch.cat(outputs, 1) - y).square().mean() + case.scale(update) * network.penalty()
        adam.zero_grad()
        loss.backward()
        adam.step()
        network.project_()


@torch.no_grad()
def plain_measure(case: SequenceCondition, loop: Loop) -> None:
    """Measure one network at every test length, picture by picture of every sequence."""
    network, data = build(case, 0), loop.data
    for length in case.task.test_lengths:
        places, _ = data.test("test", length)
        for first in range(0, len(places), 64):
            x = data.pictures(data.orders["test"][places[first:first + 64]])
            for t in range(length):
                network.cnn(x[:, t])


def seconds(job, repetitions: int) -> float:
    """Least processor time of a job: what other programs take from shared caches only adds."""
    found = []
    for _ in range(repetitions):
        began = time.process_time()
        job()
        found.append(time.process_time() - began)
    return min(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=3)
    repetitions = parser.parse_args().repetitions
    case, updates = SequenceCondition("NMU", data=at_hand(), epochs=20), 8
    pictures = updates * case.batch_size * case.task.train_length
    with one_core():
        def ours() -> None:
            Loop.advance(loop, loop.update + updates)

        loop = Loop(case, (0,))
        loop.history.steps = loop.history.steps[:0]  # measuring is timed apart
        for what, one, other, per in (
                ("training", lambda: plain(case, loop, updates), ours, pictures),
                ("measuring", lambda: plain_measure(case, loop), lambda: measure(loop.filled(0), loop.data),
                 len(loop.data.orders["test"]))):
            a, b = seconds(one, repetitions) / per * 1e6, seconds(other, repetitions) / per * 1e6
            print(f"{what} on {case.data}: plain {a:,.0f} µs per picture, here {b:,.0f} µs, {a / b:.1f} times faster")


if __name__ == "__main__":
    main()
