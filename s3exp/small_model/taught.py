"""The rows of a lesson that count in a training, with their weights at a mean of 1."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from s3exp.types import Example, Lesson, Target, UserError


def weighted(
    rows: Sequence[Example], weights: Sequence[float] | None
) -> tuple[Sequence[Example], list[float] | None]:
    """The rows whose weight is not 0, and their weights at a mean of 1; None where all count the same.

    Raises:
        ValueError: there is not one weight a row, or one is negative or not finite.
    """
    if weights is None:
        return rows, None
    if len(weights) != len(rows) or not all(0 <= weight < math.inf for weight in weights):
        raise ValueError(f"{len(rows)} rows need as many weights, each of them 0 or more and finite")
    pairs = [(row, float(weight)) for row, weight in zip(rows, weights, strict=True) if weight > 0]
    positive = [weight for _, weight in pairs]
    mean = math.fsum(positive) / max(1, len(positive))
    alike = len(set(positive)) <= 1
    return [row for row, _ in pairs], None if alike else [weight / mean for weight in positive]


def kept_of(lesson: Lesson) -> tuple[Sequence[Example], list[float] | None]:
    """The rows of a lesson that are not to be forgotten, and their weights, by which each label keeps its share.

    Else the labels of what is forgotten would be forgotten, too.

    Raises:
        UserError: there is no such row.
    """
    names = {row.id for row in lesson.forget}
    rows, weights = weighted(lesson.rows, lesson.weights)
    pairs = list(zip(rows, weights or [1.0] * len(rows), strict=True))
    left = [(row, weight) for row, weight in pairs if row.id not in names]
    if not left:
        raise UserError("every row that is trained on is to be forgotten: keep some, or leave them out")
    taught, kept = Counter[Target](), Counter[Target]()
    for counts, some in ((taught, pairs), (kept, left)):
        for row, weight in some:
            counts[row.target] += weight  # type: ignore[assignment]
    return weighted(
        *zip(*((row, weight * taught[row.target] / kept[row.target]) for row, weight in left), strict=True)
    )
