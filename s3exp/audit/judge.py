"""A judge of labels that learns from gold rows, so as to read synthesized ones.

A logistic regression on the words of every field, on the words that two fields share and, where there is a pretrained
encoder, on sentence vectors. It learns from `gold.train` where that is set and is tried on the gold rows of the loop.
Otherwise it is cross-fitted on these: the reader of a row learned neither the row nor one with its context, nor, of a
synthesized row, its exemplar. It never reads test rows.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.audit.fidelity import LEAST_GOLD, Ints, Trial
from s3exp.curation.vectors import Cached
from s3exp.language.words import tokens
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import content
from s3exp.types import Example

FOLDS = 5
MOST_ROWS = 4000  # to learn from or to be tried on
MOST_EMBEDDED = 1000  # the same with sentence vectors, which take a minute on a CPU
INVERSE_PENALTY = 4.0
FEW_NUMBERS = 32

Floats = NDArray[np.float64]


class Reader:
    """A logistic regression that learned some gold rows. Labels count alike, however many rows they have."""

    def __init__(self, rows: Sequence[Example], fields: Sequence[str], vectors: Cached | None) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        self._fields, self._vectors = list(fields), vectors
        self._words = {
            name: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, tokenizer=tokens, token_pattern=None)
            for name in self._fields
        }
        learned = [one.fit_transform([row.fields[name] for row in rows]) for name, one in self._words.items()]
        counts = Counter(word for row in rows for word in set().union(*self._sets(row)))
        self._rarity = {word: math.log((len(rows) + 1) / (count + 1)) + 1 for word, count in counts.items()}
        self._unseen = math.log(len(rows) + 1) + 1
        dense = self._dense(rows)
        self._scalers = [StandardScaler().fit(part) for part in dense]
        self._model = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=1000)
        with _quiet():
            self._model.fit(self._joined(learned, dense), [row.label for row in rows])

    def read(self, rows: Sequence[Example]) -> tuple[Ints, Floats]:
        """What it says of some rows, and the probability that it gives to it: (rows,) each."""
        words = [one.transform([row.fields[name] for row in rows]) for name, one in self._words.items()]
        with _quiet():
            chances = self._model.predict_proba(self._joined(words, self._dense(rows)))
        best = chances.argmax(1)
        return np.asarray(self._model.classes_, np.int64)[best], chances[np.arange(len(rows)), best]

    def words_known(self, row: Example) -> tuple[int, int]:
        """How many of a row's different words it learned, and how many the row has."""
        words = set().union(*self._sets(row))
        return len(words & self._rarity.keys()), len(words)

    def _joined(self, words: Sequence[Any], dense: Sequence[NDArray[Any]]) -> Any:
        """One table of the rows' words and numbers."""
        from scipy.sparse import csr_matrix, hstack

        parts = list(words)
        for scaler, part in zip(self._scalers, dense, strict=True):
            # hundreds of dimensions are as long as the vector of a row's words, few count one by one
            size = part.shape[1] if part.shape[1] > FEW_NUMBERS else 1
            parts.append(csr_matrix(scaler.transform(part) / math.sqrt(size)))
        return hstack(parts).tocsr()

    def _dense(self, rows: Sequence[Example]) -> list[NDArray[Any]]:
        """What fields share, and sentence vectors: (rows, dim) each."""
        parts: list[NDArray[Any]] = []
        if len(self._fields) > 1:
            parts.append(np.array([self._shared(row) for row in rows]))
        if self._vectors is not None:
            named = [{name: row.fields[name] for name in self._fields} for row in rows]
            parts.append(self._vectors.pairs(named))
        return parts

    def _shared(self, row: Example) -> list[float]:
        """The share of each field's words that its neighbour has too: of all, and with rare ones counted more."""
        shares = []
        for pair in pairwise(self._sets(row)):
            both = pair[0] & pair[1]
            for words in pair:
                shares += [len(both) / max(1, len(words)), self._weight(both) / max(1.0, self._weight(words))]
        return shares

    def _weight(self, words: Set[str]) -> float:
        return math.fsum(self._rarity.get(word, self._unseen) for word in words)

    def _sets(self, row: Example) -> list[set[str]]:
        """The different words of every field."""
        return [{w for w in tokens(row.fields[name].lower()) if w[0].isalnum()} for name in self._fields]


@dataclass(frozen=True, slots=True)
class Folds:
    """The fold of every row: of a gold row that of its unit, of a synthesized one that of its exemplar or context."""

    count: int
    task: TaskConfig
    by_unit: Mapping[str, int]
    by_id: Mapping[str, int]  # of gold rows

    def of(self, row: Example) -> int:
        """The fold of a row; one that is like no gold row has any, always the same."""
        if row.parent is not None and row.parent in self.by_id:
            return self.by_id[row.parent]
        unit = unit_of(row, self.task)
        return self.by_unit.get(unit, int(unit, 16) % self.count)


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Reads each row with the reader of its fold, which did not learn the gold rows of this fold.

    `name` says what reads, `learned` which rows it learned and `tried` on which its errors were counted, in words.
    `trial` are these; `knows` is the share of their words that it had learned.
    """

    name: str
    learned: str
    tried: str
    trial: Trial
    knows: float
    readers: Sequence[Reader]
    folds: Folds
    answers: dict[tuple[str, ...], tuple[int, float]] = field(
        default_factory=dict
    )  # rounds read the same rows again

    def read(self, rows: Sequence[Example]) -> tuple[Ints, Floats]:
        """What it says of some rows, and the probability that it gives to it: (rows,) each."""
        keys = [(row.id, *row.fields.values()) for row in rows]
        new = {key: row for key, row in zip(keys, rows, strict=True) if key not in self.answers}
        said, chances = _read(self.readers, self.folds, list(new.values()))
        self.answers.update(zip(new, zip(said.tolist(), chances.tolist(), strict=True), strict=True))
        answers = [self.answers[key] for key in keys]
        return np.array([a for a, _ in answers], np.int64), np.array([c for _, c in answers], np.float64)

    def known(self, rows: Sequence[Example]) -> float:
        """The share of the words of some rows that it learned, 0 to 1."""
        return _known(self.readers, self.folds, rows)


def unit_of(row: Example, task: TaskConfig) -> str:
    """What a row shares with others of which a judge must not learn some and read some: its context, or all of it."""
    return content(row.fields[name] for name in (task.context or task.fields))


def judge_of(
    train: Sequence[Example], gold: Sequence[Example], task: TaskConfig, vectors: Cached
) -> Judge | str:
    """A judge of the task's labels, or the reason why there is none.

    Args:
        train: rows of `gold.train`; those whose unit stands in `gold` are not learned.
        gold: the gold rows of the loop.
        task: its labels and columns.
        vectors: sentence vectors; those of gold's words alone are not used.
    """
    own = None if vectors.gold_alone else vectors
    units = {unit_of(row, task) for row in gold}
    most = MOST_ROWS if own is None else MOST_EMBEDDED
    learned = _some([row for row in train if unit_of(row, task) not in units], most)
    tried = _some(gold or train, most)
    name = "logistic regression on words" + ("" if own is None else " and sentence vectors")
    if gold and _enough(learned):
        folds, source = Folds(1, task, {}, {}), f"{len(learned):,} rows of gold.train"
        readers = [Reader(learned, task.fields, own)]
    elif _enough(tried):
        folds = _dealt(tried, task)
        held = [[row for row in tried if folds.of(row) != fold] for fold in range(FOLDS)]
        if not all(len({row.label for row in rows}) > 1 for rows in held):
            return "all gold rows of a label have one context, so that a judge cannot be tried on others"
        readers = [Reader(rows, task.fields, own) for rows in held]
        source = f"{len(tried):,} gold rows of the loop, cross-fitted in {FOLDS} folds"
    else:
        return f"fewer than two labels have {LEAST_GOLD} gold rows to learn from"
    said, _ = _read(readers, folds, tried)
    trial = Trial(np.array([row.label for row in tried], np.int64), said)
    where = f"{len(tried):,} gold rows that it did not learn"
    return Judge(name, source, where, trial, _known(readers, folds, tried), readers, folds)


def _some(rows: Sequence[Example], most: int) -> list[Example]:
    """At most so many rows, by hash."""
    return sorted(rows, key=lambda row: content(row.fields.values()))[:most]


def _enough(rows: Sequence[Example]) -> bool:
    return sum(count >= LEAST_GOLD for count in Counter(row.label for row in rows).values()) > 1


def _dealt(rows: Sequence[Example], task: TaskConfig) -> Folds:
    """Folds with nearly the same labels, no unit in two of them."""
    first = {unit_of(row, task): row.label for row in reversed(rows)}
    ordered = sorted((label, unit) for unit, label in first.items())
    by_unit = {unit: place % FOLDS for place, (_, unit) in enumerate(ordered)}
    return Folds(FOLDS, task, by_unit, {row.id: by_unit[unit_of(row, task)] for row in rows})


def _by_fold(
    readers: Sequence[Reader], folds: Folds, rows: Sequence[Example]
) -> Iterator[tuple[Reader, list[int]]]:
    own = [folds.of(row) for row in rows]
    for fold, reader in enumerate(readers):
        if places := [place for place, one in enumerate(own) if one == fold]:
            yield reader, places


def _read(readers: Sequence[Reader], folds: Folds, rows: Sequence[Example]) -> tuple[Ints, Floats]:
    said, chances = np.zeros(len(rows), np.int64), np.zeros(len(rows))
    for reader, places in _by_fold(readers, folds, rows):
        said[places], chances[places] = reader.read([rows[place] for place in places])
    return said, chances


def _known(readers: Sequence[Reader], folds: Folds, rows: Sequence[Example]) -> float:
    shares = [
        reader.words_known(rows[place])
        for reader, places in _by_fold(readers, folds, rows)
        for place in places
    ]
    known, words = (sum(column) for column in zip(*shares, strict=True)) if shares else (0, 0)
    return known / words if words else 0.0


@contextmanager
def _quiet() -> Iterator[None]:
    from threadpoolctl import threadpool_limits  # it comes with scikit-learn

    with warnings.catch_warnings(), threadpool_limits(1):  # sums in one order
        warnings.simplefilter("ignore")  # a judge that has not quite converged judges as well
        yield
