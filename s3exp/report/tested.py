"""Which gold rows a run was tested on, and which of them it has right; whether two runs were tested on the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.record.reading import Run
from s3exp.tasks.ranks import reciprocal

# options that choose the test rows
_CHOICE = ("test", "test_rows", "file", "test_fraction", "split_seed", "together")


@dataclass(frozen=True, slots=True)
class Tested:
    """The test rows of a run, as far as they are on record.

    `digest` is the hash of their texts and labels, None in records of before; `gold` is that of all roles. `scores`
    has the score of each row, 1 where it is right; it is empty where that is not on record or is of another result.
    """

    digest: str | None
    gold: str | None
    choice: tuple[Any, ...]  # the options that chose them
    scores: Mapping[str, float]

    def differs(self, other: Tested) -> bool:
        """Whether two runs are known to be tested on different rows."""
        if self.digest and other.digest:
            return self.digest != other.digest
        if self.scores and other.scores and self.scores.keys() != other.scores.keys():
            return True
        known = self.gold is not None and other.gold is not None
        # the same ids of another file are other rows
        return known and self.gold != other.gold and self.choice != other.choice


@dataclass(frozen=True, slots=True)
class CommonRows:
    """Whether each run has each test row right, and its score there, whose mean is the run's: (rows, runs)."""

    runs: list[Run]
    right: NDArray[np.bool_]
    scores: NDArray[np.float64]


def tested_on(run: Run) -> Tested:
    """The test rows of a run."""
    digest, gold = run.result.get("test_digest"), run.identity.get("gold")
    choice = tuple(str(run.identity.get(f"task.gold.{name}")) for name in _CHOICE)
    return Tested(str(digest) if digest else None, str(gold) if gold else None, choice, _scores(run))


def common_rows(runs: Sequence[Run], tested: Mapping[Path, Tested]) -> CommonRows:
    """The largest group of runs with the same test rows on record."""
    groups: dict[int, tuple[Tested, list[Run]]] = {}
    for run in runs:
        rows = tested[run.folder]
        if not rows.scores:
            continue
        same = (
            group
            for group, (first, _) in groups.items()
            if first.scores.keys() == rows.scores.keys() and not first.differs(rows)
        )
        groups.setdefault(next(same, len(groups)), (rows, []))[1].append(run)
    if not groups:
        return CommonRows([], np.zeros((0, 0), dtype=bool), np.zeros((0, 0)))
    ((most, _),) = Counter({group: len(own) for group, (_, own) in groups.items()}).most_common(1)
    first, own = groups[most]
    scores = np.array([[tested[run.folder].scores[name] for run in own] for name in first.scores])
    return CommonRows(own, scores == 1, scores)


def _scores(run: Run) -> dict[str, float]:
    lines = run.lines("test.jsonl")
    table = {
        str(line["id"]): reciprocal(int(line["rank"])) if "rank" in line else float(bool(line["right"]))
        for line in lines
        if "id" in line and "right" in line
    }
    if not table or len(table) != len(lines) or abs(fmean(table.values()) - run.score) > 1e-6:
        return {}
    return table
