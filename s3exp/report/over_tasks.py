"""The table over tasks: methods, named as in the literature, by tasks, with their average, as the paper's Table 2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from s3exp.report.arms import Arm, interval_of
from s3exp.report.comparison import Comparison
from s3exp.report.export import Cell, Column, Table
from s3exp.report.majority import LARGEST, majority_of
from s3exp.report.statistics import estimate_score

METHODS = {"zerogen": "ZeroGen", "s3": "S3", "goldgen": "GoldGen", "gold": "Human"}
By = Mapping[str, Arm]  # the arms of one method, by task


def method(arm: Arm) -> str:
    """An arm's name as the literature has it, with its options."""
    return in_print(arm.name)


def in_print(name: str) -> str:
    """The name of a strategy or an arm as the literature has it."""
    strategy, comma, options = name.partition(",")
    return METHODS.get(strategy, strategy) + comma + options


def over_tasks(comparisons: Sequence[Comparison]) -> Table | None:
    """Mean test scores with intervals: a row a method, a column a task, then their average; None for a single task.

    An average is over all tasks, and empty where a method lacks one or the tasks' metrics differ. Best averages are
    first, human-written rows last.
    """
    if len(comparisons) < 2:
        return None
    by_method: dict[str, dict[str, Arm]] = {}
    for one in comparisons:
        for arm in one.arms:
            by_method.setdefault(method(arm), {})[one.task] = arm
    tasks, metrics = [one.task for one in comparisons], {one.word for one in comparisons}
    alike = len(metrics) == 1
    rows = [
        (name, seeds_of(own.values()), *_by_task(own, tasks), *average(own, tasks, alike))
        for name, own in by_method.items()
    ]
    humans = [name for name, own in by_method.items() if all(arm.human for arm in own.values())]
    rows.sort(key=lambda row: (row[0] in humans, -(row[-2] or 0.0)))
    columns = (
        Column("method", "method"),
        Column("seeds", "seeds"),
        *(
            column
            for one in comparisons
            for column in (
                Column(one.task, one.task if alike else f"{one.task}, {one.word}", "score"),
                Column(one.task, "95% interval", "interval"),
            )
        ),
        Column("average", "average", "score"),
        Column("average", "95% interval", "interval"),
    )
    note = (
        "Means over seeds on test rows. Intervals by Student's t over three seeds or more; of a single seed over test "
        "rows. That of an average is over the seeds' averages. No average where a method lacks a task, or where the "
        "metrics differ."
    )
    title = f"Test {metrics.pop() if alike else 'scores'} over tasks, %"
    return Table("over-tasks", title, columns, (*rows, *_floor(comparisons, alike)), note)


def average(own: By, tasks: Sequence[str], alike: bool) -> tuple[float | None, tuple[float, float] | None]:
    """The average of a method's scores over the tasks, with its interval where all of them have the same seeds.

    `alike`: all tasks have one metric, without which there is no average.
    """
    if not alike or len(own) < len(tasks):
        return None, None
    scores = [arm.scores for arm in own.values()]
    mean = fmean(arm.mean for arm in own.values())
    if any(one.keys() != scores[0].keys() for one in scores):
        return mean, None
    return mean, estimate_score([fmean(one[seed] for one in scores) for seed in scores[0]]).interval


def seeds_of(arms: Iterable[Arm]) -> str:
    """How many seeds arms have: `3`, or `2 to 3` where they differ."""
    counts = sorted({len(arm.runs) for arm in arms})
    return " to ".join(str(count) for count in dict.fromkeys([counts[0], counts[-1]]))


def _by_task(own: By, tasks: Sequence[str]) -> list[Cell]:
    """Score and interval in every task; empty where there is no run."""
    arms = [own.get(task) for task in tasks]
    return [cell for arm in arms for cell in ((arm.mean, interval_of(arm)) if arm else (None, None))]


def _floor(comparisons: Sequence[Comparison], alike: bool) -> list[tuple[Cell, ...]]:
    """The row of always saying the largest class; none where no task has it on record."""
    floors = [majority_of(one) for one in comparisons]
    known = [one for one in floors if one is not None]
    if not known:
        return []
    mean = fmean(known) if alike and len(known) == len(floors) else None
    return [(LARGEST, None, *(cell for floor in floors for cell in (floor, None)), mean, None)]
