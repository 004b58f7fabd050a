r"""Success thresholds of sequential MNIST, from the runs of the reference.

The reference accumulates exactly, so that its test error is that of the pictures alone. With
$\bar e$ and $s$ the mean and standard deviation of the errors of $n$ reference runs on test
sequences of one length, each at the best step of its run,

$$\tau = \bar e + t_{0.99,\,n-1}\, \frac{s}{\sqrt n},$$

the upper bound of a one-sided 99 % interval of the mean (Neural Arithmetic Units, appendix).
A model is solved at a length if its error there is below.

Departs from the paper (mnist-threshold): runs are left out by a stated rule alone,
`failures`, and the degrees of freedom are those of the runs in use; the authors left three of
ten out by hand, and kept the quantile of nine.
"""

import math
from collections.abc import Collection

import pandas as pd
from scipy import stats

from nalu.support.seed_lists import text

CONFIDENCE = 0.99
PUBLISHED_DF = 8
VARIANCE = {"product": 20 / 3, "sum": 33 / 4}
"""Of a digit that is 1 to 9, or 0 to 9, with equal odds."""


def thresholds(reference: pd.DataFrame, without: Collection[int] = (), df: int | None = None) -> pd.DataFrame:
    """Return one row per test length.

    Parameters
    ----------
    reference
        Rows of ``lengths.csv`` of the reference.
    without
        Seeds to leave out.
    df
        Degrees of freedom of the quantile; by default one less than there are runs. The
        authors' scripts have 8, whatever there is.

    Returns
    -------
    DataFrame
        Columns ``test_length, threshold, mean, sd, n, df, without``, the last being the
        seeds left out, as text; the threshold is NaN for fewer than two runs.
    """
    rows = []
    used = reference[~reference["seed"].isin([*without])]
    for length, group in used.groupby("test_length"):
        errors, n = group["test_mse"], len(group)
        freedom = n - 1 if df is None else df
        mean, sd = float(errors.mean()), float(errors.std())
        bound = math.nan if n < 2 else mean + stats.t.ppf(CONFIDENCE, freedom) * sd / math.sqrt(n)
        out = text(sorted(without)) if len(without) else ""
        rows.append((int(length), float(bound), mean, sd, n, freedom, out))
    return pd.DataFrame(rows, columns=["test_length", "threshold", "mean", "sd", "n", "df", "without"])


def failures(reference: pd.DataFrame) -> tuple[int, ...]:
    """Return the seeds of the reference that did not learn to read a digit.

    Those whose error on sequences of a single digit is not below the variance of the
    digits: what they give says less of a digit than a constant. The rule is ours; what
    rule the authors had is not known.
    """
    single = reference[reference["test_length"] == 1]
    limit = single["operation"].map(VARIANCE)
    return tuple(sorted(int(seed) for seed in single.loc[~(single["test_mse"] < limit), "seed"]))
