"""Scores beside the simplest answer of all: to say the largest class always."""

from __future__ import annotations

from s3exp.record.measured import MAJORITY, MOST_SAID
from s3exp.record.measures import one_class
from s3exp.report.arms import Arm, interval_of, runs_in_words
from s3exp.report.comparison import Comparison
from s3exp.terminal.texts import percent, plural

LARGEST = "largest class"  # of a table's row or column


def majority_of(comparison: Comparison) -> float | None:
    """The score of always saying the largest class of the test rows; None: not on record, or no such score."""
    shares = {run.scores[MAJORITY] for arm in comparison.arms for run in arm.runs if MAJORITY in run.scores}
    return shares.pop() if len(shares) == 1 and comparison.metric == "accuracy" else None


def doubt(comparison: Comparison, best: Arm) -> str:
    """What stands before the verdict, where the best arm does not clearly beat the largest class; else empty."""
    floor = majority_of(comparison)
    if floor is None or _lowest(best) > floor:
        return ""
    one = len(comparison.synthesized) == 1
    beats = f"{best.name} does not clearly beat" if one else "no strategy clearly beats"
    return f"Always saying the largest class scores {percent(floor)}%, and {beats} that. "


def aside(comparison: Comparison, best: Arm) -> list[str]:
    """The score of the largest class, where the best arm beats it."""
    floor = majority_of(comparison)
    if floor is None or doubt(comparison, best):
        return []
    return [f"Always saying the largest class scores {percent(floor)}%."]


def collapsed(comparison: Comparison) -> list[str]:
    """Runs whose small model says nearly one class."""
    runs = [
        run
        for arm in comparison.arms
        for run in arm.runs
        if MOST_SAID in run.scores and one_class(run.scores[MOST_SAID], run.scores.get(MAJORITY, 0.0))
    ]
    if not runs:
        return []
    names = runs_in_words(comparison.arms, runs)
    return [
        f"The small model of {plural(len(runs), 'run')} says one class for nearly every test row: {names}."
    ]


def _lowest(arm: Arm) -> float:
    """The lower end of an arm's interval, or its mean where it has none."""
    ends = interval_of(arm)
    return arm.mean if ends is None else ends[0]
