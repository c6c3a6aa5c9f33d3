"""Which of the gold mining rows are shown: by the small model's last guesses, and so that they are unlike each other.

From active learning (Kessler et al. 2025, "Towards Active Synthetic Data Generation": a high loss is the cheapest good
choice). Scores only rank: those of an over-confident model bunch together near 0 and 1. `spread` draws rows apart, by
k-means++ (Arthur and Vassilvitskii 2007) over their vectors, or over the gradients of a last layer (BADGE, Ash et al.
2020), whose length is large where the guess is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from s3exp.choosing.sight import Guesses, Sight
from s3exp.settings.loop import PickConfig
from s3exp.types import Example, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 1e-12  # probability: an estimator may say 0


def picked(pick: PickConfig, shown: Sequence[Example], last: Guesses, sight: Sight) -> list[Example]:
    """The rows of `shown` that are picked, in their order; all of them where nothing is picked.

    Raises:
        UserError: a guess is no probability.
    """
    if not pick.on or not shown:
        return list(shown)
    chosen = set(ranked(pick, shown, last, sight))
    return [row for place, row in enumerate(shown) if place in chosen]


def ranked(pick: PickConfig, shown: Sequence[Example], last: Guesses, sight: Sight) -> list[int]:
    """The places of the picked rows, the first one first."""
    import numpy as np

    loss = scores(shown, last, "loss") if _guessed(pick) else np.zeros(len(shown))
    order = np.argsort(-loss, kind="stable")  # of equal ones the first of the mining rows comes first
    left = np.sort(order[int(pick.skip * len(shown)) :])
    values = _valued(pick, [shown[place] for place in left], last, sight)
    count = len(left) if pick.top is None else min(pick.top, len(left))
    first = left[np.argsort(-values, kind="stable")]
    if pick.spread == "none" or count == len(left):
        return [int(place) for place in first[:count]]
    return _spread(pick, shown, first, count, last, sight)


def scores(rows: Sequence[Example], last: Guesses, by: str) -> Floats:
    """How much there is to learn from each row: (rows,), at least 0, more is more.

    `loss` is -log of the right label's probability, `entropy` that of the guess in nats, `margin` is 1 less the
    distance of its two largest probabilities.
    """
    import numpy as np

    chances = _chances(rows, last)
    if by == "loss":
        right = chances[np.arange(len(rows)), [row.label for row in rows]]
        return np.asarray(-np.log(np.maximum(right, LEAST)))
    if by == "entropy":
        return np.asarray(-(chances * np.log(np.maximum(chances, LEAST))).sum(axis=1))
    two = np.sort(chances, axis=1)[:, -2:]
    return np.asarray(1 - (two[:, 1] - two[:, 0]))


def table(
    pick: PickConfig, shown: Sequence[Example], all_of: Sequence[Example], last: Guesses, sight: Sight
) -> list[dict[str, Any]]:
    """For the record: the rows that were shown, with score, loss, rank, and the rows made of each before.

    `all_of` are the rows that they were picked from. A row that joined them for balance has no rank.
    """
    places = {all_of[place].id: rank for rank, place in enumerate(ranked(pick, all_of, last, sight), start=1)}
    values = _valued(pick, shown, last, sight)
    losses = scores(shown, last, "loss") if _guessed(pick) else [None] * len(shown)
    before = _before(sight)
    return [
        {
            "id": row.id,
            "rank": places.get(row.id),
            "score": round(float(value), 6),
            "loss": None if loss is None else round(float(loss), 6),
            "rows_before": before[row.id],
        }
        for row, value, loss in zip(shown, values, losses, strict=True)
    ]


def _guessed(pick: PickConfig) -> bool:
    """Whether a pick reads the guesses."""
    return pick.by != "none" or pick.spread == "badge" or pick.skip > 0


def _valued(pick: PickConfig, rows: Sequence[Example], last: Guesses, sight: Sight) -> Floats:
    """The scores by which rows are ranked; those of rows that were shown before count `fresh` times as much."""
    import numpy as np

    values = np.ones(len(rows)) if pick.by == "none" else scores(rows, last, pick.by)
    before = _before(sight)
    fresh: Floats = np.asarray([pick.fresh if before[row.id] else 1.0 for row in rows])
    return values * fresh


def _before(sight: Sight) -> Counter[str]:
    """The rows made before of each mining row."""
    return Counter(row.parent for row in sight.rows if row.parent is not None)


def _spread(
    pick: PickConfig,
    shown: Sequence[Example],
    first: NDArray[np.intp],
    count: int,
    last: Guesses,
    sight: Sight,
) -> list[int]:
    """`count` of the places `first`, best first, drawn far apart; with a criterion those of a high rank more likely."""
    import numpy as np
    from sklearn.cluster import kmeans_plusplus

    rows = [shown[place] for place in first]
    points = sight.embed(rows).astype(np.float64)
    if pick.spread == "badge":
        wrong = _chances(rows, last)
        wrong[np.arange(len(rows)), [row.label for row in rows]] -= 1
        points = (wrong[:, :, None] * points[:, None, :]).reshape(len(rows), -1)
    values = _valued(pick, rows, last, sight)
    # ranks, not scores; equal ones alike
    weights = 1 - np.searchsorted(-values, -values) / len(rows)
    distinct = len(np.unique(points, axis=0))
    _, places = kmeans_plusplus(points, min(count, distinct), sample_weight=weights, random_state=sight.seed)
    chosen = list(dict.fromkeys(int(place) for place in places))
    # copies of a row lie at no distance: the best of the others fill up
    chosen += [place for place in range(len(rows)) if place not in chosen][: count - len(chosen)]
    return [int(first[place]) for place in chosen]


def _chances(rows: Sequence[Example], last: Guesses) -> Floats:
    """The probability of every class for every row: (rows, classes).

    Raises:
        UserError: one is no number.
    """
    import numpy as np

    guesses = {guess.id: guess.scores for guess in last.predictions}
    chances = np.asarray([guesses[row.id] for row in rows], np.float64)
    if not np.isfinite(chances).all():
        worst = rows[int(np.argmin(np.isfinite(chances).all(axis=1)))].id
        raise UserError(
            f"strategy.pick: the small model's guess for the gold row {worst} is no probability: its training failed "
            "(a lower small_model.lr may help), or set strategy.pick.by=none"
        )
    return chances
