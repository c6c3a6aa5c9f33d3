"""How much a text is like what an assistant says when it does not write the row it was asked for.

Rules (refusals.py) find the phrases that they know; this finds the rest: a linear model on words and pairs of words
that tells refusals.txt, which ships with the project, from gold rows of the task at hand, and flags what scores well
above all but one in a thousand gold rows. Knows no labels. Long texts are read in pieces, so that a refusal in the
middle counts as much as one at the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECE = 30  # words: shorter than most refusals, so that one in the middle of a long text fills a piece
FEWEST = 50  # gold rows without which nothing is flagged
MOST = 1000  # gold rows that the model is trained on
SURE = 0.5  # a score below this flags nothing, however low gold scores
MARGIN = 0.25  # of the way from there to certainty: another sample of gold has higher scores than this one
_TOP = 0.999  # share of gold rows that score lower than what is flagged
_FOLDS = 5
_TOKEN = r"(?u)\w+|[^\w\s]"


def corpus() -> list[str]:
    """Refusals and talk of assistants, one a line, written for this purpose."""
    path = Path(__file__).with_name("refusals.txt")
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


class Likeness:
    """A model trained on gold rows of one task; `threshold` is None if there are too few of them."""

    def __init__(self, gold: Sequence[str]) -> None:
        from scipy.sparse import vstack
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.threshold: float | None = None
        if len(gold) < FEWEST:
            return
        chosen = [gold[place] for place in np.linspace(0, len(gold) - 1, min(MOST, len(gold))).astype(int)]
        rows, talk = [pieces(text) for text in chosen], [piece for text in corpus() for piece in pieces(text)]
        self._words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=_TOKEN)
        table = self._words.fit_transform([*(piece for row in rows for piece in row), *talk])
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        human, machine = table[: len(owner)], table[len(owner) :]
        scores = np.empty(len(rows))
        for fold in range(_FOLDS):  # a gold row is scored by a model that has not seen it
            held = owner % _FOLDS == fold
            model = _fit(vstack([human[~held], machine]), machine.shape[0])
            scores[fold::_FOLDS] = _most(model, human[held], owner[held])
        highest = max(SURE, float(np.quantile(scores, _TOP, method="higher")))
        self.threshold = highest + MARGIN * (1 - highest)
        self._model = _fit(table, machine.shape[0])

    def flags(self, texts: Sequence[str]) -> list[float | None]:
        """For each text its score (0 to 1) if it is above the threshold, else None."""
        if self.threshold is None or not texts:
            return [None] * len(texts)
        rows = [pieces(text) for text in texts]
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        scores = _most(self._model, self._words.transform(piece for row in rows for piece in row), owner)
        return [float(score) if score > self.threshold else None for score in scores]


@lru_cache(maxsize=1)  # the runs of a sweep in one process have the same gold rows
def likeness_to(gold: tuple[str, ...]) -> Likeness:
    """A `Likeness`, trained once."""
    return Likeness(gold)


def pieces(text: str) -> list[str]:
    """The text in runs of `PIECE` words; a short rest joins the last one."""
    words = text.split()
    starts = range(0, max(1, len(words) - PIECE // 2), PIECE)
    ends = [*starts[1:], len(words)]
    return [" ".join(words[start:end]) for start, end in zip(starts, ends, strict=True)]


def _fit(table: Any, machine: int) -> Any:
    """A judge of pieces, the last `machine` of which are an assistant's."""
    from sklearn.linear_model import LogisticRegression

    labels = np.arange(table.shape[0]) >= table.shape[0] - machine
    return LogisticRegression(C=10, class_weight="balanced", max_iter=1000).fit(table, labels)


def _most(model: Any, table: Any, owner: NDArray[np.intp]) -> NDArray[np.float64]:
    """The highest score of the pieces of each row; `owner` (pieces,) says whose they are, in order."""
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    found: NDArray[np.float64] = np.maximum.reduceat(model.predict_proba(table)[:, 1], starts)
    return found
