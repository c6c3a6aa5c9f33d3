"""Rules that predict a label from marks: learned and judged on different rows, applied to others, compared.

A rule gives to all rows with the same value (one of its marks, or none of them) the label that is over-represented
among them, however rare that label is. Knows counts of rows only, not what a mark means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.types import Example

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Rows:
    """Labels of some rows (from 0 on, out of `classes`) and who has which mark: sparse 0/1, rows by marks (csc)."""

    labels: Counts
    classes: int
    marks: Any


@dataclass(frozen=True, slots=True)
class Worth:
    """What rules are worth on some rows, arrays over rules.

    `lift` is the mean recall of the labels less its chance level, `error` is its standard error. With equally many
    rows of each label the lift is the accuracy less the share of the majority.
    """

    accuracy: Floats
    lift: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule learned from all synthetic rows.

    `columns` are its marks; `made` and `gold` count rows by (label, value), value 0 being none of the marks, and
    value i the i-th.
    """

    columns: tuple[int, ...]
    made: Counts
    gold: Counts

    @property
    def rates(self) -> Floats:
        """Share of each label's synthetic rows that has each value."""
        rates: Floats = self.made / self.made.sum(axis=1, keepdims=True)
        return rates

    @property
    def best(self) -> Counts:
        """The label that each value gets."""
        best: Counts = self.rates.argmax(axis=0)
        return best

    def values(self, rows: Rows) -> Counts:
        """The value that every row has."""
        values = np.zeros(len(rows.labels), np.int64)
        for value, column in enumerate(self.columns, 1):
            start, end = rows.marks.indptr[column : column + 2]
            values[rows.marks.indices[start:end]] = value
        return values

    def predict(self, rows: Rows) -> Counts:
        """The label that every row gets."""
        return self.best[self.values(rows)]


class Trials:
    """Rules, tried on synthetic rows out of sample (`made`) and on gold rows (`gold`).

    `p` is the chance that values which have nothing to do with the labels fall as unevenly on the synthetic rows.
    The first rules are those of a single mark each, in their order; `groups` are the marks of each further rule, of
    which a row has at most one.
    """

    def __init__(self, made: Rows, gold: Rows, groups: Sequence[Sequence[int]], seed: int) -> None:
        self._made = _count(made, folds(made.labels, FOLDS, seed))
        self._gold = _count(gold, np.zeros(len(gold.labels), np.int64))
        marks = made.marks.shape[1]
        self.columns = [(column,) for column in range(marks)] + [tuple(group) for group in groups]
        blocks = [np.arange(marks)[:, None], *(np.array([group]) for group in groups)]
        tables = [(_table(self._made, block), _table(self._gold, block)) for block in blocks]
        self.made = _joined([_cross_fitted(ours) for ours, _ in tables])
        self.gold = _joined([_applied(ours.sum(axis=0), theirs[0]) for ours, theirs in tables])
        self.p = np.concatenate([_by_chance(ours.sum(axis=0)) for ours, _ in tables])

    def rule(self, place: int) -> Rule:
        """The rule at a place of the arrays."""
        columns = self.columns[place]
        block = np.array([columns])
        made, gold = (_table(counts, block).sum(axis=0)[:, 0] for counts in (self._made, self._gold))
        return Rule(columns, made, gold)


def folds(labels: Counts, count: int, seed: int) -> Counts:
    """The fold of every row, drawn evenly within each label."""
    chance = np.random.default_rng(seed)
    found = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        found[places] = chance.permutation(len(places)) % count
    return found


def sample(rows: Sequence[Example], most: int, seed: int) -> list[Example]:
    """The rows, or `most` of them in their order."""
    if len(rows) <= most:
        return list(rows)
    places = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return [rows[place] for place in np.sort(places)]


def kappa(one: Flags, others: Flags) -> Floats:
    """Cohen's kappa of a yes-or-no answer to every row with each of `others` (rows by answers)."""
    p, q = one.mean(), others.mean(axis=0)
    expected = p * q + (1 - p) * (1 - q)
    agree = (others == one[:, None]).mean(axis=0)
    found: Floats = (agree - expected) / np.maximum(1 - expected, 1e-12)
    return found


def told_beside(known: Counts, others: Flags, labels: Counts) -> Floats:
    """How much each of `others` (rows by answers) tells about the labels where `known` is known: chi-squared.

    It is taken among the rows of each value of `known`, and summed. `known` and `labels` are numbers from 0 on.
    """
    from scipy.sparse import csr_matrix

    values, classes = int(known.max()) + 1, int(labels.max()) + 1
    cell = known * classes + labels
    shape = (values * classes, len(cell))
    member = csr_matrix((np.ones(len(cell), np.float32), (cell, np.arange(len(cell)))), shape=shape)
    yes = (member @ others.astype(np.float32)).reshape(values, classes, -1)
    rows = np.bincount(cell, minlength=shape[0]).reshape(values, classes, 1)
    share = yes.sum(axis=1, keepdims=True) / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    spread = np.maximum(rows * share * (1 - share), 1e-9)
    found: Floats = ((yes - rows * share) ** 2 / spread).sum(axis=(0, 1))
    return found


def _count(rows: Rows, fold: Counts) -> Counts:
    """Rows by (fold, label, 1 + mark): place 0 of the last axis counts all of them, the others those with a mark."""
    from scipy.sparse import csr_matrix

    number = int(fold.max(initial=0)) + 1
    cell = fold * rows.classes + rows.labels
    shape = (number * rows.classes, len(cell))
    member = csr_matrix((np.ones(len(cell), np.int64), (cell, np.arange(len(cell)))), shape=shape)
    marked = np.asarray((member @ rows.marks).todense())
    counts = np.column_stack([np.bincount(cell, minlength=shape[0]), marked])
    return counts.reshape(number, rows.classes, -1)


def _table(counts: Counts, block: Counts) -> Counts:
    """Rows by (fold, label, rule, value) of the rules with the marks `block` (rules by marks)."""
    with_mark = counts[:, :, 1 + block]
    return np.concatenate(
        [counts[:, :, :1, None] - with_mark.sum(axis=-1, keepdims=True), with_mark], axis=-1
    )


def _cross_fitted(table: Counts) -> Worth:
    """Each fold is predicted by the rule that the other folds teach."""
    others = table.sum(axis=0) - table
    best = (others / np.maximum(others.sum(axis=-1, keepdims=True), 1)).argmax(axis=1)
    labels = range(table.shape[1])
    right = [np.where(best == label, table[:, label], 0).sum(axis=(0, -1)) for label in labels]
    return _worth(np.array(right), table.sum(axis=(0, -1)))


def _applied(made: Counts, gold: Counts) -> Worth:
    """The rules that all synthetic rows teach, on gold."""
    best = (made / made.sum(axis=-1, keepdims=True)).argmax(axis=0)
    right = [np.where(best == label, gold[label], 0).sum(axis=-1) for label in range(len(gold))]
    return _worth(np.array(right), gold.sum(axis=-1))


def _by_chance(table: Counts) -> Floats:
    """p of the chi-squared test of independence, for each rule: rows by (label, rule, value)."""
    from scipy.stats import chi2

    of_value, of_label = table.sum(axis=0, keepdims=True), table.sum(axis=-1, keepdims=True)
    expected = of_value * of_label / of_label.sum(axis=0, keepdims=True)
    gap = (table - expected) ** 2 / np.maximum(expected, 1e-12)
    freedom = (table.shape[0] - 1) * (table.shape[-1] - 1)
    p: Floats = chi2.sf(gap.sum(axis=(0, -1)), freedom)
    return p


def _worth(right: Counts, rows: Counts) -> Worth:
    """From the rows of each label that a rule predicts right, and all of its rows: both labels by rules."""
    # one success and one failure more, so that a recall of all or nothing has an error too
    likely = (right + 1) / (rows + 2)
    error = np.sqrt((likely * (1 - likely) / rows).sum(axis=0)) / len(rows)
    return Worth(right.sum(axis=0) / rows.sum(axis=0), (right / rows).mean(axis=0) - 1 / len(rows), error)


def _joined(parts: Sequence[Worth]) -> Worth:
    return Worth(*(np.concatenate([getattr(p, name) for p in parts]) for name in Worth.__slots__))
