"""Wrong labels: an estimate of their share and their rows, and training weights from it.

Confident learning (Northcutt, Jiang and Chuang 2021) as cleanlab implements it, on out-of-sample probabilities of a
judge: a logistic regression on the rows' vectors, cross-validated on the labels as they are given.

The judge errs, and a row that it gets wrong looks like a wrong label: the share is read beside `agreement`. Of rows
that were all right it suspected none where the judge agreed with 95 % of the labels, 3 % at 85 %, 6 % at 81 %, 10 %
at 76 %, 18 % at 68 %. With 10 to 30 % of wrong labels, two classes and a judge that is right on 76 to 86 % of the rows
it came within 7 points of the truth. A judge that is right on nearly all finds three wrong labels in four, half of
them where they all stand in one class, and there `upper` is the better number.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
LOGIT_VARIANCE = 0.3  # prior: at 1 and more the judge learns wrong labels, at 0.03 it learns too little
LEAST_SKILL = 0.2  # 0 is guessing, 1 the label of every row
QUALITY_EXPONENT = 2  # of the weight: at 4 weak judges do harm, at 1 good ones do little


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is probably wrong: its index, its label, the judge's label, and the quality of its own."""

    row: int
    label: int
    suggested: int
    quality: float


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """An estimate of the wrong labels of some rows.

    `share` is the part of the judged rows that is suspected, `by_class` the same among the rows of each label, in
    0..1; None where no row could be judged. `upper` is the share where the rows of which the judge is confident stand
    for all; the judge's own errors raise it. `agreement` is the part of the judged rows whose label the judge, out of
    sample, predicts. `suspects` come worst first. `quality` (rows,) is the judge's probability of the given label, 1
    for a row that could not be judged. `labels` (rows,) are the labels given. `why` is the reason why a judge declined.
    """

    share: float | None
    upper: float | None
    by_class: tuple[float | None, ...]
    agreement: float | None
    suspects: tuple[Suspect, ...]
    quality: NDArray[np.float64]
    labels: NDArray[np.int64]
    why: str = ""


def label_noise(vectors: NDArray[np.float32], labels: Sequence[int], classes: int, seed: int) -> Noise:
    """Estimate which labels are wrong, in five folds.

    Rows of a class with fewer rows than folds are not judged: half of them would be suspected, right or wrong. No row
    is judged with fewer than two classes left, or by a judge hardly better than chance: either the vectors do not show
    what the labels mean, or the labels are as good as random.

    Args:
        vectors: (rows, dim), one embedding a row.
        labels: class index of every row, in 0..classes-1.
        classes: the number of classes, present or not.
        seed: draws the folds.

    Raises:
        ValueError: the labels are not one a row, or not in their range.
    """
    given = np.asarray(labels, dtype=np.int64)
    if len(vectors) != len(given) or not np.isin(given, range(classes)).all():
        raise ValueError(f"{len(vectors)} rows need as many labels, each of them in 0..{classes - 1}")
    judged = np.flatnonzero(np.bincount(given, minlength=classes) >= FOLDS)  # classes
    quality = np.ones(len(given))
    unknown = Noise(None, None, (None,) * classes, None, (), quality, given)
    if len(judged) < 2:
        return replace(unknown, why=f"fewer than two labels have {FOLDS} rows or more")
    estimate_joint, find_label_issues, get_label_quality_scores = _cleanlab()
    rows = np.flatnonzero(np.isin(given, judged))
    own = np.searchsorted(judged, given[rows])  # cleanlab wants classes without gaps
    chances = _chances(vectors[rows], own, seed)
    best = chances.argmax(1)
    unknown = replace(unknown, agreement=float((best == own).mean()))
    if not _skilled(best, own):
        right = f"is right on {unknown.agreement:.0%} of the labels that it did not learn"
        return replace(unknown, why=f"the judge {right}, which is hardly better than guessing")
    wrong = find_label_issues(own, chances, filter_by="confident_learning", n_jobs=1)
    quality[rows] = get_label_quality_scores(own, chances)
    by_class = {int(judged[k]): float(wrong[own == k].mean()) for k in range(len(judged))}
    suspects = (
        Suspect(int(rows[i]), int(given[rows[i]]), int(judged[best[i]]), float(quality[rows[i]]))
        for i in np.flatnonzero(wrong)
    )
    return replace(
        unknown,
        share=float(wrong.mean()),
        upper=float(1 - estimate_joint(own, chances).trace()),
        by_class=tuple(by_class.get(k) for k in range(classes)),
        suspects=tuple(sorted(suspects, key=lambda suspect: (suspect.quality, suspect.row))),
    )


@cache
def _cleanlab() -> tuple[Any, Any, Any]:
    """Three functions of cleanlab, imported without its Datalab, which takes a second for `datasets`.

    cleanlab goes without where Datalab cannot be imported. Whoever imports cleanlab later has all of it.
    """
    unused = {} if "cleanlab" in sys.modules else {"cleanlab.datalab": None}
    sys.modules.update(unused)  # type: ignore[arg-type]  # None: an ImportError
    try:
        from cleanlab.count import estimate_joint
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    finally:
        for name in unused:
            del sys.modules[name]
            sys.modules.pop("cleanlab", None)
    return estimate_joint, find_label_issues, get_label_quality_scores


def knows_gold(
    rows: tuple[NDArray[np.float32], Sequence[int]], gold: tuple[NDArray[np.float32], Sequence[int]]
) -> tuple[bool, float]:
    """Whether a judge that learned the labels of some rows tells gold's better than by chance, and its accuracy there.

    Else what looks like a wrong label is merely unlike the other rows. Both sides are vectors and labels.
    """
    (vectors, labels), (gold_vectors, gold_labels) = rows, gold
    given, truth = np.asarray(labels, dtype=np.int64), np.asarray(gold_labels, dtype=np.int64)
    shared = np.intersect1d(given, truth)
    mine, theirs = np.isin(given, shared), np.isin(truth, shared)
    if len(shared) < 2:
        return False, 0.0
    own, right = np.searchsorted(shared, given[mine]), np.searchsorted(shared, truth[theirs])
    with _quiet():
        guesses = _judge(own, vectors.shape[1]).fit(vectors[mine], own).predict(gold_vectors[theirs])
    return _skilled(guesses, right), float((guesses == right).mean())


def training_weights(noise: Noise, how: str) -> NDArray[np.float64]:
    """Training weights by `noise`: (rows,), 0 for a row to leave out.

    `drop` leaves suspected rows out; a class that would lose all its rows keeps them. By `weight`
    every row counts by the square of its quality, at a mean of 1 in each class, so that a class about which the judge
    is unsure counts no less than another. Of the loss by a fifth of wrong labels, `drop` won most back with a judge
    that knows the task, and lost up to 4 points with a weak one, or where no label was wrong; `weight` won half of it
    back and lost 1.3 points at most.

    Raises:
        ValueError: `how` is neither.
    """
    weights = np.ones(len(noise.labels))
    if how == "drop":
        weights[[suspect.row for suspect in noise.suspects]] = 0
    elif how == "weight":
        weights = noise.quality**QUALITY_EXPONENT
    else:
        raise ValueError(f"how={how!r}: drop or weight")
    for label in np.unique(noise.labels):
        same = noise.labels == label
        if not weights[same].any():
            weights[same] = 1
        elif how == "weight":
            weights[same] /= weights[same].mean()
    return weights


def _skilled(guesses: NDArray[np.int64], labels: NDArray[np.int64]) -> bool:
    """Whether the mean recall over classes is above chance."""
    sizes = np.bincount(labels)
    chance = 1 / len(sizes)
    recall = (np.bincount(labels[guesses == labels], minlength=len(sizes)) / sizes).mean()
    error = (chance * (1 - chance) / sizes).sum() ** 0.5 / len(sizes)
    return bool(recall - chance >= max(LEAST_SKILL * (1 - chance), 2 * error))


def _chances(vectors: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Out-of-sample class probabilities (rows, classes). Classes count by the square root of their rows.

    Counted by its rows, a class that lost many to wrong labels is hardly predicted any more; counted alike, a class
    that is rare by nature is predicted too often.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds, judge = StratifiedKFold(FOLDS, shuffle=True, random_state=seed), _judge(labels, vectors.shape[1])
    with _quiet():
        chances = cross_val_predict(
            judge, np.asarray(vectors, np.float32), labels, cv=folds, method="predict_proba"
        )
    return np.asarray(chances, np.float64)


def _judge(labels: NDArray[np.int64], dimensions: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    sizes = np.bincount(labels)
    logistic = LogisticRegression(
        C=LOGIT_VARIANCE / max(1, dimensions),
        class_weight=dict(enumerate(np.sqrt(sizes.mean() / sizes).tolist())),
        max_iter=1000,
    )
    return make_pipeline(StandardScaler(), logistic)


@contextmanager
def _quiet() -> Iterator[None]:
    from threadpoolctl import threadpool_limits  # it comes with scikit-learn

    with warnings.catch_warnings(), threadpool_limits(1):  # sums in one order; more threads gain little
        warnings.simplefilter("ignore")  # a judge that has not quite converged judges as well
        yield
