"""Strategies against each other, over seeds: means and paired differences with their intervals.

Reads what result.json holds. Runs are paired by seed: the same seed gave both strategies the same gold rows and the
same start of the small model, so the difference has less noise than either score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from s3exp.record.reading import Result, metric_of
from s3exp.report.lines import by_name


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `seeds` runs with its 95% interval by Student's t; no interval for a single run."""

    mean: float
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean test score of the runs `name`, and how far it is above `base`, paired by seed, on the seeds of both."""

    name: str
    base: str
    mean: float
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
    if max(values) - min(values) < 1e-9:  # equal but for rounding: the t-test would warn
        return Estimate(mean, mean, mean, len(values))
    from scipy.stats import ttest_1samp

    interval = ttest_1samp(values, 0.0).confidence_interval(0.95)
    return Estimate(mean, float(interval.low), float(interval.high), len(values))


def gains(results: Sequence[Result], base: str = "zerogen", metric: str | None = None) -> list[Gain]:
    """How far the runs of every strategy are above those of `base` on the same task, by its primary metric or `metric`.

    Where there are several groups of `base` runs (they differ by more than the seed), the one of the same variant is
    meant; where that is not one either, none is.
    """
    groups = by_name(results)
    bases: dict[str, list[str]] = defaultdict(list)
    for name, runs in groups.items():
        if runs[0]["strategy"] == base:
            bases[runs[0]["task"]].append(name)
    found = []
    for name, runs in groups.items():
        among = bases[runs[0]["task"]]
        if len(among) > 1:
            among = [one for one in among if _variant(groups[one]) == _variant(runs)]
        if len(among) != 1 or runs[0]["strategy"] == base:
            continue
        own, other = (_scores(groups[which], metric) for which in (name, among[0]))
        difference = paired(own, other)
        if difference is not None:
            mean = fmean(own[seed] for seed in own.keys() & other.keys())
            found.append(Gain(name, among[0], mean, difference))
    return found


def paired(own: Mapping[int, float], other: Mapping[int, float]) -> Estimate | None:
    """How far scores by seed are above others on the seeds of both; None where they share none."""
    shared = sorted(own.keys() & other.keys())
    return estimate([own[seed] - other[seed] for seed in shared]) if shared else None


def _variant(runs: Sequence[Result]) -> str:
    return str(runs[0].get("variant", ""))


def _scores(runs: Sequence[Result], metric: str | None) -> dict[int, float]:
    return {run["seed"]: run["test"][metric or metric_of(run)] for run in runs}
