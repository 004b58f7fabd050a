"""A seed's run does not depend on the seeds beside it, on threads, or on stages."""

import pytest
import torch
from torch import nn

from nalu import units
from nalu.models import TwoLayer, build
from nalu.tasks import Arithmetic
from nalu.training import Plan, fit, train
from nalu.training.engines import engine

pytestmark = pytest.mark.slow

SIMPLE = Arithmetic(simple=True)
TABLE_1 = ["NAC_mul", "NAC_mul_sigma", "NALU", "NMU", "Gated_NAU_NMU"]
LOGGED = {"engine": "reference", "log_every": 40}


def csv(history, seeds=None):
    """The rows of some seeds as they would be written, every digit included."""
    rows = history if seeds is None else history[history["seed"].isin(seeds)]
    return rows.to_csv(index=False)


def state_bytes(model):
    return {key: value.numpy().tobytes() for key, value in model.state_dict().items()}


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name", TABLE_1)
def test_two_seeds_alone_are_their_rows_among_ten(name, stream):
    together = fit(name, SIMPLE, range(10), 80, stream=stream, **LOGGED)
    alone = fit(name, SIMPLE, [5, 3], 80, stream=stream, **LOGGED)
    assert csv(together.history, [3, 5]) == csv(alone.history)
    assert len(alone.history) == 6
    for seed in (3, 5):
        assert state_bytes(together.models[seed]) == state_bytes(alone.models[seed])
    assert len(set(together.history.query("step == 80")["valid_mse"])) == 10


@pytest.mark.parametrize("name", ["NMU", "NALU"])
def test_a_seed_alone_is_its_row_among_more_than_fit_side_by_side(name):
    task = Arithmetic(input_size=10)
    together = train(name, task, range(35), 10, engine="reference", log_every=5)
    for seed in (0, 34):
        alone = train(name, task, [seed], 10, engine="reference", log_every=5)
        assert csv(together, [seed]) == csv(alone)


@pytest.mark.parametrize("name", ["NMU", "NALU"])
def test_one_thread_is_two_threads(name):
    seen, histories, task = set(), [], Arithmetic(input_size=40)

    def watched(generator):
        model = build(name, 40, 2, generator=generator)
        model.register_forward_pre_hook(lambda *_: seen.add(torch.get_num_threads()))
        return model

    for threads in (1, 2):
        torch.set_num_threads(threads)
        histories.append(csv(train(watched, task, [0, 1, 2], 10, engine="reference", log_every=5)))
        assert torch.get_num_threads() == threads, "the setting was not put back"
    assert histories[0] == histories[1]
    assert seen == {1}, "sums are split where threads meet"


def test_stages_do_not_matter():
    whole = engine("reference", Plan("NMU", SIMPLE, (1, 2), 30, log_every=10))
    whole.advance(31)
    cut = engine("reference", Plan("NMU", SIMPLE, (1, 2), 30, log_every=10))
    for stop in (1, 2, 10, 11, 30, 31):
        cut.advance(stop)
        assert cut.iteration == stop
    assert csv(whole.history.frame(31)) == csv(cut.history.frame(31))
    assert csv(whole.history.frame(31).query("step < 20")) == csv(whole.history.frame(20))


# -- a seed that becomes NaN -------------------------------------------------------------


class Fuse(nn.Module):
    """A second unit whose `heat` rises by the learning rate until exp(heat) overflows.

    Its penalty pushes `heat` up; its output is 0 · exp(heat): nothing, and then NaN.
    """

    def __init__(self, generator, heat):
        super().__init__()
        self.unit = units.NMU(2, 1, generator)
        self.heat = nn.Parameter(torch.tensor(heat))

    def forward(self, x):
        return self.unit(x) + 0.0 * self.heat.exp()

    def weight(self):
        return self.unit.weight()

    def penalty(self):
        return -self.heat

    def project_(self):
        self.unit.project_()


OVERFLOW = 88.722839  # of exp in float32


def fused(generator):
    """The seed 7 overflows after some 25 steps of 0.001, the others never."""
    heat = OVERFLOW - 0.025 if generator.initial_seed() == 7 else 1.0
    return TwoLayer(units.NAU(4, 2, generator), Fuse(generator, heat))


BURNING = {"lambda_sparse": 1, "lambda_start": 0, "lambda_end": 1, "engine": "reference", "log_every": 10}


@pytest.mark.parametrize("seeds", [(0, 7, 3), (7, 0, 3), (0, 3, 7)])
def test_a_seed_that_becomes_nan_stops_and_touches_nobody(seeds):
    together = fit(fused, SIMPLE, seeds, 60, **BURNING)
    without = fit(fused, SIMPLE, [0, 3], 60, **BURNING)
    assert csv(together.history, [0, 3]) == csv(without.history)
    for seed in (0, 3):
        assert state_bytes(together.models[seed]) == state_bytes(without.models[seed])
    assert without.history.attrs["stopped_at"] == {}
    stopped = together.history.attrs["stopped_at"]
    assert set(stopped) == {7} and 21 < stopped[7] < 30
    rows = together.history.query("seed == 7")
    assert rows["step"].tolist() == [0, 10, 20]
    assert rows.drop(columns="gate").notna().all(axis=None)
    assert all(p.isfinite().all() for p in together.models[7].parameters()), "updated after it stopped"


def test_a_seed_that_is_nan_from_the_start_has_no_rows():
    def broken(generator):
        model = TwoLayer(units.NAU(4, 2, generator), units.NMU(2, 1, generator))
        if generator.initial_seed() == 1:
            model.first.W.data.fill_(torch.nan)
        return model

    history = train(broken, SIMPLE, [1, 2], 10, engine="reference", log_every=5)
    assert history["seed"].tolist() == [2, 2, 2]
    assert history.attrs["stopped_at"] == {1: 0}
    alone = train(broken, SIMPLE, [1], 10, engine="reference", log_every=5)
    assert len(alone) == 0 and list(alone) == list(history)


def test_some_seeds_of_a_nalu_diverge_at_a_huge_learning_rate():
    task = Arithmetic(input_size=80, train_range=((1, 5),))
    settings = {"learning_rate": 1.0, "engine": "reference", "log_every": 1}
    history = train("NALU", task, range(8), 16, **settings)
    stopped = history.attrs["stopped_at"]
    running = sorted(set(range(8)) - set(stopped))
    assert stopped and running
    assert csv(history, running) == csv(train("NALU", task, running, 16, **settings))
    for seed, step in stopped.items():
        assert history.query("seed == @seed")["step"].tolist() == list(range(step))
    alone = train("NALU", task, stopped, 16, **settings)
    assert csv(alone) == csv(history, stopped) and alone.attrs["stopped_at"] == stopped
    assert history["train_loss"].notna().all()
