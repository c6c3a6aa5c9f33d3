"""Small models of tables, by scikit-learn: boosted trees and linear models over typed columns.

The record holds no pickle, so it holds what a model was trained on: loading trains it again, on one thread and from the
same seed, and compares its predictions with those of before.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.settings.small_model import BoostingConfig, LogisticConfig, TableModelConfig
from s3exp.small_model.ensemble import FittedEnsemble
from s3exp.small_model.table_vectors import Encode, codes, plain, scaled
from s3exp.tasks.cells import Column, Table, unread
from s3exp.tasks.columns import warn_once
from s3exp.tasks.rows import index_of, is_missing
from s3exp.types import Example, Fitted, Lesson, Prediction, Target, UserError

log = logging.getLogger(__name__)

FILE = "table.json"
Floats = NDArray[np.float64]
_SHOWN = 60  # characters of a cell in a message
_DIGITS = 9  # of predictions that are compared


@dataclass(frozen=True)
class Lines:
    """Rows to learn: their cells, targets and weights (None: all weigh the same)."""

    cells: Sequence[Sequence[str]]
    targets: Sequence[float]
    weights: Sequence[float] | None = None


@dataclass(frozen=True)
class FittedTable:
    """A trained model of a table (protocol `Fitted`). `classes` are those that it learned; empty: it predicts a number.

    `model` is the estimator of scikit-learn; None: all rows that it learned have one class, and so have all others.
    """

    columns: tuple[Column, ...]
    encoded: Encode
    model: Any
    labels: int
    classes: tuple[int, ...]
    lines: Lines
    seed: int

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict every row: the probability of each class, or a number."""
        if not examples:
            return []
        cells = [[row.fields[column.name] for column in self.columns] for row in examples]
        if not self.labels:
            return [
                Prediction(row.id, value, (1.0,))
                for row, value in zip(examples, self._numbers(cells), strict=True)
            ]
        return [
            Prediction(row.id, int(np.argmax(scores)), tuple(map(float, scores)))
            for row, scores in zip(examples, self._chances(cells), strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the columns, the rows that it was trained on, and a hash of its predictions there."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "columns": [plain(column) for column in self.columns],
            "labels": self.labels,
            "seed": self.seed,
            "cells": self.lines.cells,
            "targets": self.lines.targets,
            "weights": self.lines.weights,
            "guesses": self.guesses(),
        }
        (folder / FILE).write_text(json.dumps(facts, allow_nan=False), encoding="utf-8")

    def guesses(self) -> str:
        """A hash of the predictions of the rows that it was trained on."""
        some = self._chances(self.lines.cells) if self.labels else np.array(self._numbers(self.lines.cells))
        rounded = [float(f"{value:.{_DIGITS}g}") for value in some.ravel()]
        return hashlib.sha256(json.dumps(rounded).encode()).hexdigest()[:12]

    def _numbers(self, cells: Sequence[Sequence[str]]) -> list[float]:
        if self.model is None:
            return [self.lines.targets[0]] * len(cells)
        with _one_thread():
            return [float(value) for value in self.model.predict(self.encoded(cells))]

    def _chances(self, cells: Sequence[Sequence[str]]) -> Floats:
        """The probability of every class, (rows, classes)."""
        chances = np.zeros((len(cells), self.labels))
        if self.model is None:
            chances[:, self.classes[0]] = 1
            return chances
        with _one_thread():
            chances[:, list(self.classes)] = self.model.predict_proba(self.encoded(cells))
        return chances


@dataclass(frozen=True)
class TableModel:
    """Trains a model of a table (protocol `SmallModel`). `table` is None where one is only loaded."""

    config: TableModelConfig
    labels: int
    table: Table | None

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Say which rows have cells that the columns do not know: they are read as unknown."""
        if self.table is None:
            return
        for column in self.table.columns if isinstance(self.config, BoostingConfig) else ():
            if len(column.values) > _MOST_CODES:
                warn_once(
                    f"column {column.name}: {len(column.values):,} values, and small_model=boosting splits up to "
                    f"{_MOST_CODES} into any two groups: it reads their places in the list of values, as numbers"
                )
        for name, some in unread(self.table.columns, rows).items():
            values = sorted({row.fields[name] for row in some})
            warn_once(
                f"column {name}: {len(some):,} of {len(rows):,} gold rows have a value that no mining row has "
                f"({', '.join(map(repr, values[:3]))}): it is read as unknown"
            )

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Fitted, dict[str, float]]:
        """Fit it on the rows whose weight is not 0. `select` only scores it: there are no epochs to choose from.

        Raises:
            UserError: no row is left.
        """
        assert self.table is not None
        weights = lesson.weights or [1.0] * len(lesson.rows)
        kept = [(row, weight) for row, weight in zip(lesson.rows, weights, strict=True) if weight > 0]
        alike = len({weight for _, weight in kept}) <= 1
        lines = Lines(
            [[row.fields[column.name] for column in self.table.columns] for row, _ in kept],
            [_value(row.target) for row, _ in kept],
            None if alike else [weight for _, weight in kept],
        )
        fitted = self._fit(self.table.columns, lines, seed % 2**32)
        if not select or not self.labels:
            return fitted, {}
        right = [
            guess.target == row.target for guess, row in zip(fitted.predict(select), select, strict=True)
        ]
        return fitted, {"select_accuracy": sum(right) / len(right)}

    def load(self, folder: Path) -> Fitted:
        """Train again on what `save` wrote.

        Raises:
            UserError: it cannot be read, or learns otherwise than before.
        """
        try:
            facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
            columns = tuple(_column(one) for one in facts["columns"])
            lines = Lines(facts["cells"], facts["targets"], facts["weights"])
            fitted, before = self._fit(columns, lines, facts["seed"]), facts["guesses"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{folder}: cannot be read as the rows of a table: {error}") from error
        if fitted.guesses() != before:
            raise UserError(
                f"{folder}: small_model={self.config.kind} learns otherwise from the same rows: install the version of "
                "scikit-learn that run.json names"
            )
        return fitted

    def _fit(self, columns: tuple[Column, ...], lines: Lines, seed: int) -> FittedTable:
        if not lines.cells:
            raise UserError("there is no row to train on: every row was rejected, or the data set is empty")
        targets = np.array(lines.targets, np.int64 if self.labels else np.float64)
        classes = tuple(int(one) for one in np.unique(targets)) if self.labels else ()
        encode = codes(columns) if isinstance(self.config, BoostingConfig) else scaled(columns, lines.cells)
        model = None
        if len(np.unique(targets)) > 1:
            model = _estimator(self.config, columns, seed, classes=bool(self.labels))
            with _one_thread():
                model.fit(encode(lines.cells), targets, sample_weight=lines.weights)
        return FittedTable(columns, encode, model, self.labels, classes, lines, seed)


def columns_of(fitted: Fitted) -> Sequence[Column]:
    """The columns that a model of a table knows; none of another model."""
    one = fitted.members[0] if isinstance(fitted, FittedEnsemble) else fitted
    return one.columns if isinstance(one, FittedTable) else ()


def say_unread(columns: Sequence[Column], rows: Sequence[Example]) -> None:
    """Warn of rows with cells that the columns of a small model do not know."""
    for name, some in unread(columns, rows).items():
        first = some[0].fields[name]
        what = "no value" if is_missing(first) else repr(first[:_SHOWN])
        log.warning(
            "column %s: %s of %s rows have a value that the small model does not know (the first: row %d, %s): read as "
            "unknown",
            name,
            f"{len(some):,}",
            f"{len(rows):,}",
            index_of(some[0]),
            what,
        )


def _estimator(config: TableModelConfig, columns: Sequence[Column], seed: int, *, classes: bool) -> Any:
    """The untrained estimator of scikit-learn."""
    if isinstance(config, BoostingConfig):
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        return kind(
            max_iter=config.trees,
            max_leaf_nodes=config.leaves,
            min_samples_leaf=config.leaf_rows,
            learning_rate=config.rate,
            early_stopping=False,
            categorical_features=[0 < len(column.values) <= _MOST_CODES for column in columns],
            random_state=seed,
        )
    from sklearn.linear_model import LogisticRegression, Ridge

    assert isinstance(config, LogisticConfig)
    if classes:
        return LogisticRegression(C=1 / config.penalty, max_iter=1000, random_state=seed)
    return Ridge(alpha=config.penalty)


_MOST_CODES = 255  # of a category of boosted trees; one with more values is read as a number


def _value(target: Target) -> float:
    if not isinstance(target, (int, float)):
        raise UserError(f"a small model of tables predicts classes or numbers, and a row has {target!r}")
    return target


def _column(facts: Mapping[str, Any]) -> Column:
    low = -math.inf if facts["low"] is None else facts["low"]
    high = math.inf if facts["high"] is None else facts["high"]
    return Column(facts["name"], tuple(facts["values"]), low, high, facts["decimals"], facts.get("unit", ""))


def _one_thread() -> Any:
    """Sums in one order, whatever the number of cores."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
