"""The statistic of a mark's lean to a label, and the accuracy of the rule that the mark makes.

Gardner et al. (2021, "Competency Problems"): z of the share of a label among the rows with a mark, against the label's
share among all rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEVEL = 0.05  # probability of a false alarm in a file without shortcuts


@dataclass(frozen=True, slots=True)
class Rows:
    """The labels of some rows, in 0..classes-1, and their marks: sparse 0/1, rows by marks (csc)."""

    labels: Counts
    classes: int
    marks: Any

    @property
    def sizes(self) -> Counts:
        """Rows of each label."""
        return np.bincount(self.labels, minlength=self.classes)

    def counts(self) -> Counts:
        """Rows of each label with each mark: labels by marks."""
        of_label = [self.marks[self.labels == label] for label in range(self.classes)]
        return np.array([np.asarray(rows.sum(axis=0)).ravel() for rows in of_label])

    def of(self, rows: Flags) -> Rows:
        """The rows where `rows` is true."""
        return Rows(self.labels[rows], self.classes, self.marks[rows])

    def column(self, mark: int) -> Flags:
        """The rows that have one mark."""
        has = np.zeros(len(self.labels), bool)
        has[self.marks.indices[slice(*self.marks.indptr[mark : mark + 2])]] = True
        return has


@dataclass(frozen=True, slots=True)
class Effects:
    """The effect of the rule "rows with the mark get `label`, rows without it get `other`", by mark.

    `lift` is the mean recall of the labels less its chance level, `error` is its standard error. With equally many
    rows of each label the lift is the accuracy less the share of the majority.
    """

    label: Counts
    other: Counts
    accuracy: Floats
    lift: Floats
    error: Floats


def z(with_mark: Counts, sizes: Counts) -> Floats:
    """z of every label's share among the rows with each mark (both: labels by marks) against its share of all rows.

    `sizes` are all rows by label. The share of all rows is their own, so the variance is that of drawing without
    replacement: where a mark is rare, Gardner's.
    """
    rows, marked = sizes.sum(), with_mark.sum(axis=0)
    base = (sizes / rows)[:, None]
    spread = base * (1 - base) * marked * (rows - marked) / max(rows - 1, 1)
    return np.asarray((with_mark - base * marked) / np.sqrt(np.maximum(spread, 1e-12)))


def beyond_chance(with_mark: Counts, sizes: Counts) -> Counts:
    """The marks that lean to a label more than any of so many would by chance (Bonferroni over marks and labels)."""
    from scipy.stats import hypergeom

    chance = LEVEL / max(with_mark.size, 1)
    label, mark = np.nonzero(z(with_mark, sizes) > NormalDist().inv_cdf(1 - chance))
    # z is not normal where few rows are expected (a rare label), so the exact test decides
    exact = hypergeom.sf(with_mark[label, mark] - 1, sizes.sum(), sizes[label], with_mark.sum(axis=0)[mark])
    return np.unique(mark[exact < chance])


def learned(with_mark: Counts, sizes: Counts) -> Effects:
    """The rules learned from some rows, on these rows: a mark predicts the label whose rows have it most often."""
    rates = with_mark / sizes[:, None]
    return applied(with_mark, sizes, rates.argmax(axis=0), rates.argmin(axis=0))


def applied(with_mark: Counts, sizes: Counts, label: Counts, other: Counts) -> Effects:
    """Given rules on some rows."""
    marks = np.arange(with_mark.shape[1])
    right = with_mark[label, marks] + sizes[other] - with_mark[other, marks]
    lift = with_mark[label, marks] / sizes[label] - with_mark[other, marks] / sizes[other]
    # one row more with and one without the mark, so that a share of all or nothing has an error too
    likely = (with_mark + 1) / (sizes + 2)[:, None]
    variance = likely * (1 - likely) / sizes[:, None]
    error = np.sqrt(variance[label, marks] + variance[other, marks])
    return Effects(label, other, right / sizes.sum(), lift / len(sizes), error / len(sizes))


def z_beside(other: Flags, has: Flags, is_label: Flags) -> float:
    """z of a label's share among the rows with a mark (`has`), given another mark (`other`) of the rows."""
    gap = spread = 0.0
    for value in (False, True):
        rows = other == value
        size, marked = int(rows.sum()), int((has & rows).sum())
        if size < 2:
            continue
        base = is_label[rows].mean()
        gap += (has & rows & is_label).sum() - base * marked
        spread += base * (1 - base) * marked * (size - marked) / (size - 1)
    return float(gap / np.sqrt(max(spread, 1e-12)))
