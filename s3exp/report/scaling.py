"""How test scores grow with the rows trained on: score = a + b log10(rows), fitted to each seed of a sweep over rows.

SPEED (arXiv 2410.18634) reports such a law for embedding models. It describes the sizes that were run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from s3exp.record.measures import in_all
from s3exp.report.arms import Arm
from s3exp.report.comparison import Comparison
from s3exp.report.export import Column, Fields, Table, table_of
from s3exp.report.statistics import FEW, Estimate, estimate
from s3exp.report.swept import lines_over
from s3exp.terminal.texts import plural

ROWS = "loop.budget.rows"
LEAST_SIZES = 4
Points = Mapping[int, Sequence[tuple[float, float]]]  # by seed: rows trained on, and the test score


@dataclass(frozen=True, slots=True)
class Law:
    """The law of one line of arms. `doubling` is what twice the rows add to the score, over seeds; None: too few.

    `fit` is the share of the variance of the means over seeds that the law explains; `why` says what is too few.
    """

    name: str
    sizes: int
    seeds: int
    doubling: Estimate | None
    fit: float | None
    why: str


def laws(comparison: Comparison) -> list[Law]:
    """A law for every line of arms that differ by their rows alone."""
    lines = lines_over(comparison, ROWS)
    return [law_of(name, points_of(arms)) for name, arms in lines.items() if len(arms) > 1]


def points_of(arms: Sequence[Arm]) -> Points:
    """Rows trained on in the last round, and the test score, of every run, by seed."""
    points: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for arm in arms:
        for run in arm.runs:
            rows = in_all("train_rows", run.rounds)
            if rows:
                points[run.seed].append((rows, run.score))
    return points


def law_of(name: str, points: Points) -> Law:
    """The law of some points, from four sizes on for each of three seeds or more."""
    most = max((len({rows for rows, _ in some}) for some in points.values()), default=0)
    whole = {seed: some for seed, some in points.items() if len({rows for rows, _ in some}) >= LEAST_SIZES}
    if len(whole) < FEW:
        why = f"too few: {plural(most, 'size')}, {plural(len(whole) if whole else len(points), 'seed')} of them all"
        return Law(
            name, most, len(whole) or len(points), None, None, f"{why}; needed are {LEAST_SIZES} and {FEW}"
        )
    slopes = [_line(some)[0] for some in whole.values()]
    return Law(name, most, len(whole), estimate([slope * math.log10(2) for slope in slopes]), _fit(whole), "")


def scaling(comparison: Comparison) -> Table | None:
    """The laws of a task; None where rows were not swept."""
    found = laws(comparison)
    if not found:
        return None
    fields: Fields[Law] = (
        (Column("strategy", "strategy"), lambda law: law.name),
        (Column("sizes", "sizes", "count"), lambda law: law.sizes),
        (Column("seeds", "seeds", "count"), lambda law: law.seeds),
        (
            Column("doubling", f"test {comparison.word} for twice the rows, points", "points"),
            lambda law: None if law.doubling is None else law.doubling.mean,
        ),
        (
            Column("doubling", "95% interval", "change"),
            lambda law: None if law.doubling is None else law.doubling.interval,
        ),
        (Column("fit", "variance explained, %", "score"), lambda law: law.fit),
        (Column("why", "too few"), lambda law: law.why),
    )
    note = (
        "Least squares of the test score on log10 of the rows trained on, for each seed; the interval is Student's t "
        "over the seeds' slopes. Variance explained: of the means over seeds. It says nothing of other sizes."
    )
    return table_of("scaling", f"{comparison.task}: scaling with rows", found, fields, note)


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope and intercept by log10 of the rows."""
    x = np.log10([rows for rows, _ in points])
    y = np.array([score for _, score in points])
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    return slope, float(y.mean() - slope * x.mean())


def _fit(points: Points) -> float | None:
    """The share of the variance of the means by size that a line explains; None where they are all the same."""
    by_size: dict[float, list[float]] = defaultdict(list)
    for some in points.values():
        for rows, score in some:
            by_size[rows].append(score)
    means = [(rows, fmean(scores)) for rows, scores in by_size.items()]
    slope, start = _line(means)
    middle = fmean(score for _, score in means)
    spread = sum((score - middle) ** 2 for _, score in means)
    left = sum((score - start - slope * math.log10(rows)) ** 2 for rows, score in means)
    return 1 - left / spread if spread > 1e-18 else None
