"""The lesson of a round: rows and their weights. Every weight is on record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from s3exp.curation.flaws import FORGET, STEP, WEIGHT, flaws_of, heeded
from s3exp.curation.noise import Noise, label_noise, training_weights
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import Change, Example, Lesson

log = logging.getLogger(__name__)


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
    # the rows that carry a shortcut, with it, by id; None: flaws are not heeded
    carriers: Callable[[Sequence[Example]], Mapping[str, str]] | None = None

    def of(self, rows: Sequence[Example]) -> Taught:
        """The lesson of some rows."""
        made = [row for row in rows if row.round is not None] if self.with_gold else rows
        heeds = self.config.noise != "none" or self.carriers is not None
        judged = judge_labels(made, self.task, self.vectors, self.seed) if heeds and made else None
        changes = () if judged is None else self._by_noise(judged)
        numbers: dict[str, float] = {}
        if judged is not None and self.carriers is not None:
            carried, suspects = self.carriers(made), judged.noise.suspects
            why = flaws_of(made, carried, judged.noise, self.task.labels)
            changes += heeded(self.config.flaws, rows, why, weights_of(changes))
            numbers = {"flaws/rows": len(why), "flaws/shortcut": len(carried), "flaws/label": len(suspects)}
        lesson = lesson_from(rows, changes)
        if self.with_gold or self.carriers is not None:
            numbers |= numbers_of(lesson)
        return Taught(lesson, changes, judged, numbers)

    def _by_noise(self, judged: Judged) -> tuple[Change, ...]:
        """The weights by `curation.noise` that are not 1."""
        rows = judged.rows
        if self.config.noise == "none":
            return ()
        if judged.noise.share is None:
            log.info(
                "curation.noise=%s changes nothing in this round: %s", self.config.noise, judged.noise.why
            )
            return ()
        weights = training_weights(judged.noise, self.config.noise).tolist()
        why = [f"label quality {quality:.4f}" for quality in judged.noise.quality]
        for suspect in judged.noise.suspects:
            why[suspect.row] += f", rather {self.task.labels[suspect.suggested]}"
        return tuple(
            Change(row.id, "noise", WEIGHT, 1.0, weight, reason)
            for row, weight, reason in zip(rows, weights, why, strict=True)
            if weight != 1
        )


def numbers_of(lesson: Lesson) -> dict[str, float]:
    """How many rows count in a lesson, and how many of them are human-written."""
    weights = lesson.weights or [1.0] * len(lesson.rows)
    counting = [row for row, weight in zip(lesson.rows, weights, strict=True) if weight]
    numbers: dict[str, float] = {"lesson/rows": len(counting)}
    numbers |= {"lesson/gold_rows": sum(row.round is None for row in counting)}
    return numbers | ({"lesson/forget": len(lesson.forget)} if lesson.forget else {})


def judge_labels(rows: Sequence[Example], task: TaskConfig, vectors: Cached, seed: int) -> Judged:
    """Estimate which labels of some rows are wrong."""
    embedded = vectors.pairs([row.fields for row in rows])
    labels = [row.label for row in rows]
    return Judged(rows, label_noise(embedded, labels, len(task.labels), derive(seed, "noise")))


def lesson_from(rows: Sequence[Example], changes: Iterable[Change]) -> Lesson:
    """The lesson of `rows` and the changes that make it, in a run and when its record is read back."""
    changes = list(changes)
    weights = weights_of(changes)
    forget = {change.row for change in changes if (change.step, change.field) == (STEP, FORGET)}
    given = [weights.get(row.id, 1.0) for row in rows] if weights else None
    return Lesson(rows, given, [row for row in rows if row.id in forget] if forget else ())


def weights_of(changes: Iterable[Change]) -> dict[str, float]:
    """The weights that changes give to rows, by id; the last one stands."""
    weights: dict[str, float] = {}
    for change in changes:
        if change.field == WEIGHT:
            assert isinstance(change.after, int | float)
            weights[change.row] = float(change.after)
    return weights


def makes_lesson(change: Change) -> bool:
    """Whether a change is one of a round's lesson, and not of a row."""
    return change.field == WEIGHT or (change.step, change.field) == (STEP, FORGET)
