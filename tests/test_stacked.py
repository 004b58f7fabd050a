"""The engine of later units against a plain PyTorch loop of one seed; its batches, its recipes, its checkpoints, its company."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Generator

from nalu.models import build
from nalu.registry import MODELS, Recipe
from nalu.tasks import SingleModule
from nalu.tasks.single_module import RANGES
from nalu.training import Plan, restarts, train
from nalu.training.driver import stages
from nalu.training.ranges import UPDATES, Batches
from nalu.training.restarts import Restarts
from nalu.training.stacked import Stacked, alike
from nalu.training.together import fit_together

pytestmark = pytest.mark.slow

LATER = [name for name, row in MODELS.items() if row.recipe is not None]
RANGE = ((1, 2),)


def plan(name, operation="mul", where=RANGE, **more):
    task = more.pop("task", None) or SingleModule(operation, train_range=where, test_range=RANGES[where])
    settings = {"seeds": (3, 8), "iterations": 120, "log_every": 40, "stream": "authors", "hidden_size": None, "learning_rate": 1e-2}
    return Plan(name, task, **settings | more)


def plain(of, seed):
    """Validation errors and final parameters of a seed: the authors' loop with PyTorch's own optimiser."""
    recipe, generator = MODELS[of.model].recipe, Generator().manual_seed(seed)
    model = build(of.model, of.task.input_size, None, generator=generator)
    optimiser = torch.optim.Adam(model.parameters(), of.learning_rate)
    valid = of.task.validation_inputs()
    batches, logged = of.task.batches(seed), []
    for t in range(of.end):
        inputs = next(batches)
        x, y = (torch.from_numpy(a.astype(np.float32)) for a in (inputs, of.task.target(inputs, seed)))
        if t % of.log_every == 0:
            model.eval()
            target = torch.from_numpy(of.task.target(valid, seed).astype(np.float32))
            with torch.no_grad():
                logged.append((model(torch.from_numpy(valid.astype(np.float32))) - target).square().mean().item())
            model.train()
        noise = [torch.empty(x.shape).uniform_(generator=generator)] if recipe.noise else []
        loss = (model(x, *noise) - y).square().mean()
        if logged[-1] < recipe.penalty_below:
            loss = loss + of.scale(t) * model.penalty()
        loss = loss + recipe.l1_at(of.task.operation, t) * sum(p.abs().sum() for p in model.parameters())
        optimiser.zero_grad()
        loss.backward()
        if recipe.clip_norm < np.inf:
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        if recipe.clip_value < np.inf:
            torch.nn.utils.clip_grad_value_(model.parameters(), recipe.clip_value)
        optimiser.step()
        model.project_()
    return logged, model


CASES = [(name, "div" if name in ("RealNPU_modified", "NRU", "NMRU", "DMU_sub", "DMU_sub_single") else "add" if name == "MC_FC" else "mul") for name in LATER]


@pytest.mark.parametrize("name, operation", CASES)
def test_an_update_is_that_of_a_plain_loop(name, operation):
    of = plan(name, operation, **{"lambda_start": 30, "lambda_end": 90} if MODELS[name].lambda_sparse else {})
    machine = Stacked(of, plan(name, operation, ((10, 20),), lambda_start=of.lambda_start, lambda_end=of.lambda_end))
    machine.advance(of.end)
    for k, seed in enumerate(of.seeds):
        errors, model = plain(of, seed)
        np.testing.assert_allclose(machine.histories[0].values[k, :, 1], errors, rtol=5e-3, atol=1e-6)
        for key, value in model.state_dict().items():
            torch.testing.assert_close(machine.model(k).state_dict()[key], value, rtol=2e-3, atol=2e-4)


def test_the_norm_grows_tenfold_and_no_further():
    recipe = Recipe(l1=(("mul", 1e-7, 1e-5), ("div", 1e-9, 1e-7)))
    assert [recipe.l1_at("mul", t) for t in (0, 9_999, 10_000, 20_000, 30_000, 50_000)] == [1e-7, 1e-7, 1e-6, 1e-5, 1e-5, 1e-5]
    assert [recipe.l1_at("div", t) for t in (0, 10_000, 20_000, 90_000)] == [1e-9, 1e-8, 1e-7, 1e-7]
    assert recipe.l1_at("add", 20_000) == 0.0


@pytest.mark.parametrize("name", LATER)
def test_limits_and_schedules_are_those_of_the_benchmark(name):
    row = MODELS[name]
    assert (row.recipe.clip_value < np.inf) == row.recipe.restart == (row.recipe.penalty_below == 1.0) == (name == "iNALU")
    assert row.recipe.clip_norm == (1.0 if name == "NMRU" else 0.01 if name.startswith("DMU") else np.inf)
    assert row.recipe.noise == name.startswith("sNMU")
    assert bool(row.recipe.l1) == (name in ("NPU", "RealNPU", "RealNPU_modified"))
    assert (row.lambda_sparse == 0.0) == (name in ("NPU", "RealNPU") or name.startswith("DMU"))
    schedule = {"iNALU": (0.05, 10_000, 10_001), "RealNPU_modified": (1.0, 40_000, 50_000)}
    if row.lambda_sparse and name != "G_NALU":
        assert (row.lambda_sparse, row.lambda_start, row.lambda_end) == schedule.get(name, (10.0, 20_000, 35_000))


# -- batches -----------------------------------------------------------------------------


@pytest.mark.parametrize("task", [SingleModule("div"), SingleModule("div", input_size=10, subset_ratio=0.1), SingleModule("sub")])
def test_batches_are_the_authors_to_the_bit(task):
    plans = [plan("NMRU", task=replace(task, train_range=where, test_range=RANGES[where])) for where in (RANGE, ((-2, 2),), ((-0.2, -0.1),))]
    batches, streams = Batches(tuple(plans), []), [[of.task.batches(seed) for seed in of.seeds] for of in plans]
    for t in range(UPDATES + 3):
        x, y, u = batches.inputs(*batches.at(t))
        expected = [(next(stream), of.task, seed) for of, streams_of in zip(plans, streams, strict=True)
                    for stream, seed in zip(streams_of, of.seeds, strict=True)]
        for lane, (inputs, one, seed) in enumerate(expected):
            assert np.array_equal(x[lane].numpy(), inputs.astype(np.float32))
            assert np.array_equal(y[lane].numpy(), one.target(inputs, seed).astype(np.float32))
        assert u.shape == (6, 128, 0)


@pytest.mark.parametrize("settings", [{"stream": "philox"}, {"task": SingleModule(train_range=((-2, -1), (1, 2)))}])
def test_other_streams_are_trained_too(settings):
    of = plan("NMRU", **settings)
    batches = Batches((of,), [])
    from nalu.training.streams import training_data
    data = training_data(of.stream, of.task, of.seeds, of.batch_size)
    for t in range(3):
        x, y, _ = batches.inputs(*batches.at(t))
        for mine, theirs in zip((x, y), data.batch(t), strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs, rtol=1e-6)


# -- restarts ----------------------------------------------------------------------------


def literal(errors, every, end):
    """The updates at which the authors' loop starts again, with their list of errors."""
    notes, found = [], []
    for t in range(end):
        notes.append(errors[t // every])
        if t % 10 == 0 and t > 0 and len(notes) > restarts.STORED:
            half = notes[len(notes) // 2:]
            if np.mean(notes[:len(notes) // 2]) <= np.mean(half) + np.std(half) and np.mean(half) > 1:
                found.append(t)
                notes = []
    return found


def test_restarts_are_those_of_a_list_of_errors():
    rng = np.random.default_rng(5)
    end, every = 24_001, 1000
    curves = np.stack([np.full(25, 3.0), np.linspace(30, 2, 25), rng.uniform(0.5, 2, 25), np.full(25, 0.5), np.full(25, np.nan),
                       2 ** rng.normal(0, 3, 25)])
    notes, found = Restarts(len(curves), end, every), [[] for _ in curves]
    for t in range(end):
        if t % every == 0:
            notes.errors[:, t // every] = curves[:, t // every]
        for lane in notes.due(t):
            found[lane].append(t)
    assert found == [literal(curve, every, end) for curve in curves]
    assert found[0][0] == 5000 and len(found[0]) == 4 and not found[1] and not found[3] and not found[4]


def test_a_restart_draws_the_next_numbers_and_keeps_the_moments(monkeypatch):
    of = plan("iNALU", seeds=(4,), iterations=30)
    machine = Stacked(of)
    monkeypatch.setattr(machine.restarts, "due", lambda t: np.array([0] if t == 20 else [], np.int64))
    machine.advance(20)
    machine.advance(21)
    generator = Generator().manual_seed(4)
    expected = build("iNALU", 2, None, generator=generator)
    expected.reset_parameters(generator)
    assert all(torch.equal(machine.model(0).state_dict()[k], value) for k, value in expected.state_dict().items())
    assert all(m.any() for m in machine.m.values())


# -- an engine ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iNALU", "sNMU"])
def test_interrupted_and_resumed_is_uninterrupted(name):
    plans = plan(name), plan(name, where=((10, 20),))
    whole, first, second = (Stacked(*plans) for _ in range(3))
    whole.advance(121)
    first.advance(70)
    state = {k: v.copy() for k, v in first.state().items()}
    second.restore(state, 70)
    second.advance(121)
    for one, other in zip(whole.histories, second.histories, strict=True):
        assert np.array_equal(one.values, other.values, equal_nan=True)
    assert all(torch.equal(whole.W[k], second.W[k]) for k in whole.W)


def test_company_changes_numbers_by_rounding_only():
    plans = [plan("RealNPU", "div", where) for where in (RANGE, ((10, 20),), ((-2, -1),))]
    for one, fit in zip(plans, fit_together(plans), strict=True):
        alone = train(one.model, one.task, one.seeds, one.iterations, stream="authors", hidden_size=None, log_every=40, learning_rate=1e-2)
        assert alone.attrs["engine"] == "stacked"
        pd.testing.assert_frame_equal(fit.history, alone, rtol=1e-3, atol=1e-7)


def test_a_lane_that_becomes_nan_stops_and_touches_nobody():
    plans = plan("Mul_MC_FC", where=((-2, -1),)), plan("Mul_MC_FC")
    machine = Stacked(*plans)
    [*stages(machine, [])]
    assert (machine.histories[0].stopped_at == 0).all() and (machine.histories[1].stopped_at == -1).all()
    assert machine.histories[0].frame(121).empty and len(machine.histories[1].frame(121)) == 8
    assert np.isfinite(machine.histories[1].values[..., 1]).all()


@pytest.mark.parametrize("wrong, message", [
    (lambda: Stacked(plan("NMU")), "NMU has no recipe"),
    (lambda: Stacked(plan("sNMU", hidden_size=2)), "a unit with noise is trained by itself"),
    (lambda: Stacked(plan("iNALU", optimizer="sgd")), "it trains with Adam"),
    (lambda: fit_together([plan("iNALU"), plan("iNALU", "div")]), "must have the same task"),
    (lambda: fit_together([plan("iNALU"), plan("NPU")]), "must have the same model"),
    (lambda: train("iNALU", SingleModule(), [0], 5, engine="reference"), "engine 'reference' cannot run this: iNALU has a recipe"),
    (lambda: train("iNALU", SingleModule(), [0], 5, engine="fused"), "unit INALU has no kernel"),
])
def test_what_cannot_be_trained_is_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError, match=message) as error:
        wrong()
    assert "\n" not in str(error.value)


def test_plans_share_all_but_their_ranges():
    assert alike(plan("NPU")) == alike(plan("NPU", where=((10, 20),))) != alike(plan("NPU", learning_rate=1.0))
