"""What SciPy computes for us is what the formulas say: to the last digits, and at the edges."""

import math

import numpy as np
import pytest
from scipy.special import betaln
from scipy.stats import binom, norm

from nalu.analysis import comparisons
from nalu.analysis.statistics import wilson


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 10, 25, 100, 1000])
def test_wilson_is_its_formula(n, level):
    z = norm.ppf((1 + level) / 2)
    for k in {0, 1, n // 3, n // 2, n - 1, n}:
        p = k / n
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        assert wilson(k, n, level) == pytest.approx((p, centre - half, centre + half), rel=0, abs=1e-12)
    assert np.isnan(wilson(0, 0)).all()


@pytest.mark.parametrize("n", [0, 1, 5, 6, 7, 20, 99, 100])
def test_the_interval_of_a_median_lies_between_its_order_statistics(n):
    x = np.random.default_rng(n).integers(0, 30, n).astype(float)  # with ties
    found = comparisons.median_interval(x)
    r = int(binom.ppf(0.025, n, 0.5)) if n else 0
    bounds = (np.sort(x)[r - 1], np.sort(x)[-r]) if r else (math.nan, math.nan)
    np.testing.assert_array_equal(found, (np.median(x) if n else math.nan, *bounds))


@pytest.mark.parametrize("n", [0, 1, 5, 60])
def test_what_is_rejected_is_found_by_stepping_up(n):
    generator = np.random.default_rng(n)
    for _ in range(100):
        p = (generator.random(n) ** 3).round(2)  # with ties, and values on the line
        line = 0.05 * np.arange(1, n + 1) / max(n, 1)
        passed = np.flatnonzero(np.sort(p) <= line)
        largest = np.sort(p)[passed[-1]] if passed.size else -1
        assert comparisons.rejected(p).tolist() == (p <= largest).tolist()


@pytest.mark.parametrize("n, m", [(0, 1), (1, 1), (5, 4), (100, 99), (100, 2)])
def test_how_many_lie_below_the_median_of_others_is_the_printed_law(n, m):
    k, j = np.arange(n + 1), m // 2 + 1
    law = [math.comb(n, i) * math.exp(betaln(j + i, m + n - j - i + 1) - betaln(j, m - j + 1)) for i in k]
    assert comparisons._kth(n, j, m) == pytest.approx(law, rel=1e-11, abs=0)
    assert sum(law) == pytest.approx(1)
