"""Are two arms different? Resamples of test rows and seeds, McNemar's test, and Holm's correction.

Works on what is right and wrong, row by row. Knows neither strategies nor how a result is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
_CHUNK = 4_000_000  # drawn rows that are held at once


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


def resampled_scores(right: NDArray[np.bool_], seed: int, times: int = RESAMPLES) -> NDArray[np.float64]:
    """Scores of several runs on `times` resamples of their common test rows, the same rows for every run.

    Args:
        right: (rows, runs), whether each run has each row right.
        seed: of the draws.
        times: resamples.

    Returns:
        (times, runs), shares of right rows. Sums of whole numbers, hence the same on every machine.
    """
    rows, runs = right.shape
    rng = np.random.default_rng(seed)
    scores = np.empty((times, runs))
    values = right.astype(np.float64)
    step = max(1, _CHUNK // rows)
    for start in range(0, times, step):
        size = min(step, times - start)
        drawn = rng.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
        scores[start : start + size] = counts.astype(np.float64) @ values / rows
    return scores


def bootstrap(
    right: NDArray[np.bool_],
    resampled: NDArray[np.float64],
    first: Sequence[int],
    second: Sequence[int],
    seed: int,
) -> Difference:
    """Paired bootstrap over test rows and seeds at once (Owen 2007, "The pigeonhole bootstrap").

    Each resample draws rows, the same for all runs, and pairs of runs (one pair a seed), both with replacement. The
    p-value is twice the smaller share of resamples on one side of 0, with one added to both counts, so that it is
    never below 2 / (resamples + 1). Cautious where chance lies in rows; where it lies in few seeds it is not cautious
    enough (five seeds: up to 1 in 10 of equal arms below 0.05), so that an interval over seeds belongs beside it.

    Args:
        right: (rows, runs).
        resampled: what `resampled_scores` made of `right`, (times, runs).
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


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """McNemar's exact test of two runs on the same rows, (rows,) each: the binomial test of where they differ."""
    from scipy.stats import binomtest

    one, other = int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first))
    p = float(binomtest(one, one + other, 0.5).pvalue) if one + other else 1.0
    return McNemar(one, other, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [1.0] * len(p_values)
    worst = 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = worst
    return corrected
