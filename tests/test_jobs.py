"""What a campaign has to run: every run once, nothing that is finished."""

import os
import time
from types import MappingProxyType

import pytest
import tiny

from nalu import experiments
from nalu.campaign import jobs
from nalu.experiments import EXPERIMENTS, Experiment, grid
from nalu.registry import MODELS
from nalu.results import csv_file, estimate, merging, runs, status
from nalu.support import files
from nalu.training import Plan
from nalu.training.stacked import alike


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty runs folder and the small table."""
    tiny.use_here(monkeypatch, tmp_path / "runs")
    return tmp_path / "runs"


def use(monkeypatch, *entries):
    """Make these the table of experiments."""
    monkeypatch.setattr(experiments, "EXPERIMENTS", MappingProxyType({e.name: e for e in entries}))


def finish(job, seconds=2.0, **values):
    """Give a job results."""
    [folder] = job.folders
    settings = {"experiment": folder.experiment.name} | folder.condition.settings()
    outcome = {"solved": True, "solved_at": 1000, "sparsity_error": 0.1, "best_step": 0,
               "device": "cpu", "seconds": seconds} | values
    merging.merge(folder.experiment.name,
               [csv_file.row(settings | outcome | {"seed": s}) for s in job.seeds])


def names(found):
    """Experiment, condition and seeds of jobs."""
    return [(*job.names, job.seeds) for job in found]


def test_one_job_for_each_condition(shelf):
    found = jobs.declared(["spark"])
    assert names(found) == [("spark", "NAU-add", (0, 1, 2)), ("spark", "NAU-sub", (0, 1, 2))]
    assert names(jobs.todo(found)) == names(found) and not shelf.exists()
    assert len({job.rows for job in jobs.declared(size=0)}) == 5


def test_seeds_are_dealt_to_shards(shelf):
    assert [job.seeds for job in jobs.declared(["tiny"], "0-6,9", 3)] == [
        seeds for seeds in ((0, 1, 2), (3, 4, 5), (6, 9)) for _ in ("NMU", "NALU")]
    assert [job.seeds for job in jobs.declared(["spark"], "2-99")] == [(2,), (2,)]
    assert [job.seeds for job in jobs.declared(["tiny"])] == [(0, 1, 2, 3, 4)] * 2 + [(5, 6, 7, 8, 9)] * 2


@pytest.mark.parametrize(("arguments", "message"), [
    ((["sprak"],), "unknown experiment 'sprak'; did you mean 'spark'"),
    ((["spark"], "5-9"), "no condition declares the seeds 5-9"),
    ((["spark"], "a"), "seeds must look like '0-99'"),
    ((["spark"], "", -1), "shard must be an integer of at least 0, got -1"),
    ((["spark"], "", "all"), "shard must be an integer of at least 0, got 'all'"),
])
def test_wrong_order_is_one_clear_line(shelf, arguments, message):
    with pytest.raises(ValueError) as error:
        jobs.declared(*arguments)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_finished_work_is_no_job(shelf):
    """Wherever the rows come from: a clone has results.csv and no work folders."""
    add, sub = jobs.declared(["spark"])
    finish(add)
    assert jobs.todo([add, sub]) == [sub]
    assert jobs.todo(jobs.declared(["spark"], "", 1)) == jobs.declared(["spark"], "", 1)[1::2]
    (shelf / "spark" / "results.csv").unlink()
    assert jobs.todo([add, sub]) == [add, sub]


def test_changed_setting_is_a_job_of_its_condition_alone(shelf, monkeypatch):
    for job in (before := jobs.declared(["spark"])):
        finish(job)
    add, sub = (grid(["NAU"], {"operation": [name]}, simple=True, iterations=n, seeds=range(3))
                for name, n in (("add", 1), ("sub", 2)))
    use(monkeypatch, Experiment("spark", "Spark", "Nothing", add + sub))
    after = jobs.declared(["spark"])
    assert names(jobs.todo(after)) == [("spark", "NAU-sub", (0, 1, 2))]
    assert after[1].rows != before[1].rows


def test_run_of_several_experiments_is_one_job(monkeypatch, shelf):
    same = {"simple": True, "iterations": 1}
    use(monkeypatch,
        Experiment("a", "A", "Nothing", grid(["NAU"], seeds=range(4), **same)),
        Experiment("b", "B", "Nothing", grid(["NAU", "NMU"], seeds=range(6), **same)),
        Experiment("c", "C", "Nothing", grid(["NMU"], seeds=range(2), **same), curves=5),
        Experiment("d", "D", "Nothing", grid(["NMU"], seeds=range(2), **same), window=3))
    assert names(jobs.declared(size=0)) == [
        ("c", "NMU", (0, 1)), ("a", "NAU", (0, 1, 2, 3)), ("d", "NMU", (0, 1)),
        ("b", "NMU", (2, 3, 4, 5)), ("b", "NAU", (4, 5))]
    assert names(jobs.declared(["b"], size=0)) == [("b", m, tuple(range(6))) for m in ("NAU", "NMU")]


def test_no_run_of_the_papers_is_trained_twice():
    found = jobs.declared(EXPERIMENTS)
    seen = set()
    for job in found:
        [folder] = job.folders
        which = {(runs.settings(folder.condition), folder.experiment.window, s) for s in job.seeds}
        assert folder.experiment.curves or not which & seen
        seen |= which
    total = sum(len(c.seeds) for e in EXPERIMENTS.values() for c in e.conditions)
    assert sum(len(job.seeds) for job in found) == len(seen) < total
    assert max(len(str(job.rows.relative_to(job.rows.parents[3]))) for job in found) < 150


def test_rows_of_deleted_results_are_forgotten(shelf):
    add, sub = jobs.declared(["spark"])
    for job in (add, sub):
        files.write(job.rows, b"")
    os.utime(add.rows, (1, 1))
    jobs.forget([add, sub], before=time.time() - 100)
    assert not add.rows.exists() and sub.rows.exists()


def test_process_killed_before_it_wrote_its_rows_is_made_up_for(shelf):
    begun, elsewhere = jobs.declared(["spark"])
    finish(begun), finish(elsewhere)
    begun.rows.parent.mkdir(parents=True)
    jobs.complete([begun, elsewhere])
    assert csv_file.read(begun.rows) == runs.rows(*begun.names, begun.seeds)
    assert not elsewhere.rows.parent.exists(), "results of another machine leave no folder here"
    begun.rows.write_text("as it was")
    jobs.complete([begun])
    assert begun.rows.read_text() == "as it was"


def test_two_campaigns_with_the_same_experiment_are_refused(shelf):
    with jobs.alone(jobs.declared(["spark"])):
        with pytest.raises(ValueError, match="a campaign with spark is running"):
            jobs.alone(jobs.declared())
        jobs.alone(jobs.declared(["tiny"])).close()
    jobs.alone(jobs.declared()).close()


def test_time_left_comes_from_recorded_runs(shelf):
    (add, sub), spark = jobs.declared(["spark"]), experiments.get("spark")
    assert jobs.plan([add, sub]).splitlines()[-1] == "2 jobs with 6 runs; one job after the other: ?"
    assert status.total("spark", status.of(spark)) == "spark: 0 of 2 conditions, 0 of 6 runs; left: ?"
    finish(add, 20.0)
    assert jobs.plan([sub]).splitlines()[-1] == "1 jobs with 3 runs; one job after the other: 0:01:00"
    assert [s.seconds for s in status.of(spark)] == [0, 60]
    assert status.total("spark", status.of(spark)) == "spark: 1 of 2 conditions, 3 of 6 runs; left: 0:01:00"
    (nmu, nalu) = experiments.get("tiny").conditions
    assert estimate.Pace().seconds(nmu) != estimate.Pace().seconds(nmu), "no NMU is recorded"
    finish(sub, 40.0)
    assert status.total("spark", status.of(spark)) == "spark: 2 of 2 conditions, 6 of 6 runs"


def test_pace_is_of_the_same_model_scaled_with_updates_and_inputs(shelf, monkeypatch):
    small, wide, deep = grid(["NMU"], {("input_size", "hidden_size"): [(24, 2), (64, 2), (24, 4)]},
                             iterations=999, seeds=[1, 2])
    use(monkeypatch, Experiment("a", "A", "Nothing", (small, wide, deep)))
    of_small, of_deep, of_wide = jobs.declared()
    finish(of_small, 5.0)
    assert [estimate.Pace().seconds(c) for c in (small, wide, deep)] == [5, 10, 5]
    finish(of_deep, 8.0)
    assert [estimate.Pace().seconds(c) for c in (small, wide, deep)] == [5, 10, 8]
    finish(of_wide, 1.0, device="a GPU")
    assert estimate.Pace().seconds(wide) == 10


def test_what_is_missing_is_named_with_its_reason(shelf):
    add, sub = jobs.declared(["spark"])
    finish(add)
    assert jobs.collect([add, sub]).splitlines() == [
        "spark: 1 of 2 conditions, 3 of 6 runs; left: 0:00:06", "spark NAU-sub, seeds 0-2: not finished"]
    [shard] = sub.shards
    shard.failed("cell 4 failed\nRuntimeError: no luck")
    assert jobs.collect([sub]).splitlines()[-1] == "spark NAU-sub, seeds 0-2: failed: RuntimeError: no luck"
    shard.log.touch()
    assert jobs.collect([sub]).splitlines()[-1] == (
        f"spark NAU-sub, seeds 0-2: failed: RuntimeError: no luck; log: {shard.log}")


def test_conditions_with_the_same_batches_are_one_job(monkeypatch, shelf):
    """Of whatever experiments; not those with other tasks or iterations, nor seeds that another experiment has claimed."""
    short, long = ({"simple": True, "iterations": n, "seeds": range(3)} for n in (1, 2))
    use(monkeypatch,
        Experiment("a", "A", "Nothing", grid(["NAU", "NMU"], {"operation": ["add", "mul"]}, **short)
                   + grid(["NAU"], {"overlap_ratio": [0.25, 0.5]}, iterations=1, seeds=range(3))
                   + grid(["NALU"], **long)),
        Experiment("b", "B", "Nothing", grid(["NMU", "NAC_add", "NALU"], **(short | {"seeds": range(4)}))))
    found = jobs.declared(size=2, together=True)
    four, others = ["a", "NAU-add", "NAU-mul", "NMU-add", "NMU-mul"], ["b", "NAC_add", "NALU"]
    assert [(job.names, job.seeds) for job in found] == [
        (four + others, (0, 1)), (four, (2,)), (others, (2, 3)), (["b", "NMU"], (3,)),
        (["a", "NALU"], (0, 1)), (["a", "NALU"], (2,)),
        *[(["a", f"NAU-overlap_ratio={ratio}"], s) for ratio in (0.25, 0.5) for s in ((0, 1), (2,))]]
    assert found[0].title == "a, b 6 conditions together, seeds 0-1"
    assert str(found[0].rows).startswith(f"{shelf}/a/together/0-1.")


def test_jobs_of_the_papers_together_are_those_alone():
    alone, found = jobs.declared(), jobs.declared(together=True)
    runs_of = [sorted((folder.title, s) for job in these for folder in job.folders for s in job.seeds)
               for these in (alone, found)]
    assert runs_of[0] == runs_of[1] and 3 * len(found) < len(alone)
    assert len({job.rows for job in found}) == len(found)
    for job in found:  # as the training sees it, which refuses other company
        if not experiments.SEQUENTIAL.keys().isdisjoint(job.experiments):
            assert len(job.folders) == 1
            continue
        plans = [Plan(seeds=job.seeds, **f.condition.plan_arguments()) for f in job.folders]
        shared = Plan.batches if MODELS[plans[0].model].recipe is None else alike
        assert all(shared(one) == shared(plans[0]) for one in plans)
    assert max(len(str(job.rows.relative_to(job.rows.parents[3]))) for job in found) < 150


def test_job_of_several_conditions_lasts_until_the_last_has_results(shelf):
    add, sub = jobs.declared(["spark"])
    [both] = jobs.joined([add, sub])
    assert both.rows not in (add.rows, sub.rows) and both.title == "spark 2 conditions together, seeds 0-2"
    finish(add, 20.0)
    assert jobs.todo([both]) == [both]
    assert jobs.plan([both]).splitlines() == [
        "experiment  jobs  runs  one job after the other", "spark       1     6     0:02:00",
        "1 jobs with 6 runs; one job after the other: 0:02:00"]
    both.shards[1].failed("RuntimeError: no luck")
    assert jobs.collect([both])[-21:] == "RuntimeError: no luck"
    finish(sub)
    assert jobs.todo([both]) == []
    both.rows.parent.mkdir(parents=True)
    jobs.complete([both])
    assert csv_file.read(both.rows) == [
        row for name in ("NAU-add", "NAU-sub") for row in runs.rows("spark", name, range(3))]


def test_changed_setting_gives_another_folder_to_a_job_of_several_conditions(shelf, monkeypatch):
    [before] = jobs.joined(jobs.declared(["spark"]))
    use(monkeypatch, Experiment("spark", "Spark", "Nothing", grid(
        ["NAU"], {"operation": ["add", "sub"]}, simple=True, iterations=2, seeds=range(3))))
    [after] = jobs.joined(jobs.declared(["spark"]))
    assert before.names == after.names and before.rows != after.rows


@pytest.mark.parametrize(("engine", "device", "message"), [
    ("auto", "cuda", "together=1 is for CPUs, got device=cuda; on a GPU: python -m nalu lease"),
    ("reference", "cpu", "unknown engine 'reference'; allowed: auto, fused, cuda"),
])
def test_where_jobs_of_several_conditions_cannot_run(engine, device, message):
    jobs.examine({}, "auto", "cpu", together=True)
    with pytest.raises(ValueError) as error:
        jobs.examine({}, engine, device, together=True)
    assert str(error.value) == message


def test_a_campaign_refuses_settings_and_engines_that_do_not_exist():
    jobs.examine({"experiment": "ranges", "shard": 5}, "reference", "cuda", together=False)
    with pytest.raises(ValueError, match="unknown setting 'experimnt'; did you mean 'experiment'?"):
        jobs.examine({"experimnt": "ranges"}, "auto", "cpu", together=False)
    with pytest.raises(ValueError, match="unknown engine 'fast'"):
        jobs.examine({}, "fast", "cpu", together=False)
