"""The small model of a finished run, for predictions on any rows: `s3exp.load(RUN).predict(rows)`.

Needs the run's folder alone: no gold file, no LLM and no pretrained checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from s3exp.record.files import read_object
from s3exp.record.rounds import read_rounds
from s3exp.record.versions import check_schema
from s3exp.record.weights import checked_weights
from s3exp.settings.compose import of_record
from s3exp.settings.run import Config
from s3exp.settings.small_model import EncoderConfig, PythonSmallModelConfig
from s3exp.small_model import member_folders, weights_file, with_members
from s3exp.tasks import gold
from s3exp.tasks.columns import with_columns
from s3exp.tasks.data import to_examples
from s3exp.types import Example, Fitted, Prediction, UserError


@dataclass(frozen=True, slots=True)
class Predicted:
    """The prediction for one row.

    `label` is the name of the class, the number, or the text of the answer, which stands at character `start` of the
    row's given text. `score` is its probability, `scores` that of every class by name. `doubt` is how far the members
    of an ensemble disagree, in nats. Where passages are ranked, `label` is the one ranked first among those of all rows
    given, and `rank` the place of the row's own, from 1.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    start: int | None = None
    doubt: float | None = None
    rank: int | None = None


def load(run: str | Path) -> Trained:
    """The finished run in a folder.

    Raises:
        UserError: there is no run, it is not finished, or its small model is missing.
    """
    folder = Path(run).expanduser()
    if not (folder / "run.json").is_file():
        raise UserError(f"{folder}: no run is on record there (no run.json)")
    check_schema(folder, read_object(folder / "run.json"))
    if not (folder / "result.json").is_file():
        raise UserError(f"{folder}: the run is not finished: start its command again")
    config = of_record(folder)
    if isinstance(config.small_model, PythonSmallModelConfig):
        raise UserError(f"{folder}: its small model is an object of a program, which no record can hold")
    file = weights_file(config.small_model)  # others have files of their own
    for place in member_folders(config.small_model, folder / "small_model") if file else ():
        if not (place / str(file)).is_file():
            raise UserError(f"{place}: no {file} there: restore the record, or make the run again")
    return Trained(folder, config)


@dataclass(frozen=True)
class Trained:
    """A finished run with its small model."""

    folder: Path
    config: Config

    @property
    def fields(self) -> Sequence[str]:
        """The columns that the small model reads."""
        return self.config.task.fields

    @property
    def labels(self) -> Sequence[str]:
        """Names of the classes by index; empty where answers are predicted."""
        return self.config.task.labels

    @cached_property
    def rows(self) -> Sequence[Example]:
        """The synthesized rows, in order."""
        return [row for record in read_rounds(self.folder) for row in record.batch.examples]

    def predict(self, rows: Iterable[Any]) -> list[Predicted]:
        """Predict every row, in order.

        Args:
            rows: dicts with the task's fields, a pandas frame with such columns, or texts where there is one field.

        Raises:
            UserError: a row lacks a field, or holds no text there.
        """
        return [self.named(guess) for guess in self.guesses(self.examples(rows))]

    def guesses(self, rows: Sequence[Example]) -> list[Prediction]:
        """The small model's predictions of rows; warns of cells of a table that it does not know."""
        if self.config.task.of_cells:
            from s3exp.small_model.tables import columns_of, say_unread

            say_unread(columns_of(self.fitted), rows)
        return self.fitted.predict(rows)

    def examples(self, rows: Iterable[Any], source: str = "rows") -> list[Example]:
        """Rows as the small model reads them, tidied as gold rows are; without targets."""
        table = self._dicts(rows)
        if not table:
            return []
        known = gold.columns_of(self.config.task)
        lacking = replace(
            known, target=self.fields[0], read=lambda row, tidy, where: None, group=None, more=(), also=None
        )
        named, _ = with_columns(table, list(self.fields), source)
        return to_examples(named, source, "row", lacking)

    @cached_property
    def fitted(self) -> Fitted:
        """The small model, as the last round left it."""
        from s3exp.small_model import build_small_model

        task, small, folder = self.config.task, self.config.small_model, checked_weights(self.folder)
        if isinstance(small, EncoderConfig):  # what it was made from may be gone
            small = replace(small, checkpoint=str(member_folders(small, folder)[0]), revision=None)
        model = build_small_model(
            small,
            labels=task.labels,
            fields=task.fields,
            progress=False,
            passage=task.passage,
            table=task.of_cells,
            corpus=() if task.ranked else None,
            lines=task.answer.lines,
        )
        return with_members(small, model).load(folder)

    def _dicts(self, rows: Iterable[Any]) -> list[Mapping[str, Any]]:
        if isinstance(rows, (str, Mapping)):
            raise UserError("predict: a single row: put it into a list")
        if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # a frame, whose iterator gives its columns
            records: list[Mapping[str, Any]] = rows.to_dict("records")
            return records
        return [self._dict(row, index) for index, row in enumerate(rows)]

    def _dict(self, row: Any, index: int) -> Mapping[str, Any]:
        if isinstance(row, str) and len(self.fields) == 1:
            return {self.fields[0]: row}
        if isinstance(row, Mapping):
            return row
        raise UserError(
            f"predict: row {index} is a {type(row).__name__}: give dicts with {', '.join(self.fields)}"
        )

    def named(self, guess: Prediction) -> Predicted:
        """A prediction with the names of the classes."""
        if isinstance(guess.target, tuple):
            return Predicted(guess.answers[0].text, guess.score, {}, guess.answers[0].start, guess.doubt)
        if not self.labels:
            return Predicted(f"{guess.target}", guess.score, {}, doubt=guess.doubt, rank=guess.rank)
        scores = dict(zip(self.labels, guess.scores, strict=True))
        return Predicted(self.labels[guess.label], guess.score, scores, doubt=guess.doubt)
