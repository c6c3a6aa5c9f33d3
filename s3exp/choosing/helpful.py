"""Made rows as exemplars: those that would teach the small model most about gold (ProGen, Ye et al. 2022).

A linear classifier on the rows' vectors stands for the small model, fitted on the made rows without a fold. Of each
label the half of the rows with the lowest loss, under the classifier that did not learn them, is looked at: a row with
a wrong label has a high one. Of this half those are shown whose gradient agrees most with the mean gradient of the gold
mining rows: a step along them lowers gold's loss. The gradient of a last layer is (p - y) times the vector, so all of
it is one matrix product a fold.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from s3exp.choosing.sight import Guesses, Notes, Sight
from s3exp.settings.loop import StrategyConfig
from s3exp.types import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

log = logging.getLogger(__name__)

FOLDS = 5
PENALTY = 1.0  # on unit vectors
SURE, SHOWN = 0.5, 0.5  # shares: of the rows by loss, and of these by helpfulness


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The loss of each made row, in nats, and how much a step along it lowers gold's loss: (rows,) both."""

    loss: Floats
    helps: Floats


def helpful(
    strategy: StrategyConfig, mining: Sequence[Example], last: Guesses, sight: Sight
) -> list[Example]:
    """The made rows that are shown, of each label the most helpful first; all of them where too few can be judged."""
    judged = judge(mining, sight)
    if judged is None:
        log.info("strategy.shown=helpful shows all rows: fewer than two labels have %d of them", FOLDS)
        return list(sight.rows)
    return [sight.rows[place] for place in _ranked(judged, sight)]


def notes_of_helpful(shown: Sequence[Example], mining: Sequence[Example], sight: Sight) -> Notes:
    """For the record: the rows that were shown, with loss, helpfulness and rank."""
    judged = judge(mining, sight)
    if judged is None:
        return Notes(tables={"exemplars": [{"id": row.id} for row in shown]})
    places, ranks = {row.id: place for place, row in enumerate(sight.rows)}, dict[Any, int]()
    lines = []
    for row in shown:
        place, ranks[row.target] = places[row.id], ranks.get(row.target, 0) + 1
        values = {"score": round(float(judged.helps[place]), 6), "loss": round(float(judged.loss[place]), 6)}
        lines.append({"id": row.id, "rank": ranks[row.target], **values})
    return Notes(tables={"exemplars": lines})


def judge(mining: Sequence[Example], sight: Sight) -> Judged | None:
    """Loss and helpfulness of the made rows; None: fewer than two labels have a row in every fold."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits

    rows = sight.rows
    labels = np.asarray([row.label for row in rows], np.int64)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2 or counts.min() < FOLDS:
        return None
    gold = [row for row in mining if row.target in set(classes.tolist())]
    points, real = (normalize(sight.embed(some).astype(np.float64)) for some in (rows, gold))
    right, own = (labels[:, None] == classes), np.asarray([row.label for row in gold])[:, None] == classes
    loss, helps = np.zeros(len(rows)), np.zeros(len(rows))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=sight.seed)
    with threadpool_limits(1):  # sums in one order
        for learned, left in folds.split(points, labels):
            classifier = LogisticRegression(C=PENALTY, max_iter=1000).fit(points[learned], labels[learned])
            wrong = classifier.predict_proba(points[left]) - right[left]
            towards = (classifier.predict_proba(real) - own).T @ real / len(gold)  # (classes, dim)
            loss[left] = -np.log(np.maximum(1e-12, 1 + wrong[right[left]]))
            helps[left] = (wrong * (points[left] @ towards.T)).sum(axis=1)
    return Judged(loss, helps)


def _ranked(judged: Judged, sight: Sight) -> list[int]:
    """The places of the rows that are shown, of each label the most helpful first."""
    import numpy as np

    shown: list[int] = []
    labels = np.asarray([row.label for row in sight.rows])
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        sure = places[np.argsort(judged.loss[places], kind="stable")][: _part(len(places), SURE)]
        first = sure[np.argsort(-judged.helps[sure], kind="stable")][: _part(len(sure), SHOWN)]
        shown += [int(place) for place in first]
    return shown


def _part(count: int, share: float) -> int:
    return -int(-count * share // 1)
