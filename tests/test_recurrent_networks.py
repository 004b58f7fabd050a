"""Recurrent models: each cell against a plain double loop, R_z against its sum, initial weights."""

import math

import pytest
import torch
from torch import nn

from nalu import units
from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.experiments.sequential_models import RECURRENT
from nalu.sequential.training import z
from nalu.sequential.training.cells import LSTM, Accumulator, PassThrough, UnitCell
from nalu.sequential.training.cnn import CNN, normalised
from nalu.sequential.training.networks import Network, build
from nalu.tasks import SequentialMNIST

EPS = 1e-7
UNITS = [name for name, row in RECURRENT.items() if hasattr(units, row.cell)]


def network(model, operation="product", **settings):
    """A network in float64 with the weights of seed 3."""
    return build(SequenceCondition(model, SequentialMNIST(operation), **settings), seed=3).double()


def product_of_powers(W, x):
    return math.prod((abs(v) + EPS) ** w for w, v in zip(W, x, strict=True))


def weighted_sum(W, x):
    return sum(w * v for w, v in zip(W, x, strict=True))


BY_HAND = {
    "NMU": lambda W, x: math.prod(w * v + 1 - w for w, v in zip(W, x, strict=True)),
    "NAC_mul": product_of_powers, "NAC_mul_sigma": product_of_powers, "NAC_mul_NMU": product_of_powers,
    "NAU": weighted_sum, "NAC_add": weighted_sum,
}


@pytest.mark.parametrize("model", BY_HAND)
def test_a_unit_accumulates_as_a_plain_loop(model, numbers):
    made, l = network(model), numbers(4, 5, low=-3, high=9)
    outputs, inputs = made.accumulate(l)
    W = made.weight()[0].tolist()
    for row in range(4):
        state = RECURRENT[model].initial_state
        for t in range(5):
            seen = [l[row, t].item(), state]
            logs = [math.log(abs(v) + EPS) for v in seen]
            assert inputs[t, row].tolist() == pytest.approx(logs if RECURRENT[model].logs else seen)
            state = BY_HAND[model](W, seen)
            assert outputs[row, t].item() == pytest.approx(state, rel=1e-12)


def test_the_nalu_gates_on_picture_and_state(numbers):
    made, l = network("NALU"), numbers(3, 4, low=0.5, high=9)
    outputs, _ = made.accumulate(l)
    W, G = made.weight()[0].tolist(), made.cell.unit.G[0].tolist()
    for row in range(3):
        state = 0.0
        for t in range(4):
            seen = [l[row, t].item(), state]
            g = 1 / (1 + math.exp(-weighted_sum(G, seen)))
            state = g * weighted_sum(W, seen) + (1 - g) * product_of_powers(W, seen)
            assert outputs[row, t].item() == pytest.approx(state, rel=1e-12)


@pytest.mark.parametrize("size", [1, 3])
def test_the_lstm_is_pytorchs(size, numbers):
    made, l = network("LSTM", state_size=size), numbers(4, 6)
    outputs, inputs = made.accumulate(l)
    h = c = torch.zeros(4, size, dtype=torch.float64)
    for t in range(6):
        h, c = made.cell.cell(l[:, t:t + 1], (h, c))
        expected = made.cell.read(h) if size > 1 else h
        torch.testing.assert_close(outputs[:, t:t + 1], expected)
    assert inputs is None and made.weight() is None
    assert size > 1 or outputs.abs().max() < 1, "one state cannot leave (-1, 1)"


@pytest.mark.parametrize("operation, so_far", [("product", torch.cumprod), ("sum", torch.cumsum)])
def test_the_reference_accumulates_exactly(operation, so_far, numbers):
    l = numbers(4, 6)
    outputs, _ = network("reference", operation).accumulate(l)
    torch.testing.assert_close(outputs, so_far(l, 1))
    outputs, _ = network("pass_through", operation).accumulate(l)
    torch.testing.assert_close(outputs, l)


@pytest.mark.parametrize("model, W, operation", [
    ("NMU", [[1.0, 1.0]], "product"), ("NAC_mul_NMU", [[1.0, 1.0]], "product"), ("NAU", [[1.0, 1.0]], "sum")])
def test_the_exact_solution_is_representable(model, W, operation, numbers):
    made, l = network(model, operation), numbers(4, 6, low=1, high=9)
    with torch.no_grad():
        made.cell.unit.W.copy_(torch.tensor(W))
    expected, _ = network("reference", operation).accumulate(l)
    torch.testing.assert_close(made.accumulate(l)[0], expected, rtol=1e-5, atol=0)
    assert made.penalty() == 0


@pytest.mark.parametrize("model", [*UNITS, "LSTM"])
def test_gradients_reach_weights_and_pictures(model, numbers):
    made = network(model)
    l = numbers(3, 2, low=1.0, high=4.0).requires_grad_()
    if model == "NAC_add":  # its weights are saturated, see nalu.units.initialisation
        made.cell.unit.W_hat.data.mul_(0.1)
    assert torch.autograd.gradcheck(lambda v: made.accumulate(v)[0], (l,))
    made.accumulate(l)[0].sum().backward()
    assert all(p.grad.abs().max() > 0 for p in made.cell.parameters())


def test_all_pictures_go_through_one_network_and_keep_their_place(numbers):
    made, x = network("NMU"), numbers(3, 4, 1, 28, 28)
    outputs, l, _ = made(x)
    one_by_one = torch.stack([torch.cat([made.cnn(x[i, t][None])[0] for t in range(4)]) for i in range(3)])
    torch.testing.assert_close(l, one_by_one)
    torch.testing.assert_close(outputs, made.accumulate(one_by_one)[0])


def test_the_convolutional_network_is_the_authors(numbers):
    cnn, x = CNN().double(), numbers(2, 1, 28, 28)
    f = nn.functional
    h = f.max_pool2d(f.relu(cnn.conv1(x)), 2, 2)
    h = f.max_pool2d(f.relu(cnn.conv2(h)), 2, 2)
    expected = cnn.fc2(f.relu(cnn.fc1(h.view(-1, 4 * 4 * 50))))
    torch.testing.assert_close(cnn(x), expected)
    assert sum(p.numel() for p in cnn.parameters()) == 426_571


def test_pictures_are_normalised_with_mnists_mean_and_deviation():
    grey = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1)
    expected = (torch.tensor([0.0, 0.2, 1.0]) - 0.1307) / 0.3081
    torch.testing.assert_close(normalised(grey).flatten(), expected)
    assert normalised(grey).shape == (3, 1, 1, 1)


def test_initial_weights_are_the_third_draw_of_the_authors_generator():
    before = torch.random.get_rng_state()
    made = build(SequenceCondition("NMU"), seed=5)
    assert torch.equal(before, torch.random.get_rng_state()), "the global generator is left alone"
    torch.manual_seed(5)
    cnn = CNN()  # drawn by the layers, then twice with the cell
    for _ in range(2):
        cnn.reset_parameters()
        W = torch.empty(1, 2).uniform_(0.25, 0.75)
    assert torch.equal(made.cell.unit.W, W)
    assert torch.equal(made.cnn.conv1.weight, cnn.conv1.weight)
    assert torch.equal(made.cnn.fc2.bias, cnn.fc2.bias)


def test_the_lstm_is_drawn_three_times_too():
    made = build(SequenceCondition("LSTM"), seed=5)
    torch.manual_seed(5)
    cnn, cell = CNN(), nn.LSTMCell(1, 1)
    for _ in range(2):
        cnn.reset_parameters()
        cell.reset_parameters()
    assert torch.equal(made.cell.cell.weight_ih, cell.weight_ih)


@pytest.mark.parametrize("model, operation, start", [
    ("NMU", "product", 1), ("NAC_mul", "product", 1), ("NALU", "product", 0), ("LSTM", "product", 0),
    ("NAU", "sum", 0), ("NAC_add", "sum", 0), ("reference", "product", 1), ("reference", "sum", 0)])
def test_initial_states_are_the_authors(model, operation, start):
    state = network(model, operation).cell.start(torch.ones(2, 1, dtype=torch.float64))
    assert state.unique().tolist() == [start]
    if model not in ("reference",):
        other = network(model, operation, initial_state=0.5).cell.start(torch.ones(2, 1))
        assert other.unique().tolist() == [0.5]


@pytest.mark.parametrize("model, neutral", [("NMU", "one"), ("NAC_mul_NMU", "one"), ("NAU", "zero"), ("NAC_add", "zero")])
def test_rz_is_its_sum(model, neutral, numbers):
    made, l = network(model), numbers(4, 5, low=1, high=9)
    _, inputs = made.accumulate(l)
    W = made.weight()[0].tolist()

    def one(w, mean):
        return (1 - w) * (1 - mean) ** 2 if neutral == "one" else (1 - abs(w)) * mean**2

    means = [sum(inputs[t, n, i].item() for t in range(5) for n in range(4)) / 20 for i in range(2)]
    by_hand = sum(one(w, m) for w, m in zip(W, means, strict=True)) / 2
    assert z.penalty(made, neutral, "cell", inputs, l).item() == pytest.approx(by_hand)
    assert z.penalty(made, neutral, "image", inputs, l).item() == pytest.approx(one(W[0], l.mean().item()))
    assert RECURRENT[model].neutral == neutral


def test_rz_moves_weights_states_and_pictures(numbers):
    made, l = network("NMU"), numbers(4, 5, low=1, high=9).requires_grad_()
    _, inputs = made.accumulate(l)
    z.penalty(made, "one", "cell", inputs, l).backward()
    assert (l.grad != 0).all() and (made.cell.unit.W.grad != 0).all()


@pytest.mark.parametrize("cell", [UnitCell("NMU", 1.0, False), LSTM(2, 0.0), Accumulator("sum", 0.0),
                                  PassThrough("sum", 0.0)], ids=lambda c: type(c).__name__)
def test_a_network_of_any_cell_can_be_projected_and_drawn_again(cell):
    made = Network(CNN(), cell)
    made.project_()
    made.reset_parameters()
    assert made.accumulate(torch.ones(2, 3))[0].shape == (2, 3)
