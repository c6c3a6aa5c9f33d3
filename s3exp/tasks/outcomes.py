"""What a table's rows predict: one of several classes, or a number. The scores, the errors, and the target in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any, ClassVar, Protocol

from s3exp.seeds import stream
from s3exp.settings.labels import folded
from s3exp.settings.task import TaskConfig
from s3exp.tasks.cells import Column, amount
from s3exp.tasks.classification import Classification, class_index
from s3exp.tasks.labels import NOTHING, Unusable, to_label
from s3exp.tasks.numbers import number
from s3exp.tasks.prompts import label_words
from s3exp.tasks.task import Score, by_group, share
from s3exp.tasks.units import advice
from s3exp.types import Example, Prediction, Target, UserError


class Outcome(Protocol):
    """The part of a task of tables that depends on what is predicted."""

    @property
    def metric(self) -> str:
        """Name of the primary metric: a share of right rows."""

    def drawn(self, seed: int, round_: int, row: int) -> Target:
        """The target of a row without an exemplar."""

    def written(self, target: Target) -> str:
        """A target as a cell in the text of a row."""

    def read(self, cell: str) -> Target:
        """The target of a cell that its column knows."""

    def says(self, target: Target) -> str:
        """A target in words for tables."""

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose prediction is an error."""

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """The primary metric with its interval, and others."""


@dataclass(frozen=True)
class Classes:
    """One of the task's labels: all is as in a task of texts."""

    task: Classification
    metric: ClassVar[str] = Classification.metric

    def drawn(self, seed: int, round_: int, row: int) -> int:
        """A label: labels take turns, in random order."""
        return self.task.drawn_target(seed, round_, row)

    def written(self, target: Target) -> str:
        """The word for a label."""
        return str(label_words(self.task.config)[class_index(target)])

    def read(self, cell: str) -> int:
        """The class index of a label's word."""
        return [str(word) for word in label_words(self.task.config)].index(cell)

    def says(self, target: Target) -> str:
        """The label's name."""
        return self.task.says(target)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose predicted class is not their label."""
        return self.task.wrong(examples, predictions)

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Accuracy and what stands beside it."""
        return self.task.score(examples, predictions)


@dataclass(frozen=True)
class Amounts:
    """A number. A row is right where the error is at most the tolerance."""

    config: TaskConfig
    column: Column
    mining: Sequence[Example]
    metric: ClassVar[str] = "within"

    @cached_property
    def tolerance(self) -> float | None:
        """The largest error that is none: `task.table.tolerance`, or what the mining rows say. None: there are none."""
        if self.config.table.tolerance is not None or not self.mining:
            return self.config.table.tolerance
        targets = [value_of(row.target) for row in self.mining]
        middle = median(targets)
        return median(abs(target - middle) for target in targets)

    def drawn(self, seed: int, round_: int, row: int) -> float:
        """The number of a mining row."""
        return value_of(stream(seed, "targets", round_, row).choice(self.mining).target)

    def written(self, target: Target) -> str:
        """The number in digits, with its unit."""
        return self.column.written(amount(value_of(target)))

    def read(self, cell: str) -> float:
        """The number of a cell."""
        return float(cell)

    def says(self, target: Target) -> str:
        """The number, in at most six digits."""
        return f"{value_of(target):.6g}"

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose predicted number is farther from theirs than the tolerance."""
        right = self._right(examples, predictions)
        return [row for row, ok in zip(examples, right, strict=True) if not ok]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """The share of right rows with its 95% Wilson interval and tolerance, R2, and the mean errors."""
        right = self._right(examples, predictions)
        gold = [value_of(row.target) for row in examples]
        errors = [value_of(guess.target) - target for guess, target in zip(predictions, gold, strict=True)]
        middle = fmean(gold)
        spread, squares = sum((target - middle) ** 2 for target in gold), sum(error**2 for error in errors)
        beside = {
            "mae": fmean(map(abs, errors)),
            "rmse": math.sqrt(squares / len(errors)),
            **({"r2": 1 - squares / spread} if spread else {}),
        }
        if self.tolerance is None:
            return Score(beside, {})
        rights = share(self.metric, right) | {"tolerance": self.tolerance}
        return Score(rights | beside, by_group(examples, right))

    def _right(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[bool]:
        pairs = zip(examples, predictions, strict=True)
        most = math.inf if self.tolerance is None else self.tolerance
        return [abs(value_of(guess.target) - value_of(row.target)) <= most for row, guess in pairs]


def value_of(target: Target) -> float:
    """The target as a number.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(target, (int, float)):
        raise TypeError(f"{target!r} is no number")
    return float(target)


def read_target(config: TaskConfig, row: Mapping[str, Any], where: str) -> Target:
    """The target of a gold row: a class index, or a number where the task has no labels.

    Raises:
        UserError: it is none.
    """
    value = row.get(config.label)
    if config.labels:
        return to_label(value, config.labels, where, config.label_values)
    if value is None or value != value or folded(str(value).strip()) in NOTHING - {"-1", "-100"}:
        raise Unusable(f"{where}: column {config.label} has no number", "unlabelled", value)
    found = None if isinstance(value, bool) else number(str(value))
    if found is None:
        other = advice([str(value)], f"task.table.columns.{config.label}")
        what = "name classes by task.labels, or another column by task.label" if other is None else other[1]
        raise UserError(f"{where}: column {config.label} has {str(value)[:60]!r}, which is no number: {what}")
    return float(found)
