"""Tests of the difference of two arms: over seeds, over test rows and seeds, McNemar's; and Holm's correction.

Runs are paired by seed: the same seed gives both strategies the same gold rows and the same start of the small model.
Their difference has less noise than a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import stdev

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Columns = Sequence[int]
RESAMPLES = 10_000
FEW = 3  # seeds; of fewer the interval by Student's t is many times wider than their range
_CHUNK = 4_000_000  # resampled rows in memory


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `seeds` runs with its 95% interval by Student's t; no interval of fewer than three runs."""

    mean: float
    low: float | None
    high: float | None
    seeds: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends; None of fewer than three runs."""
        return (self.low, self.high) if self.low is not None and self.high is not None else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Score of one arm minus another's, with the 95% interval and two-sided p-value of a paired bootstrap."""

    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """Rows that only one of two runs has right, and the exact two-sided p-value."""

    only_first: int
    only_second: int
    p: float


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95% t-interval of a few numbers.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("no values")
    mean = sum(values) / len(values)
    if len(values) < FEW:
        return Estimate(mean, None, None, len(values))
    if max(values) - min(values) < 1e-9:  # equal but for rounding: the t-test would warn
        return Estimate(mean, mean, mean, len(values))
    from scipy.special import stdtrit  # scipy.stats, which has whole tests, imports for a second

    half = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / len(values) ** 0.5
    return Estimate(mean, mean - half, mean + half, len(values))


def estimate_score(values: Sequence[float]) -> Estimate:
    """The same of scores between 0 and 1: Student's t knows no scale, so its interval is cut at 0 and 1.

    Raises:
        ValueError: there is none.
    """
    whole = estimate(values)
    if whole.low is None or whole.high is None:
        return whole
    return replace(whole, low=max(0.0, whole.low), high=min(1.0, whole.high))


def resolvable(difference: Estimate) -> float | None:
    """The true difference that as many seeds find in four of five studies, by a t-test at the level 0.05.

    It is that of the spread of this difference; None where it has no interval.
    """
    if difference.interval is None:
        return None
    from scipy.special import stdtrit

    low, high = difference.interval
    found, sure = (float(stdtrit(difference.seeds - 1, share)) for share in (0.8, 0.975))
    return (high - low) / 2 * (1 + found / sure)


def band(values: Sequence[float], scores: bool = False) -> tuple[float, float, float]:
    """Mean, and the 95% interval by Student's t from three values on; of fewer the lowest and the highest.

    The interval of `scores`, which lie between 0 and 1, is cut there.
    """
    if len(values) < FEW:
        return sum(values) / len(values), min(values), max(values)
    whole = estimate_score(values) if scores else estimate(values)
    assert whole.interval is not None
    return whole.mean, *whole.interval


def paired(own: Mapping[int, float], other: Mapping[int, float]) -> Estimate | None:
    """How far scores by seed are above others on the seeds of both; None where they share none."""
    shared = sorted(own.keys() & other.keys())
    return estimate([own[seed] - other[seed] for seed in shared]) if shared else None


def resampled_scores(right: Bools | Floats, seed: int, times: int = RESAMPLES) -> Floats:
    """Scores of several runs on `times` resamples of their common test rows, the same rows for every run.

    Args:
        right: (rows, runs), whether each run has each row right, or its score there.

    Returns:
        (times, runs), shares of right rows. Sums of whole numbers are the same on every machine.
    """
    rows, runs = right.shape
    rng, values = np.random.default_rng(seed), right.astype(np.float64)
    scores, step = np.empty((times, runs)), max(1, _CHUNK // rows)
    for start in range(0, times, step):
        size = min(step, times - start)
        drawn = rng.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
        scores[start : start + size] = counts.astype(np.float64) @ values / rows
    return scores


def bootstrap(
    right: Bools | Floats, resampled: Floats, first: Columns, second: Columns, seed: int
) -> Difference:
    """Paired bootstrap over test rows and seeds at once (Owen 2007, "The pigeonhole bootstrap").

    Each resample draws rows, the same for all runs, and pairs of runs (one pair a seed), both with replacement. The
    p-value is twice the smaller share of resamples on one side of 0, at least 2 / (resamples + 1). It is too small for
    few seeds (five seeds: up to 1 in 10 of equal arms below 0.05): an interval over seeds belongs beside it.

    Args:
        right: (rows, runs).
        resampled: `resampled_scores` of `right`, (times, runs).
        first: columns of the first arm's runs.
        second: columns of the second arm's runs, in the same order of seeds.
        seed: of the draws of seeds.

    Raises:
        ValueError: there is no pair of runs, or one has no partner.
    """
    if not first or len(first) != len(second):
        raise ValueError("every run needs a partner of the same seed")
    gaps = resampled[:, list(first)] - resampled[:, list(second)]
    times, seeds = gaps.shape
    picks = np.random.default_rng(seed).integers(seeds, size=(times, seeds))
    drawn = np.take_along_axis(gaps, picks, axis=1).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    tie = 1e-12  # means of equal numbers may differ by rounding
    sides = (np.count_nonzero(drawn <= tie), np.count_nonzero(drawn >= -tie))
    p = min(1.0, 2 * (int(min(sides)) + 1) / (times + 1))
    mean = float((right[:, list(first)].mean(axis=0) - right[:, list(second)].mean(axis=0)).mean())
    return Difference(mean, float(low), float(high), p)


def mcnemar(first: Bools, second: Bools) -> McNemar:
    """McNemar's exact test of two runs on the same rows, (rows,) each: a binomial test on rows where they differ."""
    from scipy.special import bdtr

    one, other = int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first))
    # a fair coin is symmetric: twice one tail; 1 where both tails hold the middle
    p = min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5))) if one != other else 1.0
    return McNemar(one, other, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, worst = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = worst
    return corrected
