"""Plans trained from one stream of batches: each learns what it learns alone, to the last digit."""

from dataclasses import replace

import numpy as np
import pytest
from test_checkpoint import Killed, killed_after
from test_fused_determinism import csv
from unit_cases import PAPERS

from nalu.tasks import OPERATIONS, Arithmetic
from nalu.training import Plan, fit, fit_together
from nalu.training.fused.engine import Fused

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")]

SMALL = Arithmetic(input_size=12, subset_ratio=0.5)
MIRRORED = Arithmetic(input_size=12, subset_ratio=0.5, train_range=((-2, -1), (1, 2)))
SGD = {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-4}
SHARED = {"seeds": (3, 8), "iterations": 60, "log_every": 7}


def mixture(task, **settings):
    """Every model with an operation, a hidden size and an optimiser; one that becomes NaN."""
    ramp = {"lambda_start": 5, "lambda_end": 40}
    plans = [Plan(name, replace(task, operation=[*OPERATIONS][k % 6]), hidden_size=2 + k % 4,
                  **SHARED, **(SGD if k % 5 == 4 else {}), **ramp, **settings)
             for k, name in enumerate(PAPERS)]
    diverging = Plan("Linear", task, optimizer="sgd", learning_rate=10.0, **SHARED, **settings)
    return [*plans[:4], diverging, *plans[4:]]


def outcome(member):
    """All that was learned and recorded."""
    return [member.parameters.tobytes(), member.history.values.tobytes(),
            member.history.stopped_at.tolist()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("task", [SMALL, MIRRORED], ids=["one interval", "two"])
def test_together_is_alone(task, stream, dtype):
    plans = mixture(task, stream=stream, dtype=dtype)
    together = Fused(*plans)
    together.advance(61)
    stopped = {tuple(member.history.stopped_at) for member in together.members}
    assert (-1, -1) in stopped and any(min(pair) > 0 for pair in stopped), "some became NaN"
    for plan, member in zip(plans, together.members, strict=True):
        alone = Fused(plan)
        alone.advance(61)
        assert outcome(member) == outcome(alone.members[0]), plan
    assert len({member.parameters.tobytes() for member in together.members}) == len(plans)


def test_order_and_company_do_not_matter():
    plans = mixture(SMALL)
    forwards, some = Fused(*plans), Fused(*plans[::-3])
    for machine in (forwards, some):
        machine.advance(61)
    assert [outcome(m) for m in some.members] == [outcome(m) for m in forwards.members[::-3]]


@pytest.mark.parametrize("stream", ["authors", "philox"])
def test_where_stages_end_changes_nothing(stream):
    """Nor does it matter that batches are drawn anew from a state between blocks of the generator's words."""
    found = []
    for stops in ((61,), (1, 23, 24, 61), range(1, 62)):
        machine = Fused(*mixture(SMALL, stream=stream))
        for stop in stops:
            machine.advance(stop)
        found.append([outcome(member) for member in machine.members] + [machine.state()["position"].tolist()])
    assert found[0] == found[1] == found[2]


def test_one_compiled_loop_serves_any_company():
    from numba import typeof

    one, many = Fused(Plan("NMU", SMALL, **SHARED)), Fused(*mixture(MIRRORED))
    for name in ("settings", "shared", "slots", "lanes"):
        assert typeof(getattr(one, name)) == typeof(getattr(many, name))


def test_fit_together_is_fit():
    plans = mixture(SMALL)
    for plan, found in zip(plans, fit_together(plans), strict=True):
        alone = fit(plan.model, plan.task, plan.seeds, plan.iterations, engine="fused", **{
            name: getattr(plan, name) for name in plan.identity() if name not in
            ("model", "task", "seeds", "iterations")})
        assert csv(found.history) == csv(alone.history)
        same = ("engine", "stopped_at")
        assert all(found.history.attrs[name] == alone.history.attrs[name] for name in same)
        for seed in plan.seeds:
            pairs = zip(found.models[seed].parameters(), alone.models[seed].parameters(), strict=True)
            assert all(a.detach().numpy().tobytes() == b.detach().numpy().tobytes() for a, b in pairs)


@pytest.mark.parametrize("stream", ["authors", "philox"])
def test_a_killed_training_is_taken_up_again(stream, tmp_path):
    plans, file = mixture(SMALL, stream=stream), tmp_path / "checkpoint.npz"
    with pytest.raises(Killed):
        fit_together(plans, checkpoint_file=file, checkpoint_every=10, progress=killed_after(35))
    begun = []
    resumed = fit_together(plans, checkpoint_file=file,
                           progress=lambda done, total: begun.append(done))
    assert begun[0] > 20
    for found, whole in zip(resumed, fit_together(plans), strict=True):
        assert csv(found.history) == csv(whole.history)
        assert found.history.attrs["stopped_at"] == whole.history.attrs["stopped_at"]
    assert file.exists()


def test_the_checkpoint_of_other_company_is_refused(tmp_path):
    plans, file = mixture(SMALL), tmp_path / "checkpoint.npz"
    fit_together(plans[:3], checkpoint_file=file, checkpoint_every=10)
    with pytest.raises(ValueError, match="another training, it differs in together; delete it"):
        fit_together(plans[:4], checkpoint_file=file)


def test_the_time_is_shared():
    found = fit_together(mixture(SMALL))
    assert len({fit.history.attrs["seconds"] for fit in found}) == 1


@pytest.mark.parametrize(("change", "message"), [
    ({"task": replace(SMALL, train_range=((2, 3),))},
     "plans that are trained together must have the same train_range, got ((1.0, 2.0),) and ((2.0, 3.0),)"),
    ({"task": replace(SMALL, overlap_ratio=0.0)}, "the same overlap_ratio, got 0.5 and 0.0"),
    ({"iterations": 61}, "the same iterations, got 60 and 61"),
    ({"seeds": (3,)}, "the same seeds, got (3, 8) and (3,)"),
    ({"batch_size": 64}, "the same batch_size, got 128 and 64"),
    ({"dtype": "float64"}, "the same dtype, got 'float32' and 'float64'"),
    ({"stream": "authors"}, "the same stream, got 'philox' and 'authors'"),
    ({"log_every": 8}, "the same log_every, got 7 and 8"),
])
def test_plans_with_other_batches_are_refused(change, message):
    plan = Plan("NMU", SMALL, **SHARED)
    with pytest.raises(ValueError) as error:
        fit_together([plan, replace(plan, **change)])
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("plans", "engine", "message"), [
    ([Plan("NMU", SMALL, **SHARED)], "reference",
     "engine 'reference' cannot train plans together; allowed: auto, fused, cuda"),
    ([Plan("NMU", SMALL, **SHARED)], "fusde", "unknown engine 'fusde'; did you mean 'fused'?"),
    ([], "auto", "plans must not be empty"),
    ([Plan("NMU", SMALL, device="meta", **SHARED)], "auto",
     "engine 'fused' cannot run this: it runs on the CPU, not on 'meta'; train it alone"),
])
def test_what_the_engine_cannot_do_is_refused(plans, engine, message):
    with pytest.raises(ValueError) as error:
        fit_together(plans, engine=engine)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_state_is_that_of_all_members():
    machine = Fused(*mixture(SMALL)[:3])
    machine.advance(8)
    assert machine.state()["history"].shape == (6, 2, 6)
    np.testing.assert_array_equal(machine.state()["history"][2:4], machine.members[1].history.values[:, :2])
