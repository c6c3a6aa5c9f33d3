"""How well probabilities of classes fit: log loss, Brier score, expected calibration error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BINS = 15
LEAST = float(np.finfo(float).eps)  # a probability of 0 counts as this much, as in scikit-learn
_SLACK = 1e-3  # by which the probabilities of a row may miss a sum of 1


def calibration(gold: Sequence[int], scores: Sequence[Sequence[float]], classes: int) -> dict[str, float]:
    """The scores of some rows' probabilities: `nll`, `brier` and `ece`; empty where they are not of all classes.

    `nll` is the mean negative log-likelihood of the gold class in nats. `brier` is the squared error summed over the
    classes (Brier 1950), 0 to 2: for two classes twice the score that counts one of them. `ece` is the expected
    calibration error of the likeliest class, 0 to 1 (Naeini et al. 2015), over 15 bins of equal size, by confidence
    (Nguyen and O'Connor 2015): rows of one confidence count with their mean, so that the order of rows changes nothing.

    Args:
        gold: class indices, (rows,).
        scores: the probability of every class, (rows, classes).
        classes: how many there are.
    """
    if not gold or any(len(row) != classes for row in scores):
        return {}
    chances, labels = np.array(scores, dtype=float), np.array(gold)
    if not np.isfinite(chances).all() or (abs(chances.sum(1) - 1) > _SLACK).any():
        return {}
    wanted = np.eye(classes)[labels]
    nll = -np.log(np.clip((chances * wanted).sum(1), LEAST, 1)).mean()
    return {
        "nll": float(nll),
        "brier": float(((chances - wanted) ** 2).sum(1).mean()),
        "ece": _ece(chances, labels),
    }


def _ece(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    confidence, right = chances.max(1), chances.argmax(1) == labels
    known, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    gaps = (np.bincount(place, right) / count - known)[np.sort(place)]  # of every row, by confidence
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, BINS)) / len(gaps))
