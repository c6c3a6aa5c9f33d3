"""Strategies against each other, over seeds: means and paired differences with their intervals.

Reads what result.json holds. Runs are paired by seed: the same seed gave both strategies the same gold rows and the
same start of the small model, so the difference has less noise than either score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `seeds` runs with its 95% interval by Student's t; no interval for a single run."""

    mean: float
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Gain:
    """Test score of `strategy` less that of `base`, paired by seed."""

    task: str
    strategy: str
    base: str
    difference: Estimate


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95% t-interval of a few numbers.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("no values")
    mean = sum(values) / len(values)
    if len(values) < 2:
        return Estimate(mean, None, None, len(values))
    if len(set(values)) == 1:
        return Estimate(mean, mean, mean, len(values))
    from scipy.stats import ttest_1samp

    interval = ttest_1samp(values, 0.0).confidence_interval(0.95)
    return Estimate(mean, float(interval.low), float(interval.high), len(values))


def scores(
    results: Sequence[Mapping[str, Any]], metric: str = "accuracy"
) -> dict[tuple[str, str], dict[int, float]]:
    """Test scores by (task, strategy) and seed, in order of first appearance."""
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for result in results:
        found[result["task"], result["strategy"]][result["seed"]] = result["test"][metric]
    return dict(found)


def gains(
    results: Sequence[Mapping[str, Any]], base: str = "zerogen", metric: str = "accuracy"
) -> list[Gain]:
    """How far every strategy is above `base` on the same task, over the seeds that both ran."""
    by_run = scores(results, metric)
    found = []
    for (task, strategy), own in by_run.items():
        other = by_run.get((task, base))
        if strategy == base or other is None:
            continue
        differences = [own[seed] - other[seed] for seed in sorted(own.keys() & other.keys())]
        if differences:
            found.append(Gain(task, strategy, base, estimate(differences)))
    return found
