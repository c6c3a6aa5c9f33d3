"""Runs as lines: which of them belong together, and their numbers by round with a spread over seeds.

Reads what result.json holds. Runs that differ only by their seed become one line, their mean, with
the lowest and the highest; it does not know how a line is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from s3exp.record.reading import Result, metric_of


@dataclass(frozen=True)
class Spread:
    """Mean, lowest and highest of one number over runs."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """Runs that are drawn as one; every list has one entry a round."""

    name: str
    strategy: str
    runs: int
    rows: list[float]
    select: list[Spread]
    mining: list[Spread]
    errors: list[Spread]
    test: Spread | None


def metric_word(results: Sequence[Result]) -> str:
    """How the scores of some runs are called together: an abbreviation in capitals, `score` where they differ."""
    names = {metric_of(result) for result in results}
    name = names.pop() if len(names) == 1 else "score"
    return name.upper() if len(name) < 4 else name


def by_name(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Runs that belong together, by a name for them: one task, strategy and variant (cells.py), and no seed twice.

    A seed that comes twice under one strategy means that something else differs as well: such runs stay alone,
    since their mean would mean nothing. In order of first appearance.
    """
    many = len({result["task"] for result in results}) > 1
    groups: dict[str, list[Result]] = {}
    for result in results:
        parts = [str(result["strategy"]), result.get("variant", ""), str(result["task"]) if many else ""]
        name = ", ".join(part for part in parts if part)
        groups.setdefault(name, []).append(result)
    named: dict[str, list[Result]] = {}
    for name, runs in groups.items():
        if max(Counter(run["seed"] for run in runs).values()) == 1:
            named[name] = runs
        else:
            named |= {f"{name} ({i})": [run] for i, run in enumerate(runs, 1)}
    return named


def group_runs(results: Sequence[Result]) -> list[Line]:
    """One line for the runs that belong together."""
    return [_line(name, runs) for name, runs in by_name(results).items()]


def _line(name: str, runs: Sequence[Result]) -> Line:
    by_round = list(zip(*(run["rounds"] for run in runs), strict=False))  # the rounds that all have

    def spreads(key: str) -> list[Spread]:
        found = [[r.get("metrics", {}).get(key, r.get(key)) for r in rounds] for rounds in by_round]
        return [_spread([float(v) for v in values]) for values in found if None not in values]

    test, metric = None, metric_of(runs[0])
    scores = [float(run["test"][metric]) for run in runs if metric in run.get("test", {})]
    if len(scores) == 1:
        low = float(runs[0]["test"].get(f"{metric}_low", scores[0]))
        test = Spread(scores[0], low, float(runs[0]["test"].get(f"{metric}_high", scores[0])))
    elif scores:
        test = _spread(scores)
    return Line(
        name,
        str(runs[0]["strategy"]),
        len(runs),
        rows=[spread.mean for spread in spreads("train_rows")],
        select=spreads(f"select/{metric}"),
        mining=spreads(f"mining/{metric}"),
        errors=spreads("errors"),
        test=test,
    )


def _spread(values: list[float]) -> Spread:
    return Spread(fmean(values), min(values), max(values))
