"""What every user of units writes by hand, once for any model: penalties, the ramp, the projection."""

import copy
import doctest

import pytest
import torch
from torch import nn

from nalu import sparsity
from nalu.models import build
from nalu.registry import MODELS
from nalu.sparsity import Regulariser, penalty, project_, ramp, units_of
from nalu.training import Plan
from nalu.units import NAC, NAU, NMU, GatedNAUNMU


class Mixed(nn.Module):
    """Units at several depths, one of them used twice, beside other layers."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), NAU(4, 3))
        self.heads = nn.ModuleDict({"gated": GatedNAUNMU(3, 2), "product": NMU(3, 1)})
        self.again = self.heads["product"]

    def forward(self, x):
        h = self.body(x)
        return self.heads["gated"](h).sum(-1, keepdim=True) + self.heads["product"](h)


def test_units_are_found_once_wherever_they_stand():
    model = Mixed()
    assert units_of(model) == {"body.2": model.body[2], "heads.gated": model.heads["gated"], "heads.product": model.again}
    assert units_of(model.again) == {"": model.again}
    total = sum(unit.penalty() for unit in (model.body[2], model.heads["gated"].nau, model.heads["gated"].nmu, model.again))
    torch.testing.assert_close(penalty(model), total)


@pytest.mark.parametrize("name", MODELS)
def test_models_of_the_papers_say_the_same(name):
    model = build(name, 6, 2)
    assert torch.equal(penalty(model), model.penalty())
    for parameter in model.parameters():
        parameter.data.mul_(20.0)
    mine = copy.deepcopy(model)
    project_(mine)
    model.project_()
    assert all(torch.equal(mine.state_dict()[key], value) for key, value in model.state_dict().items())


def test_the_penalty_has_the_units_gradient():
    model = Mixed()
    penalty(model).backward()
    assert all(unit.W.grad.any() for unit in (model.body[2], model.again)) and model.body[0].weight.grad is None
    assert penalty(NAC(2, 1)).item() == 0


@pytest.mark.parametrize("t", [0, 999_999, 1_000_000, 1_234_567, 2_000_000, 4_999_999])
def test_the_ramp_is_that_of_the_papers(t):
    assert 10.0 * ramp(t, 1_000_000, 2_000_000) == Plan("NMU").scale(t)


def test_the_hook_does_what_the_loop_by_hand_does():
    torch.manual_seed(3)
    by_hand = Mixed()
    model = copy.deepcopy(by_hand)
    first, second = (torch.optim.Adam(m.parameters(), 0.2) for m in (by_hand, model))
    regulariser = Regulariser(model, second, steps=20, weight=0.3)
    clamped = 0
    for t in range(20):
        x = torch.rand(8, 3)
        scale = 0.3 * min(max((t - 4) / (8 - 4), 0.0), 1.0)
        assert regulariser.step == t and regulariser.scale() == scale
        for m, optimiser, extra in ((by_hand, first, scale * penalty(by_hand)), (model, second, regulariser())):
            optimiser.zero_grad()
            ((m(x) - 9).square().mean() + extra).backward()
            optimiser.step()
        project_(by_hand)
        clamped += any((unit.W.abs() == 1).any() for unit in (model.body[2], model.again))
        assert all(torch.equal(a, b) for a, b in zip(by_hand.parameters(), model.parameters(), strict=True))
    assert clamped, "the projection had nothing to do"


def test_a_checkpoint_goes_on_and_a_removed_hook_does_nothing():
    model = NMU(2, 1)
    optimiser = torch.optim.SGD(model.parameters(), 100.0)
    regulariser = Regulariser(model, optimiser, steps=10, start=1, end=3)

    def update():
        optimiser.zero_grad()
        model(torch.ones(2) * 2).backward()
        optimiser.step()

    update()
    update()
    assert regulariser.state_dict() == {"step": 2} and not model.W.any()
    other = Regulariser(model, torch.optim.SGD(model.parameters(), 1.0), steps=10, start=1, end=3)
    other.load_state_dict(regulariser.state_dict())
    assert other.scale() == regulariser.scale() == 5.0
    regulariser.remove()
    update()
    assert regulariser.step == 2 and (model.W < 0).all()


def test_compiled_models_are_looked_into():
    model = Mixed()
    compiled = torch.compile(model, backend="eager")
    assert torch.equal(penalty(compiled), penalty(model))


ADAM = torch.optim.Adam([nn.Parameter(torch.ones(1))])


@pytest.mark.parametrize("wrong, message", [
    (lambda: penalty(nn.Linear(2, 1)), "Linear has no arithmetic units"),
    (lambda: project_(nn.Sequential()), "Sequential has no arithmetic units"),
    (lambda: ramp(1, 5, 5), "the ramp ends at 5; allowed: more than its start, 5"),
    (lambda: Regulariser(nn.Linear(2, 1), ADAM, 10), "Linear has no arithmetic units"),
    (lambda: Regulariser(NMU(2, 1), ADAM, 0), "steps must be an integer of at least 1, got 0"),
    (lambda: Regulariser(NMU(2, 1), ADAM, 10, weight=-1), "weight must be a finite number of at least 0, got -1"),
    (lambda: Regulariser(NMU(2, 1), ADAM, 10, start=8, end=3), "the ramp ends at 3; allowed: more than its start, 8"),
])
def test_what_is_wrong_is_one_line(wrong, message):
    with pytest.raises(ValueError) as error:
        wrong()
    assert str(error.value) == message
    assert not ADAM._optimizer_step_post_hooks, "a refused one left its hook"


def test_the_examples_run():
    found = doctest.testmod(sparsity)
    assert found.failed == 0 and found.attempted > 15
