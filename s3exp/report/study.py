"""A study: the finished runs of some folders, compared task by task. Terminal, page and notebooks are views of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas

from s3exp.record.costs import with_money
from s3exp.record.reading import Found, LeftOut, Run, find_runs
from s3exp.report.arms import arms_of, without_repeats
from s3exp.report.comparison import Comparison, compare, is_base
from s3exp.report.verdict import Verdict, verdict
from s3exp.settings.loop import PricesConfig
from s3exp.terminal.texts import plural
from s3exp.types import UserError

ZEROGEN = "zerogen"  # what gains are over by itself


@dataclass(frozen=True, slots=True)
class Study:
    """The comparisons of some folders' runs, a verdict for each, and what was left out."""

    comparisons: tuple[Comparison, ...]
    verdicts: tuple[Verdict, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def runs(self) -> pandas.DataFrame:
        """A row a run of every task; see frames.py."""
        return pandas.concat([one.frames.runs for one in self.comparisons], ignore_index=True)

    @property
    def rounds(self) -> pandas.DataFrame:
        """A row a round of every run; see frames.py."""
        return pandas.concat([one.frames.rounds for one in self.comparisons], ignore_index=True)

    def comparison(self, task: str | None = None) -> Comparison:
        """The comparison of one task, by itself the first.

        Raises:
            UserError: there is no run of that task.
        """
        by_task = {one.task: one for one in self.comparisons}
        if task is not None and task not in by_task:
            raise UserError(
                f"no finished run of the task {task} is on record; there are {', '.join(by_task)}"
            )
        return self.comparisons[0] if task is None else by_task[task]

    def run(self, name: str | None = None) -> Run:
        """One run by the name of its directory, by itself the first of those with most rounds.

        Raises:
            UserError: no run has that name.
        """
        runs = [run for one in self.comparisons for arm in one.arms for run in arm.runs]
        if name is None:
            return max(runs, key=lambda run: len(run.rounds))
        for run in runs:
            if run.folder.name == name:
                return run
        first = runs[0].folder.name
        raise UserError(f"no finished run is called {name}; the first of those there are: {first}")


def collect(folders: Sequence[Path], base: str | None = None, prices: PricesConfig | None = None) -> Study:
    """Read and compare every finished run in or below `folders`, task by task.

    `base` is as in `study_of`; `prices` replace those of the runs' own configs.

    Raises:
        UserError: a folder does not exist, there is no finished run, or none of `base`.
    """
    found = find_runs(folders)
    if prices is not None:
        rounds = [tuple(with_money(numbers, prices) for numbers in run.rounds) for run in found.runs]
        priced = (replace(run, rounds=own) for run, own in zip(found.runs, rounds, strict=True))
        found = replace(found, runs=tuple(priced))
    return study_of(found, ", ".join(map(str, folders)), base)


def study_of(runs: Found, where: str, base: str | None = None) -> Study:
    """Compare runs, task by task. `where` names their place in an error.

    Gains are over `base`, a strategy or the name of an arm; by itself over ZeroGen. A task that has no such run has the
    lowest arm in its place.

    Raises:
        UserError: there is no finished run, or none of `base`.
    """
    kept, repeats = without_repeats(runs.runs)
    left_out = (*runs.left_out, *repeats)
    if not kept:
        why = [f" ({plural(len(left_out), 'run')}: {one.folder.name} {one.why})" for one in left_out[:1]]
        raise UserError(f"{where}: no finished run is on record there{''.join(why)}")
    tasks = sorted({(run.task, run.metric) for run in kept})
    comparisons = []
    for task, metric in tasks:
        own = [run for run in kept if (run.task, run.metric) == (task, metric)]
        name = task if sum(one == task for one, _ in tasks) == 1 else f"{task}, {metric}"
        comparisons.append(compare(name, arms_of(own), base or ZEROGEN))
    arms = [arm for one in comparisons for arm in one.arms]
    if base is not None and not any(is_base(arm, base) for arm in arms):
        names = dict.fromkeys(name for arm in arms for name in (arm.strategy, arm.name))
        raise UserError(
            f"{where}: there is no run of {base!r} to have gains over; there are {'; '.join(names)}"
        )
    return Study(tuple(comparisons), tuple(map(verdict, comparisons)), left_out)
