"""A network that reads texts as the small model of a table: a row is its text, "age is 39, workclass is Private"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from s3exp.small_model import Watchable
from s3exp.tasks.lines import line_of
from s3exp.types import Example, Fitted, Lesson, Prediction, SmallModel, Watch

FIELD = "row"


@dataclass(frozen=True)
class FittedOnLines:
    """A trained network (protocol `Fitted`)."""

    base: Fitted
    fields: Sequence[str]

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict every row by its text."""
        return self.base.predict(as_lines(examples, self.fields))

    def save(self, folder: Path) -> None:
        """Write the network's files."""
        self.base.save(folder)


class AsLines:
    """Trains a network on the texts of rows (protocols `SmallModel` and `Watchable`)."""

    def __init__(self, base: SmallModel, fields: Sequence[str]) -> None:
        self.base, self.fields = base, fields
        self.watch: Watch | None = None

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Try the network on the texts of some rows.

        Raises:
            UserError: it cannot be loaded, or does not read them.
        """
        self.base.check(as_lines(rows, self.fields))

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Fitted, dict[str, float]]:
        """Train it on the texts of the lesson's rows."""
        if isinstance(self.base, Watchable):
            self.base.watch = self.watch
        rows, forget = as_lines(lesson.rows, self.fields), as_lines(lesson.forget, self.fields)
        own = replace(lesson, rows=rows, forget=forget)
        fitted, fit = self.base.fit(own, as_lines(select, self.fields), seed)
        return FittedOnLines(fitted, self.fields), fit

    def load(self, folder: Path) -> Fitted:
        """Load a network that `FittedOnLines.save` wrote."""
        return FittedOnLines(self.base.load(folder), self.fields)


def as_lines(rows: Sequence[Example], fields: Sequence[str]) -> list[Example]:
    """The rows with their text as the only field."""
    return [
        replace(row, fields={FIELD: line_of([(name, row.fields[name]) for name in fields])}) for row in rows
    ]
