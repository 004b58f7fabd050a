"""A seed's numbers depend on its plan alone, not on how and beside whom it is trained."""

import numba
import numpy as np
import pytest

from nalu.tasks import Arithmetic
from nalu.training import Plan, checkpoint, fit, train
from nalu.training.fused.engine import Fused

pytestmark = pytest.mark.slow

SIMPLE = Arithmetic(simple=True)
TABLE_1 = ["NAC_mul", "NAC_mul_sigma", "NALU", "NMU", "Gated_NAU_NMU"]
LOGGED = {"engine": "fused", "log_every": 40}
DIVERGING = {"learning_rate": 1.0, "engine": "fused", "log_every": 1}
FAR = Arithmetic(input_size=80, train_range=((1, 5),))


def csv(history, seeds=None):
    """The rows of some seeds as they would be written, every digit included."""
    rows = history if seeds is None else history[history["seed"].isin(seeds)]
    return rows.to_csv(index=False)


def state_bytes(machine):
    return {key: array.tobytes() for key, array in machine.state().items()}


@pytest.fixture
def threads():
    """A function that sets the number of threads; it is put back afterwards."""
    before = numba.get_num_threads()
    yield numba.set_num_threads
    numba.set_num_threads(before)


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name", TABLE_1)
def test_two_seeds_alone_are_their_rows_among_ten(name, stream):
    together = fit(name, SIMPLE, range(10), 400, stream=stream, **LOGGED)
    alone = fit(name, SIMPLE, [5, 3], 400, stream=stream, **LOGGED)
    assert together.history.attrs["engine"] == "fused"
    assert csv(together.history, [3, 5]) == csv(alone.history)
    for seed in (3, 5):
        pairs = zip(together.models[seed].parameters(), alone.models[seed].parameters(), strict=True)
        assert all(a.detach().numpy().tobytes() == b.detach().numpy().tobytes() for a, b in pairs)
    assert len(set(together.history.query("step == 400")["valid_mse"])) == 10


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core")
@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name", ["NMU", "NALU"])
def test_one_thread_is_two_threads(name, stream, threads):
    states = []
    for count in (1, 2):
        threads(count)
        machine = Fused(Plan(name, Arithmetic(input_size=40), range(7), 200, stream=stream, log_every=50))
        machine.advance(201)
        states.append(state_bytes(machine))
    assert states[0] == states[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stream", ["authors", "philox"])
def test_stages_do_not_matter(stream, dtype):
    plan = Plan("NALU", Arithmetic(input_size=10), (1, 2), 300, stream=stream, dtype=dtype,
                log_every=10, lambda_start=20, lambda_end=90)
    whole, cut = Fused(plan), Fused(plan)
    whole.advance(301)
    for stop in (1, 2, 10, 11, 137, 300, 301):
        cut.advance(stop)
        assert cut.iteration == stop
    assert state_bytes(whole) == state_bytes(cut)


@pytest.mark.parametrize("stream", ["authors", "philox"])
@pytest.mark.parametrize("name, settings", [
    ("NMU", {}), ("NALU", {}), ("NAU", {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-4}),
    ("NMU", {"task": Arithmetic(input_size=9, train_range=((-2, -1), (3, 4)))})])
def test_interrupted_is_uninterrupted(name, settings, stream, tmp_path):
    plan = Plan(name, **{"task": SIMPLE} | settings, seeds=(6, 2), iterations=60, stream=stream,
                log_every=7, lambda_start=5, lambda_end=30)
    machine, whole = Fused(plan), Fused(plan)
    whole.advance(plan.end)
    for stop in (1, 7, 8, 33, 60):
        machine.advance(stop)
        checkpoint.save(tmp_path / "c.npz", machine.state(), {"iteration": machine.iteration})
        state, meta = checkpoint.load(tmp_path / "c.npz")
        machine = Fused(plan)
        machine.restore(state, meta["iteration"])
        assert machine.iteration == stop
    machine.advance(plan.end)
    assert state_bytes(machine) == state_bytes(whole)
    assert machine.history.frame(61).to_csv() == whole.history.frame(61).to_csv()


def test_a_killed_training_is_taken_up_again(tmp_path):
    class Killed(Exception):
        pass

    def kill(done, total):
        if done >= 300:
            raise Killed

    file, settings = tmp_path / "checkpoint.npz", {"checkpoint_every": 100, **LOGGED}
    with pytest.raises(Killed):
        train("NMU", SIMPLE, [3, 1], 1000, checkpoint_file=file, progress=kill, **settings)
    begun = []
    resumed = train("NMU", SIMPLE, [3, 1], 1000, checkpoint_file=file, **settings,
                    progress=lambda done, total: begun.append(done))
    assert 200 < begun[0] <= 400
    assert csv(resumed) == csv(train("NMU", SIMPLE, [3, 1], 1000, **settings))


def test_the_checkpoint_of_the_other_engine_is_refused(tmp_path):
    file = tmp_path / "checkpoint.npz"
    machine = Fused(Plan("NMU", SIMPLE, (1,), 100))
    checkpoint.save(file, machine.state(), {"iteration": 0, "engine": "reference",
                                            "identity": machine.plan.identity()})
    with pytest.raises(ValueError, match="another training, it differs in engine; delete it"):
        train("NMU", SIMPLE, [1], 100, engine="fused", checkpoint_file=file)


# -- a seed that becomes NaN -------------------------------------------------------------


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_seed_that_becomes_nan_stops_and_touches_nobody(broken):
    plan = Plan("NMU", SIMPLE, (4, 5, 6), 100, log_every=10)
    together, without = Fused(plan), Fused(plan)
    without.advance(101)
    together.advance(37)
    together.lanes.parameters[broken, 3] = np.nan
    frozen = together.lanes.parameters[broken].copy()
    together.advance(60)
    together.advance(101)
    assert together.history.stopped_at.tolist() == [37 if k == broken else -1 for k in range(3)]
    np.testing.assert_array_equal(together.lanes.parameters[broken], frozen)
    others = [k for k in range(3) if k != broken]
    np.testing.assert_array_equal(together.lanes.parameters[others], without.lanes.parameters[others])
    np.testing.assert_array_equal(together.history.values[others], without.history.values[others])
    rows = together.history.frame(101)
    assert rows.attrs["stopped_at"] == {plan.seeds[broken]: 37}
    assert rows[rows["seed"] == plan.seeds[broken]]["step"].tolist() == [0, 10, 20, 30]


def test_a_seed_that_is_nan_from_the_start_has_no_rows():
    machine = Fused(Plan("NMU", SIMPLE, (1, 2), 10, log_every=5))
    machine.lanes.parameters[0] = np.nan
    machine.advance(11)
    history = machine.history.frame(11)
    assert history["seed"].tolist() == [2, 2, 2] and history.attrs["stopped_at"] == {1: 0}


def test_some_seeds_of_a_nalu_diverge_at_a_huge_learning_rate():
    history = train("NALU", FAR, range(8), 16, **DIVERGING)
    stopped = history.attrs["stopped_at"]
    running = sorted(set(range(8)) - set(stopped))
    assert stopped and running
    assert csv(history, running) == csv(train("NALU", FAR, running, 16, **DIVERGING))
    for seed, step in stopped.items():
        assert history.query("seed == @seed")["step"].tolist() == list(range(step))
    alone = train("NALU", FAR, stopped, 16, **DIVERGING)
    assert csv(alone) == csv(history, stopped) and alone.attrs["stopped_at"] == stopped
    assert history["train_loss"].notna().all()
