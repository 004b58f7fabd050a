"""The published fits, repeated: the search, what it does to each cell of the authors, and where the maxima are."""

import numpy as np
import pytest
from scipy import stats

from nalu.analysis import summary
from nalu.analysis.statistics import sparsity_error_mean
from nalu.paper import published
from nalu.paper.audit import cells, optimiser, solved_at_fit, sparsity_fit

NOTHING = summary.by_model(published.per_seed().iloc[:0])
STEPS = np.array([1.0, 1.2, 0.9, 1.1, 16.0])


@pytest.fixture(scope="module")
def steps():
    return {(c.operation, c.model): c for c in cells.audited("solved_at", NOTHING, published.per_seed())}


@pytest.fixture(scope="module")
def errors():
    return {(c.operation, c.model): c for c in cells.audited("sparsity_error", NOTHING, published.per_seed())}


def test_the_search_finds_the_minimum_of_a_well_scaled_bowl():
    found = optimiser.minimise(lambda p: (p[0] - 1) ** 2 + 3 * (p[1] + 2) ** 2, [4, 4], [-9, -9], [9, 9])
    assert found.x == pytest.approx([1, -2], abs=1e-4)


def test_the_search_respects_its_bounds():
    inside = []

    def f(p):
        inside.append((p >= 0).all() and (p <= 0.5).all())
        return (p[0] - 2) ** 2 + p[1] ** 2

    assert optimiser.minimise(f, [0.2, 0.2], [0, 0], [0.5, 0.5]).x == pytest.approx([0.5, 0], abs=1e-6)
    assert all(inside)


def test_the_gradient_is_a_quotient_over_a_fixed_step():
    cubic = lambda p: p[0] ** 3
    assert optimiser.gradient(cubic, np.array([0.0]), [-1], [1])[0] == pytest.approx(1e-6)
    assert optimiser.gradient(cubic, np.array([0.0]), [0], [1])[0] == pytest.approx(1e-6)  # one-sided, cut at 0
    assert optimiser.gradient(lambda p: abs(p[0]), np.array([0.0]), [0], [1])[0] == pytest.approx(1)


def test_likelihoods_are_those_of_scipy():
    x = STEPS * 1e5
    mean, variance = 3e5, 4e10
    expected = stats.gamma.logpdf(x, mean**2 / variance, scale=variance / mean).sum()
    assert solved_at_fit.log_likelihood(x, mean, variance) == pytest.approx(expected, rel=1e-12)
    y = np.array([0.1, 0.2, 0.4])
    expected = stats.beta.logpdf(y, 2 * 0.2 * 7, (1 - 2 * 0.2) * 7).sum()
    assert sparsity_fit.log_likelihood(y, 0.2, 7) == pytest.approx(expected, rel=1e-12)


def test_a_likelihood_at_the_end_of_its_support_is_cut():
    assert sparsity_fit.log_likelihood([0.1, 0.2], 0, 7) == -2e6
    assert sparsity_fit.log_likelihood([0.1, 0.2], 0.5, 7) == -2e6
    assert solved_at_fit.log_likelihood([1, 2], 0, 1) == -np.inf


def test_the_profile_is_largest_at_the_sample_mean():
    x = STEPS * 1e5
    top = solved_at_fit.profile(x, x.mean())
    for factor in (0.5, 0.98, 1.02, 3):
        assert solved_at_fit.profile(x, factor * x.mean()) < top


def test_the_fit_depends_on_the_unit():
    small, large = (solved_at_fit.published_fit(unit * STEPS) for unit in (1, 1e5))
    assert abs(small.end[1] / small.start[1] - 1) > 0.1
    assert large.end[1] == pytest.approx(large.start[1], rel=1e-9)


def test_held_variance_by_brute_force():
    x, variance = STEPS * 1e5, solved_at_fit.start(STEPS * 1e5)[1]
    means = np.geomspace(x.mean() / 3, 3 * x.mean(), 200_001)
    found = [solved_at_fit.log_likelihood(x, m, variance) for m in means[::200]]
    best = solved_at_fit.mean_at_variance(x, variance)
    assert best.estimate == pytest.approx(means[::200][np.argmax(found)], rel=3e-3)
    top = solved_at_fit.log_likelihood(x, best.estimate, variance)
    for bound in best[1:]:
        assert 2 * (top - solved_at_fit.log_likelihood(x, bound, variance)) == pytest.approx(3.841459, rel=1e-4)


def test_what_is_published_is_the_maximum_at_a_held_variance(steps):
    for c in steps.values():
        variance = solved_at_fit.start(c.values)[1]
        if variance == 0:
            continue
        held = solved_at_fit.mean_at_variance(c.values, variance)
        near = 2 * (solved_at_fit.log_likelihood(c.values, held.estimate, variance)
                    - solved_at_fit.log_likelihood(c.values, c.printed.estimate, variance))
        assert 0 <= near + 1e-9 < 0.1, c.name
        assert held[1:] == pytest.approx(c.printed[1:], rel=0.003 if len(c.values) > 2 else 0.02), c.name


def test_published_means_are_not_maxima(steps):
    ratios = {key: c.ratio for key, c in steps.items()}
    assert min(ratios.values()) == pytest.approx(0.4757, abs=1e-3) == ratios["sub", "Linear"]
    assert max(ratios.values()) == pytest.approx(2.777, abs=1e-3) == ratios["sub", "NAU"]
    for c in steps.values():
        if abs(c.ratio - 1) > 1e-3:
            assert solved_at_fit.profile(c.values, c.values.mean()) > solved_at_fit.profile(c.values, c.printed.estimate)


def test_this_search_ends_at_the_published_mean_in_one_cell(steps):
    c = steps["sub", "NAU"]
    fit = solved_at_fit.published_fit(c.values)
    assert fit.start[0] == pytest.approx(58_260) and fit.end[0] == pytest.approx(c.printed.estimate, rel=1e-5)


def test_half_the_errors_have_the_published_maximum():
    x = np.random.RandomState(1).beta(2, 6, 500) / 2
    assert sparsity_fit.maximum(x) == pytest.approx(sparsity_error_mean(x / 2))
    assert sparsity_fit.published_fit(x).end == pytest.approx(sparsity_fit.maximum(x).estimate, rel=1e-3)
    assert sparsity_fit.published_fit(x).end == pytest.approx(x.mean() / 2, rel=0.02)


@pytest.mark.parametrize("key, digits", [(("add", "NAC_add"), 1e-5), (("sub", "NAU"), 1e-5), (("add", "Linear"), 1e-5),
                                         (("squared", "NAC_mul_sigma"), 1e-5), (("root", "NAC_mul"), 1e-5)])
def test_the_fit_gives_the_published_value(errors, key, digits):
    c = errors[key]
    fit = sparsity_fit.published_fit(c.values)
    assert fit.moved and fit.end == pytest.approx(c.printed.estimate, rel=digits)


@pytest.mark.parametrize("key", [("mul", "NMU"), ("squared", "NMU"), ("add", "NAU"), ("root", "NALU"),
                                 ("mul", "NAC_mul_NMU"), ("squared", "NAC_mul_NMU")])
def test_the_fit_stays_at_the_mean_where_the_mean_is_published(errors, key):
    fit = sparsity_fit.published_fit(errors[key].values)
    assert not fit.moved and fit.start == pytest.approx(errors[key].printed.estimate, rel=1e-5)


def test_published_is_half_or_the_mean(errors):
    for c in errors.values():
        at_mean = abs(c.printed.estimate / sparsity_fit.clipped(c.values).mean() - 1) < 1e-4
        if not at_mean:
            assert sparsity_fit.maximum(c.values).estimate == pytest.approx(c.printed.estimate, rel=0.06), c.name
            assert 0.4 < c.ratio < 0.53
    assert len(errors) == 21
