"""Papers whose claims are known to be true or false, with as many runs of ours as are asked for."""

import math

import numpy as np
import pandas as pd

from nalu.analysis.statistics import Interval, success_rate
from nalu.analysis.summary import Cell
from nalu.paper.evidence import Evidence
from nalu.paper.numbers import RATE, Printed
from nalu.support.notation import scientific_rounding

SPARSITY = "sparsity_error_mean"


def rows(solved, steps=None, errors=None):
    """Our runs, one per outcome."""
    solved = np.asarray(solved, dtype=bool)
    blank = np.full(len(solved), math.nan)
    return pd.DataFrame({"seed": range(len(solved)), "solved": solved, "solved_at": blank if steps is None else steps,
                         "sparsity_error": blank if errors is None else errors})


def rounded(value):
    """As a table prints it, with two digits."""
    digit = 2 * scientific_rounding(value)
    return round(value / digit) * digit


def printed(metric, value, interval, k, n):
    """A printed number."""
    return Printed("simple_mul", "mul", "NMU", "", metric, Cell(value, *interval, n, k), None)


def rate(generator, theirs, ours=None, n=100, same=None):
    """A success rate; the claim is true if both sides have one probability."""
    k = generator.binomial(n, theirs)
    mine = generator.random(n) < (theirs if ours is None else ours)
    interval = success_rate([1] * k + [0] * (n - k))
    return Evidence(printed(RATE, interval.estimate, interval[1:], k, n), rows(mine), None, same)


def pairs(generator, here, there, n=100, same=None):
    """A success rate whose runs are known seed by seed: of ``n`` seeds so many are solved here alone and there alone, a third on both sides."""
    kind = generator.choice(4, n, p=[here, there, (1 - here - there) / 3, 2 * (1 - here - there) / 3])
    mine, theirs = np.isin(kind, [0, 2]), np.isin(kind, [1, 2])
    interval = success_rate(theirs)
    authors = pd.DataFrame({"seed": range(n), "solved": theirs})
    return Evidence(printed(RATE, interval.estimate, interval[1:], int(theirs.sum()), n), rows(mine), authors, same)


def step_mean(generator, factor=1.0, shape=4.0, n=50, same=None):
    """A mean of solved-at of gamma distributed steps, ours ``factor`` times as many."""
    theirs, mine = (generator.gamma(shape, 1e5 / shape, n) for _ in range(2))
    return Evidence(_mean("solved_at_mean", theirs), rows([True] * n, mine * factor), None, same)


def median(generator, factor=1.0, n=50, same=None):
    """A median of solved-at, likewise."""
    theirs, mine = (generator.gamma(4, 25_000, n) for _ in range(2))
    value = rounded(np.median(theirs))
    cell = printed("solved_at_median", value, (math.nan, math.nan), n, n)
    return Evidence(cell, rows([True] * n, mine * factor), None, same)


def sparsity(generator, halved=False, factor=1.0, n=50, same=None, fitted=True):
    """A mean sparsity error, printed as it is or halved, with the bounds of a beta fit or those of a plain mean."""
    theirs, mine = (generator.gamma(4, 2.5e-6, n) for _ in range(2))
    mean = _mean(SPARSITY, theirs / (2 if halved else 1))
    if fitted:
        mean = mean._replace(cell=mean.cell._replace(upper=mean.cell.upper + 0.1 * (mean.cell.upper - mean.cell.estimate)))
    return Evidence(mean, rows([True] * n, errors=mine * factor), None, same)


def _mean(metric, x):
    half = 1.96 * x.std(ddof=1) / math.sqrt(len(x))
    value = rounded(x.mean())
    return printed(metric, value, Interval(value, value - half, value + half)[1:], len(x), len(x))


def paper(generator, true=60, false=0, halved=0):
    """A paper with claims of every kind; the first ``true`` are true, the next false, the last are halved."""
    kinds = (lambda g, same: rate(g, 0.5, same=same), lambda g, same: step_mean(g, same=same),
             lambda g, same: median(g, same=same), lambda g, same: sparsity(g, same=same))
    wrong = (lambda g, same: rate(g, 0.4, 0.75, same=same), lambda g, same: step_mean(g, 1.5, same=same),
             lambda g, same: median(g, 1.6, same=same), lambda g, same: sparsity(g, factor=5, same=same))
    made = [kinds[i % 4](generator, i) for i in range(true)]
    made += [wrong[i % 4](generator, true + i) for i in range(false)]
    return made + [sparsity(generator, True, same=true + false + i) for i in range(halved)]
