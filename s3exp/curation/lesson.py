"""The lesson of a round: rows and their weights. Every weight is on record."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from s3exp.curation.noise import Noise, label_noise, training_weights
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.task import TaskConfig
from s3exp.types import Change, Example, Lesson

log = logging.getLogger(__name__)

WEIGHT = "weight"  # the field of a change that says how much a row counts


@dataclass(frozen=True, slots=True)
class Judged:
    """Some rows, and the estimate of their wrong labels."""

    rows: Sequence[Example]
    noise: Noise


@dataclass(frozen=True)
class Lessons:
    """Makes the lesson of every round. `noise` treats rows whose labels look wrong: none, drop or weight."""

    noise: str
    task: TaskConfig
    vectors: Cached
    seed: int

    def of(self, rows: Sequence[Example]) -> tuple[Lesson, tuple[Change, ...], Judged | None]:
        """The lesson of some rows, every weight in it that is not 1, and the estimate behind the weights."""
        if self.noise == "none" or not rows:
            return Lesson(rows), (), None
        judged = judge_labels(rows, self.task, self.vectors, self.seed)
        if judged.noise.share is None:
            log.info("curation.noise=%s changes nothing in this round: %s", self.noise, judged.noise.why)
            return Lesson(rows), (), judged
        weights = training_weights(judged.noise, self.noise).tolist()
        why = [f"label quality {quality:.4f}" for quality in judged.noise.quality]
        for suspect in judged.noise.suspects:
            why[suspect.row] += f", rather {self.task.labels[suspect.suggested]}"
        changes = tuple(
            Change(row.id, "noise", WEIGHT, 1.0, weight, reason)
            for row, weight, reason in zip(rows, weights, why, strict=True)
            if weight != 1
        )
        return lesson_from(rows, changes), changes, judged


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
