"""How well one field of several predicts the label, by a bag of words.

Half of a pair should not predict the label (hypothesis-only baselines: Poliak et al. 2018; Gururangan et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s3exp.audit.shortcuts.statistic import Counts
from s3exp.language.words import tokens
from s3exp.seeds import derive
from s3exp.types import Example

SAMPLE = 2_000
FOLDS = 3
LEAST_ROWS = 3  # of a word


@dataclass(frozen=True, slots=True)
class PartialInput:
    """The accuracy of a bag of words of one field alone, cross-validated.

    `accuracy` is on synthetic rows, `gold_own` on gold rows (0 where they are too few).
    """

    field: str
    accuracy: float
    gold_own: float


def partial_input(
    synthetic: Sequence[Example], gold: Sequence[Example], field: str, seed: int
) -> PartialInput:
    """Logistic regression on the words (present or not) of one field; of more than 2,000 rows, a sample.

    A field without a word that stands in three rows tells nothing: its accuracy is that of the largest class.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    synthetic = sample(synthetic, SAMPLE, derive(seed, "made"))
    gold = sample(gold, SAMPLE, derive(seed, "gold"))
    labels = np.array([row.label for row in (*synthetic, *gold)], np.int64)
    words = CountVectorizer(binary=True, tokenizer=tokens, token_pattern=None, min_df=LEAST_ROWS)
    texts = [row.fields[field] for row in (*synthetic, *gold)]
    try:
        both = words.fit_transform(texts)
    except ValueError:  # there is no such word
        both = csr_matrix((len(texts), 1))
    sides = slice(len(synthetic)), slice(len(synthetic), None)
    own, theirs = (_cross_validated(both[side], labels[side], seed) for side in sides)
    return PartialInput(field, accuracy=own, gold_own=theirs)


def sample(rows: Sequence[Example], most: int, seed: int) -> list[Example]:
    """The rows, or `most` of them in their order."""
    if len(rows) <= most:
        return list(rows)
    places = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return [rows[place] for place in np.sort(places)]


def _cross_validated(words: Any, labels: Counts, seed: int) -> float:
    from sklearn.model_selection import KFold

    if len(labels) < FOLDS:
        return 0.0
    parts = KFold(FOLDS, shuffle=True, random_state=derive(seed, "partial")).split(labels)
    right = [_accuracy(words[own], labels[own], words[held], labels[held]) * len(held) for own, held in parts]
    return float(sum(right) / len(labels))


def _accuracy(train: Any, labels: Counts, test: Any, truth: Counts) -> float:
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(labels)) < 2:
        return float((truth == labels[0]).mean())
    model = LogisticRegression(solver="newton-cg", tol=1e-2, max_iter=50).fit(train, labels)
    return float((model.predict(test) == truth).mean())
