"""From the rows of a run to what a training sees: how much each of them counts, with every weight on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from s3exp.curation.noise import Noise, label_noise, training_weights
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.task import TaskConfig
from s3exp.types import Change, Example, Lesson

WEIGHT = "weight"  # the field of a change that says how much a row counts


@dataclass(frozen=True, slots=True)
class Judged:
    """The estimate of wrong labels, and the rows that it is of."""

    rows: Sequence[Example]
    noise: Noise


@dataclass(frozen=True)
class Lessons:
    """Makes the lesson of every round. `noise` says what is done about labels that look wrong: none, drop or
    weight."""

    noise: str
    task: TaskConfig
    vectors: Cached
    seed: int

    def of(self, rows: Sequence[Example]) -> tuple[Lesson, tuple[Change, ...], Judged | None]:
        """The lesson of a round that has `rows`, every weight in it that is not 1, and the estimate behind them."""
        if self.noise == "none" or not rows:
            return Lesson(rows), (), None
        judged = judge_labels(rows, self.task, self.vectors, self.seed)
        if judged.noise.share is None:  # nothing could be judged
            return Lesson(rows), (), judged
        weights = training_weights(judged.noise, self.noise).tolist()
        suggested = {one.row: one.suggested for one in judged.noise.suspects}
        changes = tuple(
            Change(row.id, "noise", WEIGHT, 1.0, weight, self._why(place, judged.noise, suggested))
            for place, (row, weight) in enumerate(zip(rows, weights, strict=True))
            if weight != 1
        )
        return lesson_from(rows, changes), changes, judged

    def _why(self, place: int, noise: Noise, suggested: dict[int, int]) -> str:
        rather = f", rather {self.task.labels[suggested[place]]}" if place in suggested else ""
        return f"label quality {noise.quality[place]:.4f}{rather}"


def judge_labels(rows: Sequence[Example], task: TaskConfig, vectors: Cached, seed: int) -> Judged:
    """Estimate which labels of some rows are wrong."""
    embedded = vectors.pairs([row.fields for row in rows])
    labels = [row.label for row in rows]
    return Judged(rows, label_noise(embedded, labels, len(task.labels), derive(seed, "noise")))


def lesson_from(rows: Sequence[Example], changes: Iterable[Change]) -> Lesson:
    """The lesson that `rows` and the changes of their weights make, in a run and when its record is read back."""
    weights = {change.row: change.after for change in changes if change.field == WEIGHT}
    if not weights:
        return Lesson(rows)
    return Lesson(rows, [_number(weights.get(row.id, 1.0)) for row in rows])


def _number(weight: object) -> float:
    assert isinstance(weight, int | float)
    return float(weight)
