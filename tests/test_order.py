"""What a campaign trains first, on a cluster and on a GPU that is lent: breadth before depth."""

import pytest
import tiny

from nalu import experiments
from nalu.campaign import gpu_lease, jobs, order
from nalu.experiments import EXPERIMENTS, SEQUENTIAL
from nalu.paper import matched, numbers, sequences
from nalu.results import runs

pytestmark = pytest.mark.slow

BANDS = [range(5), range(5, 10), range(10, 25), range(25, 100)]


@pytest.fixture
def nothing(tmp_path, monkeypatch):
    """The papers' experiments without any results."""
    tables = experiments.EXPERIMENTS, experiments.SEQUENTIAL
    tiny.use_here(monkeypatch, tmp_path / "runs")
    for name, table in zip(("EXPERIMENTS", "SEQUENTIAL"), tables, strict=True):
        monkeypatch.setattr(experiments, name, table)


def stages(found):
    """The stages of a campaign that some (experiment, condition, seeds) pass: each once, if they are in order."""
    passed = []
    for entry, case, seeds in found:
        band = next(k for k, band in enumerate(BANDS) if seeds[0] in band)
        assert {*seeds} <= {*BANDS[band]}, "no shard lies in two bands"
        stage = (entry.name in SEQUENTIAL, entry.name in ("learning_rate", "ablation_table", "number_of_subsets")
                 or not matched_or_shown(entry, case), band)
        if stage not in passed[-1:]:
            passed.append(stage)
    return passed


def matched_or_shown(entry, case):
    """Whether there is a printed value, in the paper or in the repository, by another way than that of the order."""
    key = entry.name, case.id
    if key not in KNOWN:
        KNOWN[key] = case.id in {*sequences.printed(entry.published)["condition"]} if entry.name in SEQUENTIAL else \
            bool(matched.printed(entry, case))
    return KNOWN[key]


KNOWN = {}


@pytest.mark.parametrize("together", [False, True])
def test_jobs_are_breadth_first(nothing, together):
    found = [(f.experiment, f.condition, job.seeds) for job in jobs.declared(together=together) for f in job.folders]
    passed = stages(found)
    assert passed == sorted(passed) and len(passed) == len({*passed}) > 8
    assert passed[:4] == [(False, False, band) for band in range(4)]
    iterations = [case.iterations for entry, case, seeds in found
                  if seeds[0] == 0 and entry.name in EXPERIMENTS and numbers.printed(entry, case)]
    assert iterations == sorted(iterations) and {*iterations} == {200_000, 5_000_000, 10_000_000, 15_000_000}


def test_conditions_of_one_stream_are_beside_each_other_across_experiments(nothing):
    first = next(job for job in jobs.declared(together=True) if "operations" in job.experiments)
    assert {"operations", "hidden_size", "hidden_size_ablation", "gating", "regularisation"} <= {*first.experiments}
    assert first.seeds == (0, 1, 2, 3, 4) and "learning_rate" not in first.experiments
    streams = [(lane.condition.batches(), lane.seed) for lane in gpu_lease.queue() if lane.seed < 5]
    printed = streams[:len(first.folders) * 5]
    assert len([*dict.fromkeys(printed)]) == len({*printed})


def test_the_lease_trains_in_the_order_of_the_campaign(nothing):
    """And every run once, but for those that another experiment judges by another window or keeps curves of."""
    lanes = gpu_lease.queue()
    passed = stages((lane.experiment, lane.condition, (lane.seed,)) for lane in lanes)
    assert passed == sorted(passed) and len(passed) == len({*passed})
    found = {(runs.settings(lane.condition), lane.seed, lane.experiment.window, lane.experiment.curves) for lane in lanes}
    assert len(found) == len(lanes)
    declared = {(folder.experiment.name, folder.condition.id, s) for job in jobs.declared([*EXPERIMENTS], size=0)
                for folder in job.folders for s in job.seeds}
    assert {(lane.experiment.name, lane.condition.id, lane.seed) for lane in lanes} == declared


def test_seeds_that_a_condition_does_not_declare_do_not_exist():
    """And where a shard ends does not depend on those that are missing."""
    assert order.shards(range(12), 5) == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9), (10, 11)]
    assert order.shards([*range(68, 70), 71, 74, 75], 5) == [(68, 69), (71, 74), (75,)]
    assert order.shards([70, 2, 85, 26, 3]) == [(2, 3), (26, 70, 85)] and order.shards([]) == []


def test_what_only_the_repository_prints_is_not_printed():
    for name, entry in EXPERIMENTS.items():
        repository = name in ("learning_rate", "ablation_table")
        for case in entry.conditions:
            assert numbers.printed(entry, case) == (not repository and matched_or_shown(entry, case)), (name, case.id)
