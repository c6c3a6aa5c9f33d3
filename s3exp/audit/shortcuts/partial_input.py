"""What one field of several gives away about the label: a bag of words, without the other fields.

A pair's label should not be told by half of it (hypothesis-only baselines: Poliak et al. 2018; Gururangan et al.
2018). Knows texts and labels only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s3exp.audit.shortcuts.statistic import Counts
from s3exp.seeds import derive
from s3exp.types import Example

ROWS = 2_000  # of more rows a sample is looked at
FOLDS = 3
LEAST = 3  # rows that a word must be in


@dataclass(frozen=True, slots=True)
class PartialInput:
    """How well a bag of words tells the label from one field alone.

    `accuracy` is cross-validated on synthetic rows, `gold_accuracy` is on gold, trained on synthetic rows, and
    `gold_own` cross-validated on gold: what the field gives away where humans wrote it (0 where gold has too few
    rows). The majorities are the shares of the largest class.
    """

    field: str
    accuracy: float
    majority: float
    gold_accuracy: float
    gold_majority: float
    gold_own: float


def partial_input(made: Sequence[Example], gold: Sequence[Example], field: str, seed: int) -> PartialInput:
    """Logistic regression on the words (present or not) of one field; of more than 2,000 rows, a sample."""
    from sklearn.feature_extraction.text import CountVectorizer

    made, gold = sample(made, ROWS, derive(seed, "made")), sample(gold, ROWS, derive(seed, "gold"))
    of_made, of_gold = (np.array([row.label for row in rows], np.int64) for rows in (made, gold))
    words = CountVectorizer(binary=True, token_pattern=r"\w+|[^\w\s]", min_df=LEAST)
    both = words.fit_transform(row.fields[field] for row in (*made, *gold))
    ours, theirs = both[: len(made)], both[len(made) :]
    return PartialInput(
        field=field,
        accuracy=_own(ours, of_made, seed),
        majority=float(np.bincount(of_made).max() / len(made)),
        gold_accuracy=_accuracy(ours, of_made, theirs, of_gold),
        gold_majority=float(np.bincount(of_gold).max() / len(gold)),
        gold_own=_own(theirs, of_gold, seed),
    )


def sample(rows: Sequence[Example], most: int, seed: int) -> list[Example]:
    """The rows, or `most` of them in their order."""
    if len(rows) <= most:
        return list(rows)
    places = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return [rows[place] for place in np.sort(places)]


def _own(words: Any, labels: Counts, seed: int) -> float:
    """Cross-validated accuracy."""
    from sklearn.model_selection import KFold

    if len(labels) < FOLDS:
        return 0.0
    parts = KFold(FOLDS, shuffle=True, random_state=derive(seed, "partial")).split(labels)
    right = [_accuracy(words[own], labels[own], words[held], labels[held]) * len(held) for own, held in parts]
    return float(sum(right) / len(labels))


def _accuracy(train: Any, labels: Counts, test: Any, truth: Counts) -> float:
    """Accuracy on `test` of a model of `train`; where that has one label only, this label is predicted."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(labels)) < 2:
        return float((truth == labels[0]).mean()) if len(labels) else 0.0
    model = LogisticRegression(solver="newton-cg", tol=1e-2, max_iter=50).fit(train, labels)
    return float((model.predict(test) == truth).mean())
