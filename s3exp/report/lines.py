"""Runs as lines: which of them belong together, and their numbers by round with a spread over seeds.

Reads what result.json holds. Runs that differ only by their seed become one line, their mean, with
the lowest and the highest; it does not know how a line is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any


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
    mine: list[Spread]
    errors: list[Spread]
    test: Spread | None


def group_runs(results: Sequence[dict[str, Any]]) -> list[Line]:
    """Lines in order of first appearance: runs of one task and strategy that differ by seed only.

    A seed that comes twice under one strategy means that something else differs as well: such runs
    are drawn one by one, since their mean would mean nothing.
    """
    many = len({result["task"] for result in results}) > 1
    groups: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        name = f"{result['strategy']}, {result['task']}" if many else str(result["strategy"])
        groups.setdefault(name, []).append(result)
    named: list[tuple[str, list[dict[str, Any]]]] = []
    for name, runs in groups.items():
        if max(Counter(run["seed"] for run in runs).values()) == 1:
            named.append((name, runs))
        else:
            named += [(f"{name} ({i})", [run]) for i, run in enumerate(runs, 1)]
    return [_line(name, runs) for name, runs in named]


def _line(name: str, runs: list[dict[str, Any]]) -> Line:
    by_round = list(zip(*(run["rounds"] for run in runs), strict=False))  # the rounds that all have

    def spreads(key: str) -> list[Spread]:
        found = [[r.get("metrics", {}).get(key, r.get(key)) for r in rounds] for rounds in by_round]
        return [_spread([float(v) for v in values]) for values in found if None not in values]

    test = None
    scores = [float(run["test"]["accuracy"]) for run in runs if "accuracy" in run.get("test", {})]
    if len(scores) == 1:
        low = float(runs[0]["test"].get("accuracy_low", scores[0]))
        test = Spread(scores[0], low, float(runs[0]["test"].get("accuracy_high", scores[0])))
    elif scores:
        test = _spread(scores)
    return Line(
        name,
        str(runs[0]["strategy"]),
        len(runs),
        rows=[spread.mean for spread in spreads("train_rows")],
        select=spreads("select/accuracy"),
        mine=spreads("mine/accuracy"),
        errors=spreads("errors"),
        test=test,
    )


def _spread(values: list[float]) -> Spread:
    return Spread(fmean(values), min(values), max(values))
