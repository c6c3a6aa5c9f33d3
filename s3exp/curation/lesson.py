"""The lesson of a round: rows and their weights. Every weight is on record."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from s3exp.curation.noise import Noise, label_noise, training_weights
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import Change, Example, Lesson

log = logging.getLogger(__name__)

WEIGHT = "weight"  # the field of a change that says how much a row counts


@dataclass(frozen=True, slots=True)
class Judged:
    """Some rows, and the estimate of their wrong labels."""

    rows: Sequence[Example]
    noise: Noise


class Taught(NamedTuple):
    """A lesson, every change that made it, the estimate of wrong labels behind them, and the round's numbers of it."""

    lesson: Lesson
    changes: tuple[Change, ...]
    judged: Judged | None
    numbers: dict[str, float]


@dataclass(frozen=True)
class Lessons:
    """Makes the lesson of every round. Gold rows beside synthesized ones (`with_gold`) are not judged, and count 1."""

    config: CurationConfig
    task: TaskConfig
    vectors: Cached
    seed: int
    with_gold: bool = False

    def of(self, rows: Sequence[Example]) -> Taught:
        """The lesson of some rows."""
        made = [row for row in rows if row.round is not None] if self.with_gold else rows
        judged, changes = self._by_noise(made)
        lesson = lesson_from(rows, changes)
        numbers = numbers_of(lesson) if self.with_gold else {}
        return Taught(lesson, changes, judged, numbers)

    def _by_noise(self, rows: Sequence[Example]) -> tuple[Judged | None, tuple[Change, ...]]:
        """The estimate of wrong labels among some rows, and the weights by it that are not 1."""
        if self.config.noise == "none" or not rows:
            return None, ()
        judged = judge_labels(rows, self.task, self.vectors, self.seed)
        if judged.noise.share is None:
            log.info(
                "curation.noise=%s changes nothing in this round: %s", self.config.noise, judged.noise.why
            )
            return judged, ()
        weights = training_weights(judged.noise, self.config.noise).tolist()
        why = [f"label quality {quality:.4f}" for quality in judged.noise.quality]
        for suspect in judged.noise.suspects:
            why[suspect.row] += f", rather {self.task.labels[suspect.suggested]}"
        return judged, tuple(
            Change(row.id, "noise", WEIGHT, 1.0, weight, reason)
            for row, weight, reason in zip(rows, weights, why, strict=True)
            if weight != 1
        )


def numbers_of(lesson: Lesson) -> dict[str, float]:
    """How many rows count in a lesson, and how many of them are human-written."""
    weights = lesson.weights or [1.0] * len(lesson.rows)
    counting = [row for row, weight in zip(lesson.rows, weights, strict=True) if weight]
    return {"lesson/rows": len(counting), "lesson/gold_rows": sum(row.round is None for row in counting)}


def judge_labels(rows: Sequence[Example], task: TaskConfig, vectors: Cached, seed: int) -> Judged:
    """Estimate which labels of some rows are wrong."""
    embedded = vectors.pairs([row.fields for row in rows])
    labels = [row.label for row in rows]
    return Judged(rows, label_noise(embedded, labels, len(task.labels), derive(seed, "noise")))


def lesson_from(rows: Sequence[Example], changes: Iterable[Change]) -> Lesson:
    """The lesson of `rows` and the changes of their weights, in a run and when its record is read back."""
    weights: dict[str, float] = {}
    for change in changes:
        if change.field == WEIGHT:
            assert isinstance(change.after, int | float)
            weights[change.row] = float(change.after)
    return Lesson(rows, [weights.get(row.id, 1.0) for row in rows] if weights else None)
