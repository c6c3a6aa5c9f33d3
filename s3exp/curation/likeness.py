"""Rejection of rows that are unlike gold: Synt++ (Hu et al. 2022, ICASSP) as a curator.

A classifier tells gold mining rows from the rows of the round. Its odds estimate how much denser gold is at a row, and
a row is kept with min(1, c x odds), c so that the wanted share of them is kept (Verine et al. 2024: of a given share
this form is the best for every f-divergence). Shares are those of each label, so the balance of labels stays.

A row is scored by a classifier that learned neither this row nor its exemplar: folds go by exemplar. Otherwise a row
would be rewarded for copying the gold row that it was extrapolated from.

Unlike a label or a text, a verdict depends on the other rows of the round: they are what the classifier learned. The
draw behind it is the row's own. Rows with `task.shots` copy from gold rows that no fold leaves out: a limit.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.curation.vectors import Cached, of_both
from s3exp.seeds import derive, stream
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.synthesis.curating import Verdict
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
UNLIKE, BY_CHANCE = "unlike_gold", "left_out_by_chance"  # reasons
FOLDS = 5
LOGIT_VARIANCE = 8  # prior of the log odds, over all dimensions: there are often more of them than rows
LEAST_GOLD = 30  # mining rows of a label, for a classifier of its own
LEAST_MADE = 20  # rows of the round of a label
CLIPPED = (1, 99)  # percentiles of the odds
MOST = 30  # of their logarithm
LEAST_AUC = 0.55  # its lower bound: below, the classifier has nothing to say
FEW_EFFECTIVE = 0.1  # share of the rows on which the odds rest


def check_mining(config: Config, mining: Sequence[Example]) -> None:
    """Refuse too few mining rows to learn from.

    Raises:
        UserError: there are fewer than 30.
    """
    if config.curation.likeness is not None and len(mining) < LEAST_GOLD:
        raise UserError(
            f"curation.likeness={config.curation.likeness:g} learns gold from the mining rows, of which there are "
            f"{len(mining)}, and it needs {LEAST_GOLD}: give it more gold rows, or set curation.likeness=null"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """How well gold is told from some rows, by rows that were not learned.

    `odds` (rows,) are those of gold. `auc` is the area under the curve, 0.5 by chance, and `low` its lower bound with
    95 % confidence.
    """

    odds: Floats
    auc: float
    low: float


@dataclass
class Likeness:
    """The curator (`Judge`). It remembers the rows of a round, whose waves are judged by all of them so far."""

    share: float
    by: str
    mining: Sequence[Example]
    vectors: Cached
    task: TaskConfig
    seed: int
    _rows: list[Example] = field(default_factory=list)
    _kept: list[Example] = field(default_factory=list)
    _numbers: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = Counter(row.target for row in self.mining)
        self._pooled = any(counts[label] < LEAST_GOLD for label in range(len(self.task.labels)))
        if self._pooled and self.by == "ratio":
            log.info(
                "curation.likeness: a label has fewer than %d mining rows: rows of all labels are compared with gold "
                "together, and the share is kept label by label",
                LEAST_GOLD,
            )

    def __call__(self, rows: Sequence[Example]) -> Sequence[Verdict]:
        """Judge the rows of a wave."""
        if not rows:
            return []
        self._rows += rows
        chances = np.full(len(self._rows), self.share) if self.by == "random" else self._chances(len(rows))
        draws = [self._draw(row) for row in rows]
        passed = [draw < chance for draw, chance in zip(draws, chances[-len(rows) :], strict=True)]
        self._kept += [row for row, ok in zip(rows, passed, strict=True) if ok]
        reason = UNLIKE if self.by == "ratio" else BY_CHANCE
        return [Verdict(row) if ok else Verdict(None, reason) for row, ok in zip(rows, passed, strict=True)]

    def end_round(self) -> dict[str, float]:
        """Forget the rows of the round, and return its numbers, named without `curation/`."""
        if not self._rows:
            return {}
        numbers = {**self._numbers, "unlike_gold": float(len(self._rows) - len(self._kept))}
        for name, rows in (("c2st", self._rows), ("c2st_after", self._kept)):
            if name not in numbers and (told := self._told(rows)) is not None:
                numbers[name] = told.auc
        self._rows, self._kept, self._numbers = [], [], {}
        return numbers

    def _draw(self, row: Example) -> float:
        # of the row alone, whatever rows stand beside it
        return stream(self.seed, "likeness", *_name(row)).random()

    def _chances(self, new: int) -> Floats:
        """The chance of every row of the round to be kept; the last `new` ones are those of the wave."""
        told = self._told(self._rows)
        self._numbers |= {} if told is None else {"c2st": told.auc}
        if told is None or told.low < LEAST_AUC:
            self._numbers.setdefault("abstained", 1.0)
            why = (
                f"the round has fewer than {LEAST_MADE}"
                if told is None
                else f"gold is told from the round's {len(self._rows)} with an AUC of {told.auc:.2f}, and surely only "
                f"of {told.low:.2f}"
            )
            log.info("curation.likeness keeps all of %d rows: %s", new, why)
            return np.ones(len(self._rows))
        chances, effective = np.empty(len(self._rows)), 0.0
        for places in _groups(self._rows):
            odds = np.clip(told.odds[places], *np.percentile(told.odds[places], CLIPPED))
            chances[places] = kept(odds, self.share)
            effective += float(odds.sum() ** 2 / (odds**2).sum())
        self._numbers["abstained"] = 0.0  # whatever another wave did
        self._numbers["ess"] = effective / len(self._rows)
        if self._numbers["ess"] < FEW_EFFECTIVE:
            log.warning(
                "curation.likeness: nearly all rows are told from gold, and what is kept rests on few: an effective "
                "share of %.2f; the rows that are left may be alike (see diversity/vendi)",
                self._numbers["ess"],
            )
        return chances

    def _told(self, rows: Sequence[Example]) -> Told | None:
        """How well gold is told from some rows; None: they are too few."""
        if len(rows) < LEAST_MADE:
            return None
        groups = _groups(rows)
        together = self._pooled or not self.task.labels or min(map(len, groups)) < LEAST_MADE
        if together:
            groups = [np.arange(len(rows))]
        odds, areas, errors = np.empty(len(rows)), [], []
        gold_folds = np.asarray([self._fold(row.id) for row in self.mining])
        made_folds = np.asarray([self._fold(row.parent or _name(row)) for row in rows])
        gold_vectors, made_vectors = self._embedded(self.mining, rows)
        for places in groups:
            own = np.asarray([together or row.target == rows[places[0]].target for row in self.mining])
            real, made = odds_of_gold(
                (gold_vectors[own], made_vectors[places]), (gold_folds[own], made_folds[places])
            )
            odds[places] = made
            area, error = area_under_curve(real, made)
            areas.append(area)
            errors.append(error)
        weights = np.asarray([len(places) for places in groups]) / len(rows)
        auc = float(weights @ areas)
        return Told(odds, auc, auc - 1.96 * float((weights**2 @ np.square(errors)) ** 0.5))

    def _fold(self, name: str | tuple[str | int, ...]) -> int:
        return derive(self.seed, "likeness", "fold", *([name] if isinstance(name, str) else name)) % FOLDS

    def _embedded(
        self, gold: Sequence[Example], rows: Sequence[Example]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        one, other = ([self.task.text_of(row.fields) for row in side] for side in (gold, rows))
        # vectors that were made from gold tell it from everything else
        return (
            of_both(one, other)
            if self.vectors.gold_alone
            else (self.vectors.embed(one), self.vectors.embed(other))
        )


def kept(odds: Floats, share: float) -> Floats:
    """The chance of each row to be kept: min(1, c x odds), with the mean `share`. `odds` are above 0."""
    low, high = 0.0, len(odds) / odds.min()  # with the latter all are kept
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1, middle * odds).mean() < share else (low, middle)
    return np.asarray(np.minimum(1, high * odds))


def odds_of_gold(
    vectors: tuple[NDArray[np.float32], NDArray[np.float32]], folds: tuple[NDArray[Any], NDArray[Any]]
) -> tuple[Floats, Floats]:
    """The odds of gold of every gold row and of every made row, by a classifier that did not learn its fold.

    Both sides count alike, however many rows they have, so that odds are a ratio of densities. Rows of a fold without
    which a side is empty have odds of 1.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # it comes with scikit-learn

    points = np.concatenate(vectors).astype(np.float64)
    side = np.repeat([1, 0], [len(part) for part in vectors])
    fold, odds, penalty = np.concatenate(folds), np.ones(len(points)), LOGIT_VARIANCE / points.shape[1]
    with threadpool_limits(1):  # sums in one order
        for number in np.unique(fold):
            learned, scored = fold != number, fold == number
            if len(np.unique(side[learned])) < 2:
                continue
            classifier = make_pipeline(
                StandardScaler(),
                LogisticRegression(C=penalty, class_weight="balanced", max_iter=1000),
            ).fit(points[learned], side[learned])
            odds[scored] = np.exp(np.clip(classifier.decision_function(points[scored]), -MOST, MOST))
    return odds[: len(vectors[0])], odds[len(vectors[0]) :]


def area_under_curve(real: Floats, made: Floats) -> tuple[float, float]:
    """The share of pairs of a gold and a made row in which gold has the higher score, and its standard error.

    The error is that of Hanley and McNeil 1982 (Radiology 143), widened for rows that share what was learned, as in
    Nadeau and Bengio 2003.
    """
    from scipy.stats import rankdata

    n, m = len(real), len(made)
    ranks = rankdata(np.concatenate([real, made]))
    area = float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
    above, below = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (n - 1) * (above - area**2) + (m - 1) * (below - area**2)
    shared = 1 + FOLDS / (FOLDS - 1)
    return area, float(max(0.0, variance * shared / (n * m)) ** 0.5)


def _groups(rows: Sequence[Example]) -> list[NDArray[np.intp]]:
    """The places of the rows of each label; of spans and texts there are no groups."""
    targets = [row.target if isinstance(row.target, int) else None for row in rows]
    return [
        np.asarray([place for place, one in enumerate(targets) if one == target])
        for target in dict.fromkeys(targets)
    ]


def _name(row: Example) -> tuple[str | int, ...]:
    """What a row is known by before it has an id: its question and its place in the answer, or where it was taken."""
    number = -1 if row.round is None else row.round
    return (number, row.prompt or "", row.seed or 0, row.place or 0, row.origin or "")
