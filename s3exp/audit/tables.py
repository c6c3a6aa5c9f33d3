"""The audit of rows of a table: what a small model learns from them, how near they are to gold, column by column.

`table/tstr` trains on synthesized rows and tests on real ones (Esteban et al. 2017), `table/trtr` trains on real ones,
and `table/shuffled` on synthesized rows whose columns were shuffled apart, so that they say nothing of each other. The
parts of the audit that read words are off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from s3exp.audit.asked import WHAT as LABELS
from s3exp.audit.observer import NO_GOLD, Audit, Numbers, Part
from s3exp.audit.unjudged import Unjudged
from s3exp.seeds import derive, stream
from s3exp.settings.small_model import BoostingConfig
from s3exp.small_model.table_vectors import codes, scaled
from s3exp.small_model.tables import TableModel
from s3exp.tasks.cells import Column, Table, amount
from s3exp.tasks.fingerprints import content
from s3exp.types import Example, Lesson, Target

FEWEST = 10  # rows of a side
FOLDS = 5
WHAT = "rows of the table beside gold"


@dataclass(frozen=True)
class TableAudit(Audit):
    """An audit of rows whose cells are those of `table`; `held` are gold rows that are tested on and not learned."""

    table: Table = field(kw_only=True)
    held: Sequence[Example] = field(kw_only=True)

    def _findings(self, new: Sequence[Example]) -> Part:
        return Part(tables={"findings": []})

    def _shortcuts(self, rows: Sequence[Example]) -> Part:
        return Part()

    def _fidelity(self, rows: Sequence[Example], new: Sequence[Example]) -> Part:
        if not self.config.fidelity:
            return Part()
        return Part(
            unjudged=[Unjudged(LABELS, "no judge reads rows of a table: what they teach is measured instead")]
        )

    def _gap(self, rows: Sequence[Example]) -> Part:
        """The gap in the space of all columns, and the numbers of a table."""
        parts = []
        if self.config.gap:
            if not self.gold:
                return Part(unjudged=[Unjudged("distance to gold", NO_GOLD)])
            parts.append(self._distances(rows))
        if self.config.gap if self.config.table is None else self.config.table:
            parts.append(self._beside_gold(rows))
        numbers = {name: value for part in parts for name, value in part.numbers.items()}
        tables = {name: table for part in parts for name, table in part.tables.items()}
        return Part(numbers, tables, [one for part in parts for one in part.unjudged])

    def _distances(self, rows: Sequence[Example]) -> Part:
        from s3exp.audit.gap import gap

        made = self.vectors.embed([self.task.text_of(row.fields) for row in self._sample(rows)])
        distances = gap(
            self.vectors.embed(self._gold_sample), made, derive(self.seed, "gap"), self.config.rows
        )
        return Part({f"gap/{name}": value for name, value in distances.items()} | self._gap_of_gold)

    def _beside_gold(self, rows: Sequence[Example]) -> Part:
        made, (real, held) = self._sample(rows), self._sides
        if min(len(made), len(real), len(held)) < FEWEST:
            sides = f"{len(made)} rows, {len(real)} gold rows to learn and {len(held)} to test on"
            return Part(unjudged=[Unjudged(WHAT, f"{sides}; each side needs {FEWEST}")])
        seed = derive(self.seed, "table")
        closest, of_gold = self._closest(made), self._closest(held)
        columns = {column.name: self._apart(column, made, real) for column in self._columns}
        of_columns = [self._apart(column, held, real) for column in self._columns]
        known = {content(row.fields.values()) for row in self.gold}
        numbers: Numbers = {
            "table/tstr": self._learned(made, seed),
            "table/trtr": self._trtr,
            "table/shuffled": self._learned(shuffled(made, seed), seed),
            "table/copies": sum(content(row.fields.values()) in known for row in rows) / len(rows),
            "table/closest": float(np.median(closest)),
            "table_of_gold/closest": float(np.median(of_gold)),
            "table/auc": told_apart(self._codes(made), self._codes(real), seed),
            "table_of_gold/auc": self._auc_of_gold,
            "table/distance": float(np.mean(list(columns.values()))),
            "table_of_gold/distance": float(np.mean(of_columns)),
        }
        listed = [
            {"column": name, "made": round(value, 4), "gold": round(own, 4)}
            for (name, value), own in zip(columns.items(), of_columns, strict=True)
        ]
        listed.sort(key=lambda one: -float(str(one["made"])))
        numbers |= {f"table/distance/{name}": value for name, value in columns.items()}
        return Part(numbers, {"columns": listed})

    @cached_property
    def _sides(self) -> tuple[list[Example], list[Example]]:
        """Gold rows to learn, and others to test on: those held, or every second one."""
        names = {row.id for row in self.held}
        if names:
            sides = [row for row in self.gold if row.id not in names], list(self.held)
        else:
            ordered = sorted(self.gold, key=lambda row: content(row.fields.values()))
            sides = ordered[::2], ordered[1::2]
        return self._sample(sides[0]), self._sample(sides[1])

    @cached_property
    def _trtr(self) -> float:
        return self._learned(self._sides[0], derive(self.seed, "table"))

    @cached_property
    def _auc_of_gold(self) -> float:
        real, held = self._sides
        return told_apart(self._codes(held), self._codes(real), derive(self.seed, "table"))

    @cached_property
    def _columns(self) -> list[Column]:
        """All columns, and the target as the last one."""
        labels = tuple(map(str, range(len(self.task.labels))))
        target = replace(self.table.target, name=self.task.label, values=labels)
        return [*self.table.columns, target]

    def _cells(self, rows: Sequence[Example]) -> list[list[str]]:
        return [[*row.fields.values(), self._cell(row.target)] for row in rows]

    def _cell(self, target: Target) -> str:
        return str(target) if self.task.labels else amount(float(str(target)))

    def _codes(self, rows: Sequence[Example]) -> NDArray[np.float64]:
        return codes(self._columns)(self._cells(rows))

    def _learned(self, rows: Sequence[Example], seed: int) -> float:
        """The score on held gold rows of trees that learn some rows: accuracy, or R2."""
        model = TableModel(BoostingConfig(), len(self.task.labels), self.table)
        held = self._sides[1]
        guesses = model.fit(Lesson(rows), (), seed)[0].predict(held)
        if self.task.labels:
            return sum(guess.target == row.target for guess, row in zip(guesses, held, strict=True)) / len(
                held
            )
        gold = np.array([float(str(row.target)) for row in held])
        said = np.array([float(str(guess.target)) for guess in guesses])
        spread = float(((gold - gold.mean()) ** 2).sum())
        return 1 - float(((gold - said) ** 2).sum()) / spread if spread else 0.0

    def _closest(self, rows: Sequence[Example]) -> NDArray[np.float64]:
        """The distance of each row to the closest gold row that is learned, in standard deviations of gold."""
        real = self._sides[0]
        encode = scaled(self._columns, self._cells(real))
        one, other = encode(self._cells(rows)), encode(self._cells(real))
        squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
        return np.asarray(np.sqrt(np.maximum(squares.min(axis=1), 0)))

    def _apart(self, column: Column, one: Sequence[Example], other: Sequence[Example]) -> float:
        """The distance of a column on two sides: total variation, or Wasserstein's in standard deviations of gold."""
        place = self._columns.index(column)
        sides = [[row[place] for row in self._cells(rows)] for rows in (one, other)]
        if column.values:
            shares = [{value: side.count(value) / len(side) for value in column.values} for side in sides]
            return sum(abs(shares[0][value] - shares[1][value]) for value in column.values) / 2
        from scipy.stats import wasserstein_distance

        values = [codes([column])([[text] for text in side]).ravel() for side in sides]
        known = [side[~np.isnan(side)] for side in values]
        if not all(map(len, known)):
            return 1.0
        spread = float(known[1].std()) or 1.0
        return float(wasserstein_distance(known[0], known[1])) / spread


def shuffled(rows: Sequence[Example], seed: int) -> list[Example]:
    """The rows with every column, and the target, in an order of its own."""
    fields: dict[str, list[str]] = {name: [row.fields[name] for row in rows] for name in rows[0].fields}
    for name, column in fields.items():
        stream(seed, "shuffled", name).shuffle(column)
    targets = [row.target for row in rows]
    stream(seed, "shuffled").shuffle(targets)
    return [
        replace(row, fields={name: column[place] for name, column in fields.items()}, target=targets[place])
        for place, row in enumerate(rows)
    ]


def told_apart(one: NDArray[np.float64], other: NDArray[np.float64], seed: int) -> float:
    """How well trees tell the rows of two sides apart, on rows that they did not learn: area under the curve."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    size = min(len(one), len(other))
    rows = np.concatenate([one[:size], other[:size]])
    side = np.repeat([1, 0], size)
    chances = np.zeros(len(rows))
    with threadpool_limits(1):
        folds = StratifiedKFold(min(FOLDS, size), shuffle=True, random_state=seed % 2**32)
        for learn, test in folds.split(rows, side):
            trees = HistGradientBoostingClassifier(
                max_iter=50, min_samples_leaf=5, early_stopping=False, random_state=0
            )
            trees.fit(rows[learn], side[learn])
            chances[test] = trees.predict_proba(rows[test])[:, 1]
    return float(roc_auc_score(side, chances))
