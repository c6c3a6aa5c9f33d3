"""The runs of a task as two tidy pandas frames: a row a run, a row a round. Tables, terminal and notebooks read these.

Columns that say which run it is come first (`task`, `arm`, `strategy`, `seed`, ...), then every number by its name in
record/measured.py. A run's numbers are those of its rounds as they add up. NaN: not on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean
from typing import Any

import pandas

from s3exp.record.measured import MEASURES
from s3exp.record.measures import in_all, measure, value_of
from s3exp.record.reading import Run
from s3exp.report.arms import Arm
from s3exp.report.export import Cell, Column
from s3exp.terminal.texts import clean

Means = dict[tuple[Any, ...], list[Cell]]  # of several numbers, by group
_SUMS = tuple(one.name for one in MEASURES if one.of)  # of numbers on record
_KINDS = {"rows": "count", "calls": "count", "tokens": "count", "share": "score"}  # of columns, by unit


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """`runs` and `rounds` of arms, in their order, then by seed and round."""

    runs: pandas.DataFrame
    rounds: pandas.DataFrame


def frames_of(task: str, arms: Sequence[Arm]) -> Frames:
    """The frames of one task's arms."""
    runs: list[dict[str, Any]] = []
    rounds: list[dict[str, Any]] = []
    numbers: dict[str, type] = {}
    for arm in arms:
        for run in arm.runs:
            about = {"task": task, "arm": arm.name, "strategy": arm.strategy, "seed": run.seed}
            names = dict.fromkeys([*(name for numbers in run.rounds for name in numbers), *_SUMS])
            names.pop("round", None)
            numbers |= dict.fromkeys(names, float)
            runs.append(about | _of_run(run) | {name: in_all(name, run.rounds) for name in names})
            rounds += [
                {**about, "round": place, **{name: value_of(name, numbers) for name in names}}
                for place, numbers in enumerate(run.rounds)
            ]
    ends = dict.fromkeys(("test_low", "test_high"), float)  # a column of None alone would be one of objects
    # copied: a frame of one block a column is slow, and pandas warns of it
    runs_frame = pandas.DataFrame(runs).astype(numbers | ends).copy()
    return Frames(runs_frame, pandas.DataFrame(rounds).astype(numbers).copy())


def _of_run(run: Run) -> dict[str, Any]:
    low, high = run.interval or (None, None)
    return {
        "metric": run.metric,
        "test": run.score,
        "test_low": low,
        "test_high": high,
        **{f"test/{name}": value for name, value in run.scores.items()},
        **{f"test_groups/{name}": value for name, value in run.groups.items()},
        "clean": run.clean,
        "llm": clean(run.llm) if run.llm else None,
        "small_model": clean(run.small_model) if run.small_model else None,
        "config": run.config_hash,
        "record": clean(str(run.folder)),
    }


def means(frame: pandas.DataFrame, by: Sequence[str], names: Sequence[str]) -> Means:
    """Means of some columns over the rows of every group, in order; None where a row lacks the number."""
    values_of: Means = {}
    for key, group in frame.reindex(columns=[*by, *names]).groupby(list(by), sort=False):
        columns = [group[name].astype(float).tolist() for name in names]
        values_of[key] = [None if any(map(isnan, values)) else fmean(values) for values in columns]
    return values_of


def mean_by_arm(frames: Frames, *names: str) -> dict[str, list[Cell]]:
    """Means over an arm's runs; None where one lacks the number."""
    return {arm: values for (arm,), values in means(frames.runs, ["arm"], names).items()}


def shared_rounds(frames: Frames) -> pandas.DataFrame:
    """The rounds that all runs of their arm have."""
    rounds = frames.rounds
    last = rounds.groupby(["arm", "seed"])["round"].max().groupby("arm").min()
    return rounds[rounds["round"] <= rounds["arm"].map(last)]


def known(frame: pandas.DataFrame, names: Sequence[str]) -> list[str]:
    """Those of some numbers that a row of a frame has on record."""
    return [name for name in names if name in frame and frame[name].notna().any()]


def column(name: str) -> Column:
    """The column of a table that shows a number."""
    one = measure(name)
    kind = _KINDS.get(one.unit, "number")
    in_files = one.total if one.total and "/" in name else name.replace("/", "_")
    return Column(in_files, f"{one.title}, %" if kind == "score" else one.title, kind)
