"""Kappa of counted pairs: by hand, its interval against a general optimiser, and its coverage."""

from functools import cache
from itertools import product
from math import isnan, nan

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import xlogy
from scipy.stats import chi2, multinomial

from nalu.analysis import kappa

pytestmark = pytest.mark.slow

N = 6  # pairs of the enumeration


@pytest.mark.parametrize("counts, expected", [
    ([2, 0, 0, 2], 1), ([1, 1, 1, 1], 0), ([0, 2, 2, 0], -1), ([20, 5, 10, 15], 0.4),
])
def test_textbook_cases(counts, expected):
    assert kappa.cohen([counts]).estimate == pytest.approx(expected)


@pytest.mark.parametrize("cells", [[], [[0, 0, 0, 0]], [[3, 0, 0, 0]], [[3, 0, 0, 0], [0, 0, 0, 2]]])
def test_not_defined_where_nothing_varies(cells):
    assert all(isnan(value) for value in kappa.cohen(cells))


def test_cells_of_different_rates_are_no_agreement():
    cells = [[2, 0, 0, 0], [0, 0, 0, 2], [1, 1, 1, 1]]
    assert kappa.cohen(cells).estimate == pytest.approx(0)
    assert kappa.cohen([np.sum(cells, 0)]).estimate > 0.4


def test_a_cell_without_variation_adds_nothing():
    alone, with_others = (kappa.cohen(cells) for cells in
                          ([[4, 1, 0, 3]], [[4, 1, 0, 3], [0, 0, 0, 50], [9, 0, 0, 0]]))
    np.testing.assert_allclose(with_others[1:], alone[1:], atol=1e-3)


def constrained(k, counts):
    """The same maximum by a general optimiser over the four probabilities."""
    def of(p):
        pe = (p[0] + p[1]) * (p[0] + p[2]) + (p[2] + p[3]) * (p[1] + p[3])
        return (p[0] + p[3] - pe) - k * (1 - pe)

    found = [minimize(lambda p: -xlogy(counts, np.maximum(p, 1e-12)).sum(), start, method="SLSQP",
                      bounds=[(1e-9, 1)] * 4,
                      constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": of}])
             for start in ([0.25] * 4, [0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1])]
    return max(-one.fun for one in found if one.success)


@pytest.mark.parametrize("counts", [[20, 5, 10, 15], [4, 1, 0, 3], [6, 1, 2, 0], [97, 1, 1, 1]])
def test_at_the_bounds_the_likelihood_has_fallen_as_it_should(counts):
    found = kappa.cohen([counts])
    top = constrained(found.estimate, counts)
    for bound in found[1:]:
        if abs(bound) < 1:
            assert top - constrained(bound, counts) == pytest.approx(chi2.ppf(0.95, 1) / 2, abs=2e-3)
    assert -1 <= found.lower < found.estimate < found.upper <= 1


def test_full_agreement_has_a_lower_bound_that_rises_with_the_pairs():
    bounds = [kappa.cohen([[n, 0, 0, n]]) for n in (1, 3, 10)]
    assert [b.upper for b in bounds] == [1, 1, 1]
    assert bounds[0].lower < 0 < bounds[1].lower < bounds[2].lower < 1


@cache
def interval(*counts):
    """Of one cell; it does not change when the sides, or solved and not solved, are exchanged."""
    both, first, second, neither = counts
    counts = (max(both, neither), max(first, second), min(first, second), min(both, neither))
    return interval(*counts) if counts != (both, first, second, neither) else kappa.cohen([counts])


def probabilities(rate, true):
    """Of the four kinds of pairs, with one rate on both sides."""
    apart = (1 - true) * 2 * rate * (1 - rate)
    return [rate - apart / 2, apart / 2, apart / 2, 1 - rate - apart / 2]


def coverage(rate, true):
    """Over all outcomes of six pairs, weighed by their probability: covered, and kappa not defined."""
    covered, undefined = 0.0, 0.0
    for counts in product(range(N + 1), repeat=4):
        if sum(counts) == N:
            found, weight = interval(*counts), multinomial.pmf(counts, N, probabilities(rate, true))
            undefined += weight * isnan(found.estimate)
            covered += weight * (found.lower - 1e-9 <= true <= found.upper + 1e-9)
    return covered, undefined


@pytest.mark.parametrize("true", [0, 0.5, 0.9])
@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_the_interval_covers_about_as_often_as_it_says(rate, true):
    assert 0.92 < sum(coverage(rate, true))


def test_where_it_covers_least_and_most():
    places = [(rate, true) for rate in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95) for true in (0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.6, 0.9)]
    found = {place: covered / (1 - undefined) for place in places for covered, undefined in [coverage(*place)]}
    assert min(found, key=found.get)[1] == 0.35
    assert 0.87 < min(found.values()) < 0.88
    assert 0.999 < max(found.values())


@pytest.mark.parametrize("number, pairs, low, high", [(5, 20, 0.88, 1), (20, 3, 0.6, 0.9)])
def test_one_kappa_of_several_cells_needs_many_pairs_in_each(number, pairs, low, high):
    generator, true, times = np.random.default_rng(0), 0.6, 40
    drawn = [kappa.cohen([generator.multinomial(pairs, probabilities(rate, true))
                          for rate in generator.uniform(0.2, 0.8, number)]) for _ in range(times)]
    assert low < np.mean([found.lower <= true <= found.upper for found in drawn]) <= high


def test_the_estimate_of_cells_that_differ_may_lie_outside():
    found = kappa.cohen([[4, 0, 0, 4], [6, 32, 0, 3]])
    assert found.estimate > found.upper


@pytest.mark.parametrize("cells, level, said", [([[1, -1, 0, 0]], 0.95, "negative"), ([[1, 1, 1, 1]], 1, "level"),
                                                ([[1, 1, 1, 1]], nan, "level")])
def test_bad_input_is_refused(cells, level, said):
    with pytest.raises(ValueError, match=said):
        kappa.cohen(cells, level)
