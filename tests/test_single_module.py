"""The single-module benchmark: the task, its criterion, networks of one unit, and the published cells."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch

from nalu import experiments, units
from nalu.analysis import outcomes
from nalu.experiments import Condition
from nalu.models import OneUnit, build, seeded
from nalu.pages import range_maps
from nalu.paper import benchmark, published, single_module
from nalu.results import tables
from nalu.tasks import SingleModule
from nalu.tasks.single_module import OPERATIONS, RANGES
from nalu.training import Plan, train
from nalu.training.together import fit_together
from nalu.units.initialisation import nac_bound

ENTRY = experiments.get("single_module")
MIRRORED = ((-6, -2), (2, 6))
RAMP = {"lambda_start": 100, "lambda_end": 300}


# -- task --------------------------------------------------------------------------------


@pytest.mark.parametrize("train_range", [((1, 2),), ((-2, -1), (1, 2))])
def test_random_numbers_come_in_the_order_of_the_benchmark(train_range):
    task = SingleModule("mul", train_range=train_range)
    outer = np.random.RandomState(7)
    assert outer.randint(0, 2 - 2 + 1) == 0
    stream = np.random.RandomState(outer.randint(0, 2**32 - 1))
    for x in islice(task.batches(7), 3):
        parts = [stream.uniform(low, high, (128, 2)) for low, high in train_range]
        expected = parts[0] if len(parts) == 1 else np.choose(stream.randint(2, size=(128, 2)), parts[::-1])
        assert x.dtype == np.float64 and np.array_equal(x, expected)
    valid = np.random.RandomState(43953907).uniform(1, 2, (10_000, 2))
    assert np.array_equal(SingleModule("mul").validation_inputs(), valid)
    test = np.random.RandomState(8689336).uniform(2, 6, (10_000, 2))
    assert np.array_equal(SingleModule("mul").test_inputs(), test)


@pytest.mark.parametrize("operation, expected", [("add", 2.0), ("sub", 10.0), ("mul", -24.0), ("div", -1.5)])
def test_target_combines_the_two_inputs(operation, expected):
    assert SingleModule(operation).target([6.0, -4.0], seed=3).tolist() == [expected]


def wrong_by(epsilon, operation, x):
    """Squared errors of a unit whose weights are off by epsilon: the benchmark's definition, sample by sample."""
    a, b = np.abs(x[0]), np.abs(x[1])
    return {"add": (epsilon * (a + b)) ** 2, "sub": (epsilon * (a + b)) ** 2,
            "mul": ((1 - (1 - epsilon) ** 2) * a * b) ** 2, "div": (2 * epsilon / (1 + epsilon) * a / b) ** 2}[operation]


@pytest.mark.parametrize("epsilon", [1e-5, 1e-4])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("test_range", RANGES.values())
def test_threshold_is_the_mean_over_a_fine_grid(test_range, operation, epsilon):
    middle = (np.arange(1000) + 0.5) / 1000
    line = np.concatenate([low + (high - low) * middle for low, high in test_range])
    expected = wrong_by(epsilon, operation, np.meshgrid(line, line)).mean()
    task = SingleModule(operation, test_range=test_range)
    assert task.threshold(epsilon) == pytest.approx(expected, rel=2e-5)
    if epsilon == 1e-5:
        assert task.threshold() == task.threshold(epsilon) == task.threshold_as_published()


@pytest.mark.parametrize("wrong, message", [
    (lambda: SingleModule("squared"), "unknown operation of the single-module task 'squared'"),
    (lambda: SingleModule("mul", input_size=4), "the single-module task has two inputs"),
    (lambda: SingleModule("mul", overlap_ratio=1.0), "the single-module task has two inputs"),
    (lambda: SingleModule("mul", number_of_subsets=1), "needs 2 subsets|the single-module task has two inputs"),
    (lambda: SingleModule("div", test_range=((-1, 1),)).threshold(), "operation 'div' has no threshold on test_range"),
])
def test_another_task_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message) as error:
        wrong()
    assert "\n" not in str(error.value)


# -- networks of one unit ----------------------------------------------------------------


@pytest.mark.parametrize("name, unit", [("NMU", units.NMU), ("NAU", units.NAU), ("NAC_add", units.NAC), ("NAC_mul", units.NACMul),
                                        ("NALU", units.NALU), ("Gated_NAU_NMU", units.GatedNAUNMU)])
def test_a_network_of_one_unit_is_the_unit(name, unit):
    model = seeded(name, 3, 2, None)
    assert type(model) is OneUnit and type(model.unit) is unit and model.unit.in_features == 2
    x = torch.rand(5, 2) + 1
    assert torch.equal(model(x), model.unit(x)) and model(x).shape == (5, 1)
    assert torch.equal(model.weights()[0], model.unit.weight()) and torch.equal(model.penalty(), model.unit.penalty())
    assert torch.equal(model.gate(x), model.unit.gate(x)) if hasattr(unit, "gate") else model.gate(x).isnan().all()
    for parameter in model.parameters():
        parameter.data.fill_(5.0)
    model.project_()
    limit = {"NMU": 1.0, "NAU": 1.0}.get(name)
    if limit:
        assert (model.unit.W == limit).all()


def test_initial_weights_are_drawn_twice():
    draws = {
        "NMU": [("W", 0.25, 0.75)], "NAU": [("W", -0.5, 0.5)],
        "NAC_mul": [(name, -nac_bound(2, 1), nac_bound(2, 1)) for name in ("W_hat", "M_hat")],
        "NALU": [*((f"nac.{name}", -nac_bound(2, 1), nac_bound(2, 1)) for name in ("W_hat", "M_hat")), ("G", -2**0.5, 2**0.5)],
    }
    assert nac_bound(2, 1) == pytest.approx(9.4714, abs=1e-4)
    for name, order in draws.items():
        generator = torch.Generator().manual_seed(11)
        for _ in range(2):
            expected = {key: torch.empty(1, 2).uniform_(low, high, generator=generator) for key, low, high in order}
        torch.manual_seed(11)
        for model in (seeded(name, 11, 2, None), build(name, 2, None)):
            assert model.unit.state_dict().keys() == expected.keys()
            for key, value in expected.items():
                torch.testing.assert_close(model.unit.state_dict()[key], value, rtol=1e-6, atol=1e-7)


def plan(name, **more):
    settings = {"seeds": (0, 4), "iterations": 500, "log_every": 100, "stream": "authors", "hidden_size": None} | RAMP
    return Plan(name, SingleModule("mul", train_range=((-2, 2),), test_range=MIRRORED), **settings | more)


@pytest.mark.parametrize("name", ["NMU", "NAU", "NAC_mul", "NALU", "Gated_NAU_NMU", "Linear"])
def test_the_fused_engine_trains_one_unit_as_the_reference_does(name):
    of = plan(name)
    history = [train(of.model, of.task, of.seeds, of.iterations, engine=engine, stream="authors", hidden_size=None,
                     log_every=100, **RAMP) for engine in ("fused", "reference")]
    for column in ("train_loss", "valid_mse", "test_mse", "penalty", "sparsity_error", "gate"):
        np.testing.assert_allclose(history[0][column], history[1][column], rtol=2e-3, atol=1e-5, err_msg=column)


def test_company_changes_nothing_and_may_have_a_hidden_layer():
    plans = [plan("NMU"), plan("NALU"), plan("NMU", hidden_size=3), plan("NAU")]
    for one, fit in zip(plans, fit_together(plans), strict=True):
        alone = train(one.model, one.task, one.seeds, one.iterations, engine="fused", stream="authors", hidden_size=one.hidden_size,
                      log_every=100, **RAMP)
        pd.testing.assert_frame_equal(fit.history, alone)
        assert {type(model) is OneUnit for model in fit.models.values()} == {one.hidden_size is None}
        x = torch.from_numpy(one.task.test_inputs().astype(np.float32))
        for seed, model in fit.models.items():
            assert model(x).isfinite().all(), seed


def test_a_network_of_one_unit_has_0_hidden_units_in_the_files():
    one, two = Condition("NMU", SingleModule(), hidden_size=None), Condition("NMU", SingleModule())
    assert (one.settings()["hidden_size"], two.settings()["hidden_size"]) == (0, 2)
    assert (one.parts, two.parts) == (("NMU",), ("NAU", "NMU"))
    assert tables.of(one).of(one) != tables.of(two).of(two)


# -- experiment --------------------------------------------------------------------------


def test_the_experiment_is_the_benchmark():
    cells = {(c.task.operation, c.model): [] for c in ENTRY.conditions}
    for c in ENTRY.conditions:
        cells[c.task.operation, c.model].append((c.task.train_range, c.task.test_range))
        assert type(c.task) is SingleModule and c.seeds == tuple(range(25))
        assert (c.hidden_size, c.iterations, c.learning_rate, c.stream) == (None, 50_000, 1e-3, "authors")
        assert (c.lambda_start, c.lambda_end) == (20_000, 35_000)
        assert c.lambda_sparse == {"NAU": 0.01}.get(c.model, 10.0)
    assert all(ranges == [*RANGES.items()] and len(ranges) == 9 for ranges in cells.values())
    assert [*cells] == [("mul", "NMU"), ("mul", "NAC_mul"), ("mul", "NALU"), ("add", "NAU"), ("add", "NAC_add"), ("add", "NALU"),
                        ("sub", "NAU"), ("sub", "NAC_add"), ("sub", "NALU"), ("div", "NAC_mul"), ("div", "NALU")]


def test_the_longer_experiment_differs_in_nothing_but_its_length():
    longer = experiments.get("single_module_longer").conditions
    assert {c.iterations for c in longer} == {100_000}
    assert {replace(c, iterations=50_000) for c in longer} == {c for c in ENTRY.conditions if c.model not in ("NMU", "NAU")}


def test_a_replayed_cell_has_the_published_outcome_with_the_smaller_epsilon_only():
    (case,) = (c for c in ENTRY.conditions if (c.model, c.task.train_range) == ("NMU", ((-2, -1),)))
    history = train(seeds=case.seeds, engine="fused", **case.plan_arguments() | {"iterations": 8000})
    steps = {epsilon: outcomes.summarise(history, case.task.threshold(epsilon))["solved_at"].dropna() for epsilon in (1e-5, 1e-4)}
    theirs = published.single_module().set_index(single_module.KEY).loc[("mul", "NMU", "[-2,-1]")]
    assert len(steps[1e-5]) == theirs["n_solved"] == 20
    assert abs(steps[1e-5].mean() - theirs["solved_at_mean"]) <= single_module.DIGITISED
    assert abs(steps[1e-4].mean() - theirs["solved_at_mean"]) > single_module.DIGITISED


def test_recorded_runs_have_the_published_outcomes():
    cells = single_module.cells()
    assert len(cells) == len(ENTRY.conditions) and cells["n_paper"].notna().sum() == 18
    printed = cells[cells["n_paper"].notna()]
    assert single_module.agree(printed).all(), printed[~single_module.agree(printed)].to_string()
    assert not single_module.agree(printed.assign(k=printed["k"] - 1)).any()
    assert not single_module.agree(printed.assign(solved_at=printed["solved_at"] + 40)).any()


LATER = experiments.get("single_module_later")
TEN = experiments.get("single_module_ten_inputs")


def test_later_units_have_the_protocol_and_the_rates_of_their_papers():
    rates = {"NPU": 5e-3, "RealNPU": 5e-3, "RealNPU_modified": 5e-3, "NRU": 1.0, "NMRU": 1e-2}
    cells = {}
    for c in LATER.conditions:
        cells.setdefault((c.task.operation, c.model), []).append((c.task.train_range, c.task.test_range))
        assert (c.hidden_size, c.iterations, c.stream, c.seeds) == (None, 50_000, "authors", tuple(range(25)))
        assert c.learning_rate == rates.get(c.model, 1e-3)
    assert all(ranges == [*RANGES.items()] for ranges in cells.values()) and len(cells) == 29
    assert {model for operation, model in cells if operation == "div"} == {"iNALU", "G_NALU", "DMU_sub", "DMU_sub_single", *rates}
    assert {cell for cell in cells if cell[1].startswith("DMU")} == {
        (operation, name + form) for name, both in {"DMU_add": ("add", "mul"), "DMU_sub": ("sub", "div")}.items()
        for operation in both for form in ("", "_single")}


def test_ten_inputs_have_two_operands_and_a_longer_ramp():
    assert {(c.iterations, c.task.input_size, c.task.subset_ratio) for c in TEN.conditions} == {(100_000, 10, 0.1)}
    ramps = {c.model: (c.learning_rate, c.lambda_start, c.lambda_end) for c in TEN.conditions if c.model != "RealNPU"}
    assert ramps == {"RealNPU_modified": (5e-3, 50_000, 75_000), "NRU": (1e-3, 50_000, 75_000), "NMRU": (1e-2, 50_000, 75_000)}
    offsets = {TEN.conditions[0].task.subsets(seed)[0][0] for seed in range(200)}
    assert offsets == set(range(9)) and TEN.conditions[0].task.threshold() > 0


def test_conditions_of_a_later_unit_are_stacked_over_their_ranges():
    groups = {}
    for c in (*LATER.conditions, *TEN.conditions):
        groups.setdefault(c.batches(), []).append(c)
    assert {len(group) for group in groups.values()} == {9} and len(groups) == 33
    assert len({c.batches() for c in ENTRY.conditions}) == 9


def test_claims_of_the_benchmark_stand_apart():
    found = benchmark.claims()
    assert len(found) == len(published.single_module()) + len(published.ten_inputs()) == 93
    rates = {c.printed.model: (c.printed.cell.k, c.printed.cell.n) for c in found if c.printed.at.startswith("ten")}
    assert rates == {"RealNPU": (158, 225), "RealNPU (modified)": (192, 225), "NMRU": (206, 225)}
    assert {c.printed.source for c in found} == {"single_module", "single_module_later", "single_module_ten_inputs"}
    replayed = [c for c in found if c.printed.source == "single_module"]
    assert all((c.ours.k, c.ours.n) == (c.printed.cell.k, c.printed.cell.n) for c in replayed) and len(replayed) == 18
    assert range_maps.claims(found).shape == (93, 6)


def test_the_map_says_what_is_solved_and_when():
    cells = single_module.cells().assign(n=25, k=5, solved_at=2400.0, failed=[()] * len(ENTRY.conditions))
    cells.loc[0, ["n", "k"]] = 0
    cells.loc[1, "k"] = 0
    figure = range_maps.success(cells)
    said = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert said[0] == "not run yet" and said.count("0 of 25") == 1 and said.count("5 of 25\n2,400") == len(cells) - 2
    assert all(len(ax.texts) == len(ax.get_xticks()) * len(ax.get_yticks()) + 1 for ax in figure.axes)  # the operation, too
    table = range_maps.beside(cells)
    assert len(table) == 18 and table["solved here"].tolist()[:3] == ["not run yet", "0 of 25", "5 of 25"]
    assert table["solved at here"].tolist()[:3] == ["—", "—", "2,400"] and table["published"].tolist()[1] == "20 of 25"


def test_shares_and_signs_count_the_runs_of_their_ranges():
    cells = single_module.cells().assign(n=25, k=5)
    assert single_module.share(cells, model="NMU", operation="mul") == "45 of 225 (15–26 %)"
    assert single_module.share(cells, model="NMU", train_range=["[1,2]"]) == "5 of 25 (9–39 %)"
    assert single_module.share(cells.assign(n=0, k=0)) == "not run yet"
    assert {sign: len(ranges) for sign, ranges in single_module.by_sign(cells).items()} == {"positive": 4, "negative": 4, "both signs": 1}
    table = range_maps.signs(cells)
    assert table.loc[0].tolist()[1:] == ["NMU", "20 of 100 (13–29 %)", "20 of 100 (13–29 %)", "5 of 25 (9–39 %)", "45 of 225 (15–26 %)"]
