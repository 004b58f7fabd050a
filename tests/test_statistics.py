"""Known answers, brute force, coverage, and the edges: 0, 1 and 2 values, equal values, zeros."""

import math

import numpy as np
import pytest
import scipy.stats

from nalu.analysis import statistics
from nalu.analysis.statistics import FEWEST, mean_t, shown, solved_at_mean, sparsity_error_mean, success_rate
from nalu.paper import published

CHI2 = scipy.stats.chi2.ppf(0.95, 1)
SHAPES = np.exp(np.linspace(np.log(1e-3), np.log(1e9), 20001))
NAN = math.nan

REANALYSIS = published.reanalysis().query("n_solved > 0")
CELLS = [pytest.param(row, id=f"{row.operation}-{row.model}") for row in REANALYSIS.itertuples()]


def runs_of(row):
    runs = published.per_seed().query("solved")
    return runs[(runs["operation"] == row.operation) & (runs["model"] == row.model)]


def gamma_profile(x: np.ndarray, mean: float) -> float:
    """The largest log-likelihood of a gamma with this mean, by trying 20001 shapes."""
    # the two sums are all that scipy.stats.gamma.logpdf(x, shape, scale=mean / shape).sum() depends on
    per_shape = SHAPES * np.log(SHAPES / mean) - scipy.special.gammaln(SHAPES)
    return (x.size * per_shape + (SHAPES - 1) * np.log(x).sum() - SHAPES * x.sum() / mean).max()


def beta_profile(y: np.ndarray, mean: float) -> float:
    """The largest log-likelihood of a beta with this mean, by trying 20001 precisions."""
    a, b = mean * SHAPES, (1 - mean) * SHAPES
    return ((a - 1) * np.log(y).sum() + (b - 1) * np.log1p(-y).sum() - y.size * scipy.special.betaln(a, b)).max()


def test_the_brute_force_is_the_density_of_scipy():
    x = np.array([0.1, 0.2, 0.4])
    shape = scipy.stats.gamma.logpdf(x, SHAPES[:, None], scale=0.3 / SHAPES[:, None]).sum(axis=1)
    assert gamma_profile(x, 0.3) == pytest.approx(shape.max(), abs=1e-9)
    precision = scipy.stats.beta.logpdf(x, 0.3 * SHAPES[:, None], 0.7 * SHAPES[:, None]).sum(axis=1)
    assert beta_profile(x, 0.3) == pytest.approx(np.nanmax(precision), abs=1e-9)


# success rate


@pytest.mark.parametrize("k, n", [(1, 2), (13, 100), (94, 100), (99, 100), (7, 25)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilson_bounds_are_where_the_score_test_rejects(k, n, level):
    interval = success_rate(np.arange(n) < k, level)
    assert interval.estimate == k / n
    z = scipy.stats.norm.ppf((1 + level) / 2)
    for bound, side in ((interval.lower, 1), (interval.upper, -1)):
        assert (k / n - bound) / math.sqrt(bound * (1 - bound) / n) == pytest.approx(side * z)


def test_wilson_known_answer():
    assert success_rate([True] * 94 + [False] * 6) == pytest.approx((0.94, 0.8752, 0.9722), abs=5e-5)


@pytest.mark.parametrize("n", range(1, 101))
def test_wilson_edges_are_exact(n):
    none, all_of_them = success_rate(np.zeros(n)), success_rate(np.ones(n, bool))
    assert none[:2] == (0, 0)
    assert all_of_them[::2] == (1, 1)
    assert 0 < none.upper == pytest.approx(1 - all_of_them.lower)


def test_no_run_has_no_success_rate():
    assert np.isnan(success_rate([])).all()


def test_wilson_reproduces_every_printed_interval():
    """The papers print offsets from the rate, each rounded to a percent."""
    cells = [published.table(name).query("metric == 'success_rate'").dropna() for name in published.TABLES]
    printed = 0
    for cell in (row for table in cells for row in table.itertuples()):
        k = round(cell.value * cell.n_seeds)
        rate, lower, upper = success_rate(np.arange(cell.n_seeds) < k)
        assert cell.value - cell.ci_lower == pytest.approx(round(rate - lower, 2)), cell
        assert cell.ci_upper - cell.value == pytest.approx(round(upper - rate, 2)), cell
        printed += 1
    assert printed == 96


@pytest.mark.parametrize("values", [[0.5, 1], [2], [-1, 1], [True, math.nan]])
def test_solved_is_true_or_false(values):
    with pytest.raises(ValueError, match="^solved must .*, got "):
        success_rate(values)


# steps


@pytest.mark.parametrize("shape", [0.02, 0.3, 1, 8, 300])
@pytest.mark.parametrize("n", [2, 7, 100])
def test_gamma_bounds_lie_where_brute_force_puts_them(shape, n):
    x = np.random.default_rng([n, int(100 * shape)]).gamma(shape, 1e5, n)
    interval = solved_at_mean(x)
    assert interval.estimate == pytest.approx(x.mean())
    best = gamma_profile(x, interval.estimate)
    for bound in interval[1:]:
        assert 2 * (best - gamma_profile(x, bound)) == pytest.approx(CHI2, abs=1e-4)


def test_the_gamma_estimate_is_the_maximum():
    x = np.random.default_rng(1).gamma(2, 1e5, 12)
    mean = solved_at_mean(x).estimate
    assert gamma_profile(x, mean) > max(gamma_profile(x, 0.99 * mean), gamma_profile(x, 1.01 * mean))


@pytest.mark.parametrize("row", CELLS)
def test_steps_of_the_authors_runs(row):
    """The frozen values, an independent computation, were printed with six digits."""
    runs = runs_of(row)
    clean = runs[~runs["rows_permuted"]]
    assert (len(runs), len(clean)) == (row.n_solved, row.n_solved_clean)
    everything, in_order = solved_at_mean(runs["solved_at"]), solved_at_mean(clean["solved_at"])
    assert everything.estimate == pytest.approx(row.solved_at_sample_mean, rel=5e-6)
    assert in_order.estimate == pytest.approx(row.clean_mean, rel=5e-6)
    if runs["solved_at"].nunique() == 1:
        assert everything == in_order == (row.clean_mean,) * 3
        return
    assert everything[1:] == pytest.approx((row.gamma_ci_lower, row.gamma_ci_upper), rel=5e-6)
    assert in_order[1:] == pytest.approx((row.clean_gamma_lower, row.clean_gamma_upper), rel=5e-6)


def test_steps_scale():
    x = np.random.default_rng(2).gamma(3, 1, 9)
    assert solved_at_mean(1e-9 * x) == pytest.approx([1e-9 * value for value in solved_at_mean(x)], rel=1e-9)


@pytest.mark.parametrize(
    "x, expected",
    [
        ([], (NAN, NAN, NAN)),
        ([3000], (3000, NAN, NAN)),
        ([0], (0, NAN, NAN)),
        ([3000] * 10, (3000, 3000, 3000)),
        ([0.1] * 10, (0.1, 0.1, 0.1)),
        ([0, 0, 0], (0, 0, 0)),
        ([0, 3000, 3000], (2000, 0, 2000 + 4.302653 * 1000)),
    ],
)
def test_steps_without_a_likelihood(x, expected):
    assert solved_at_mean(x) == pytest.approx(expected, nan_ok=True)


def test_two_steps_have_an_interval():
    lower, upper = solved_at_mean([1000, 2000])[1:]
    assert 500 < lower < 1500 < upper < 5000


# sparsity errors


@pytest.mark.parametrize("a, b", [(0.2, 0.3), (2, 5), (8, 1e7), (300, 200), (1, 1e4)])
@pytest.mark.parametrize("n", [2, 7, 100])
@pytest.mark.parametrize("mirror", [False, True])
def test_beta_bounds_lie_where_brute_force_puts_them(a, b, n, mirror):
    y = np.random.default_rng([n, int(10 * a)]).beta(a, b, n)
    y = 1 - y if mirror else y
    interval = sparsity_error_mean(y / 2)
    best = beta_profile(y, 2 * interval.estimate)
    for bound in interval[1:]:
        assert 2 * (best - beta_profile(y, 2 * bound)) == pytest.approx(CHI2, abs=1e-4)


@pytest.mark.parametrize("a, b", [(0.5, 0.5), (2, 5), (30, 1000)])
def test_the_beta_estimate_is_the_fit_of_scipy(a, b):
    y = np.random.default_rng(3).beta(a, b, 50)
    fitted_a, fitted_b, _, _ = scipy.stats.beta.fit(y, floc=0, fscale=1)
    assert 2 * sparsity_error_mean(y / 2).estimate == pytest.approx(fitted_a / (fitted_a + fitted_b), rel=1e-5)


@pytest.mark.parametrize("row", CELLS)
def test_sparsity_of_the_authors_runs(row):
    """The frozen values, an independent computation, were printed with six digits; one estimate has five."""
    interval = sparsity_error_mean(runs_of(row)["sparsity_error"])
    assert interval.estimate == pytest.approx(row.beta05_mle_mean, rel=1e-5)
    assert interval[1:] == pytest.approx((row.beta05_lower, row.beta05_upper), rel=5e-6)


def test_an_estimate_to_eight_digits():
    """The maximum likelihood equations of NMU, x, solved with 60 digits."""
    runs = published.per_seed().query("solved and operation == 'mul' and model == 'NMU'")
    assert sparsity_error_mean(runs["sparsity_error"]).estimate == pytest.approx(4.20561060538e-7, rel=3e-8)


def test_the_support_ends_at_one_half():
    """A density on [0, 1] would see nothing special at 1/2: the published analysis did, and found half the mean."""
    x = np.random.default_rng(4).uniform(0.4, 0.5, 50)
    interval = sparsity_error_mean(x)
    assert interval.estimate == pytest.approx(x.mean(), rel=0.01)
    assert interval.upper < 0.5
    mirrored = sparsity_error_mean(0.5 - x)
    assert mirrored == pytest.approx((0.5 - interval.estimate, 0.5 - interval.upper, 0.5 - interval.lower), rel=1e-6)


def test_errors_above_one_half_count_as_one_half():
    assert sparsity_error_mean([0.3, 0.4, 0.859]) == sparsity_error_mean([0.3, 0.4, 0.5])
    assert sparsity_error_mean([0.859, 0.6]) == (0.5, 0.5, 0.5)


def test_the_likelihood_keeps_a_margin_to_both_ends():
    assert sparsity_error_mean([0, 0.1, 0.2]) == sparsity_error_mean([1e-16, 0.1, 0.2])
    assert sparsity_error_mean([0, 0.1, 0.2]) != sparsity_error_mean([1e-15, 0.1, 0.2])


@pytest.mark.parametrize(
    "x, expected",
    [
        ([], (NAN, NAN, NAN)),
        ([0.2], (0.2, NAN, NAN)),
        ([0], (0, NAN, NAN)),
        ([0.7], (0.5, NAN, NAN)),
        ([0.2] * 7, (0.2, 0.2, 0.2)),
        ([0, 0, 0], (0, 0, 0)),
        ([0.5, 0.5], (0.5, 0.5, 0.5)),
    ],
)
def test_sparsity_without_a_likelihood(x, expected):
    assert sparsity_error_mean(x) == pytest.approx(expected, nan_ok=True)


def test_two_sparsity_errors_have_an_interval():
    lower, upper = sparsity_error_mean([1e-7, 2e-7])[1:]
    assert 0 < lower < 1.5e-7 < upper < 1e-6


def test_distances_to_the_upper_end_keep_their_digits():
    """Mirrored about 1/4, values a few rounding errors below 1/2 have the interval of values above 0."""
    x = np.arange(1, 9) * 2.0**-50
    low, high = sparsity_error_mean(x), sparsity_error_mean(0.5 - x)
    assert [0.5 - value for value in high] == pytest.approx([low.estimate, low.upper, low.lower], abs=2**-54)
    assert 0.5 - 1e-15 < sparsity_error_mean([0.5, 0.5 - 3e-16], 0.999).upper <= 0.5


# what both have in common


@pytest.mark.parametrize("seed", range(10))
def test_every_data_set_has_finite_bounds_in_order(seed):
    draw = np.random.default_rng(seed)
    for _ in range(20):
        n, shape, scale = draw.integers(2, 101), 10 ** draw.uniform(-0.5, 2.7), 10 ** draw.uniform(-9, 6)
        steps = solved_at_mean(draw.gamma(shape, scale, n))
        assert 0 < steps.lower <= steps.estimate <= steps.upper < math.inf
        a, b, decimals = 10 ** draw.uniform(-1.3, 2.7), 10 ** draw.uniform(-1.3, 10), draw.integers(1, 17)
        errors = sparsity_error_mean(np.round(draw.beta(a, b, n), decimals) * draw.choice([0.5, 1]))
        assert 0 <= errors.lower <= errors.estimate <= errors.upper <= 0.5


@pytest.mark.slow
@pytest.mark.parametrize("n, covers", [(2, 0.75), (3, 0.85), (FEWEST, 0.90)])
def test_few_values_are_covered_less_often(n, covers):
    """Hence no interval of a mean is shown below `FEWEST`."""
    draw, times = np.random.default_rng(7), 400
    samples = [draw.gamma(shape, 1e6 / shape, n) for shape in (1, 30) for _ in range(times // 2)]
    intervals = [solved_at_mean(sample) for sample in samples]
    held = np.mean([found.lower <= 1e6 <= found.upper for found in intervals])
    assert abs(held - covers) < 3.5 * math.sqrt(covers * (1 - covers) / times)
    seen = shown(solved_at_mean, samples[0])
    assert seen == intervals[0] if n >= FEWEST else math.isnan(seen.lower + seen.upper)


@pytest.mark.parametrize("relative", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("mean_of, centre", [(solved_at_mean, 1e6), (sparsity_error_mean, 0.2)])
def test_values_that_nearly_agree_are_normal(mean_of, centre, relative):
    """Where the normal's profile likelihood is known: half-width s sqrt(exp(chi2 / n) - 1)."""
    z = np.random.default_rng(5).normal(size=10)
    estimate, lower, upper = mean_of(centre * (1 + relative * z))
    half = centre * relative * z.std() * math.sqrt(math.expm1(CHI2 / 10))
    assert (estimate - lower, upper - estimate) == pytest.approx((half, half), rel=3e-3)


@pytest.mark.parametrize("mean_of, values", [(solved_at_mean, [1000, 2000]), (sparsity_error_mean, [0.1, 0.2])])
def test_a_higher_level_is_wider(mean_of, values):
    narrow, wide = mean_of(values, 0.9), mean_of(values, 0.99)
    assert wide.lower < narrow.lower < narrow.estimate == wide.estimate < narrow.upper < wide.upper


@pytest.mark.slow
@pytest.mark.parametrize(
    "mean_of, sample, truth",
    [
        (solved_at_mean, lambda draw: draw.gamma(2, 5e5, 30), 1e6),
        (sparsity_error_mean, lambda draw: draw.beta(2, 6, 30) / 2, 0.125),
        (success_rate, lambda draw: draw.random(30) < 0.9, 0.9),
        (lambda x: mean_t(x, (-math.inf, math.inf)), lambda draw: draw.normal(3, 2, 5), 3),
    ],
    ids=["gamma", "beta", "wilson", "t"],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(mean_of, sample, truth):
    draw = np.random.default_rng(6)
    intervals = np.array([mean_of(sample(draw)) for _ in range(400)])
    covered = ((intervals[:, 1] <= truth) & (truth <= intervals[:, 2])).mean()
    assert covered == pytest.approx(0.95, abs=0.033)  # three standard errors


@pytest.mark.parametrize("mean_of", [solved_at_mean, sparsity_error_mean])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1])
def test_what_is_no_step_and_no_sparsity_error(mean_of, bad):
    with pytest.raises(ValueError, match=f"must be a finite number from 0 to inf, got {bad:g}; leave out"):
        mean_of([0.1, bad, 0.3])


@pytest.mark.parametrize("level", [0, 1, -1, 95, math.nan, 1 - 2**-53])
@pytest.mark.parametrize("estimate", [success_rate, solved_at_mean, sparsity_error_mean])
def test_a_level_lies_between_0_and_1(estimate, level):
    for values in ([1, 0, 1], []):
        with pytest.raises(ValueError, match="^level must be between 0 and 1, got "):
            estimate(values, level)


# Student's interval


def test_student_known_answer():
    x = [1.0, 2.0, 3.0, 4.0]
    expected = scipy.stats.t.interval(0.95, 3, loc=2.5, scale=scipy.stats.sem(x))
    assert mean_t(x, (-10, 10)) == pytest.approx((2.5, *expected))


def test_equal_values_are_their_own_mean_to_the_last_digit():
    assert np.mean([0.1] * 3) != 0.1
    assert mean_t([0.1] * 3, (0, 1)) == (0.1, 0.1, 0.1)


def test_student_is_cut_to_the_support():
    assert mean_t([1.0, 2.0, 3.0, 4.0], (1, 4)) == (2.5, 1, 4)
    with pytest.raises(ValueError, match="^a value must be a finite number from 1 to 3, got 4;"):
        mean_t([1.0, 2.0, 3.0, 4.0], (1, 3))


def test_intervals_are_plain_floats():
    fitted = solved_at_mean([1, 2]), sparsity_error_mean([0.1, 0.2])
    for interval in (success_rate([1, 0]), mean_t([0, 2], (0, 9)), *fitted):
        assert isinstance(interval, statistics.Interval)
        assert {type(value) for value in interval} == {float}
