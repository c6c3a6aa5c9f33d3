"""Label fidelity: the share of synthesized rows that carry the label that was asked for.

A judge reads each row and says a label. It errs, so the share of rows on which it agrees is no estimate: a perfect set
of rows has an agreement of the judge's own accuracy. Its answers on gold rows that it did not learn tell how often it
recognizes a label, and how often it says it of rows of other labels; Rogan and Gladen (1978) solve these for the share.
The estimate holds as far as the judge errs on synthesized rows as on gold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_SKILL = 0.3  # of the judge on a label: 0 is guessing, 1 is perfect; two labels: right on 65 % of either
LEAST_GOLD = 10  # gold rows of a label, to know the judge's errors on it
DRAWS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A judge's answers on gold rows that it did not learn: the rows' `labels` and what it `said`, (rows,) each."""

    labels: Ints
    said: Ints

    @property
    def accuracy(self) -> float:
        """The share of gold rows whose label it said; 0 without rows."""
        return float((self.labels == self.said).mean()) if len(self.labels) else 0.0

    def table(self, classes: int) -> Ints:
        """Gold rows by label and by what the judge said: (classes, classes)."""
        return np.bincount(self.labels * classes + self.said, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """An estimate for some rows, with its 95% interval; None where the judge cannot tell.

    `agreement` is the share of rows of which the judge said the label asked for. `by_label` are the estimates of single
    labels, by class index. `rows` counts the rows that the estimate stands on: `unknown` are the labels whose rows were
    left out, each with a reason.
    """

    share: float | None
    low: float | None
    high: float | None
    agreement: float
    rows: int
    by_label: Mapping[int, float] = field(default_factory=dict)
    unknown: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Skill:
    """A judge's skill by label, (classes,) each, from gold rows that it did not learn.

    `right` is how often it recognizes a label, `false` how often it says the label of rows of others, each other label
    counted alike. `drawn` are (draws, 2, classes) of both from their posterior. `unknown` are the labels on which it
    cannot be used, with the reason.
    """

    right: Floats
    false: Floats
    drawn: Floats
    unknown: Mapping[int, str]


def skill_of(trial: Trial, classes: int, seed: int) -> Skill:
    """What is known of a judge from its answers on gold."""
    counts, rng = trial.table(classes), np.random.default_rng(seed)
    sizes = counts.sum(1)
    seen = np.flatnonzero(sizes)
    drawn = np.zeros((DRAWS, 2, classes))
    right, false = np.zeros(classes), np.zeros(classes)
    for label in seen:
        others = np.arange(classes) != label
        shares = counts[label] / sizes[label]
        right[label] = shares[label]
        false[others] += shares[others]
        posterior = rng.dirichlet(counts[label] + 1 / classes, DRAWS)  # two labels: Jeffreys' prior
        drawn[:, 0, label] = posterior[:, label]
        drawn[:, 1, others] += posterior[:, others]
    # how many labels a row that is wrongly called this one can have
    others_seen = np.maximum(1, len(seen) - np.isin(np.arange(classes), seen))
    false /= others_seen
    drawn[:, 1] /= others_seen
    unknown: dict[int, str] = {}
    lowest = np.quantile(drawn[:, 0] - drawn[:, 1], 0.025, axis=0)
    for label in range(classes):
        skill = right[label] - false[label]
        if sizes[label] < LEAST_GOLD:
            unknown[label] = f"{sizes[label]} gold rows to try the judge on, and {LEAST_GOLD} are needed"
        elif skill < LEAST_SKILL or lowest[label] <= 0:
            unknown[label] = (
                f"the judge is too weak: it says the label of {right[label]:.0%} of the gold rows that have it, and of "
                f"{false[label]:.0%} of the others"
            )
    return Skill(right, false, drawn, unknown)


def fidelity(asked: Sequence[int] | Ints, said: Sequence[int] | Ints, skill: Skill, seed: int) -> Fidelity:
    """The share of rows that carry the label `asked`, from what the judge `said` of them.

    Raises:
        ValueError: there are no rows, or not as many answers.
    """
    wanted, answers = np.asarray(asked, np.int64), np.asarray(said, np.int64)
    if not len(wanted) or len(wanted) != len(answers):
        raise ValueError(f"{len(wanted)} rows need as many answers of the judge, and one at least")
    agreed, agreement = wanted == answers, float((wanted == answers).mean())
    rng = np.random.default_rng(seed)
    present = [int(label) for label in np.unique(wanted)]
    unknown = {label: skill.unknown[label] for label in present if label in skill.unknown}
    known = [label for label in present if label not in unknown]
    if not known:
        return Fidelity(None, None, None, agreement, 0, {}, unknown)
    total, drawn, rows, by_label = 0.0, np.zeros(DRAWS), 0, {}
    for label in known:
        count, yes = int((wanted == label).sum()), int(agreed[wanted == label].sum())
        right, false = skill.right[label], skill.false[label]
        own = (yes / count - false) / (right - false)
        by_label[label] = _share(own)
        draws = skill.drawn[:, :, label]
        gain = np.maximum(draws[:, 0] - draws[:, 1], LEAST_SKILL / 10)  # not 0
        drawn += count * (rng.beta(yes + 0.5, count - yes + 0.5, DRAWS) - draws[:, 1]) / gain
        # one label's estimate may pass 1 by chance: only their sum is cut
        total, rows = total + count * own, rows + count
    share = _share(total / rows)
    low, high = (_share(float(end)) for end in np.quantile(drawn / rows, (0.025, 0.975)))
    return Fidelity(share, min(low, share), max(high, share), agreement, rows, by_label, unknown)


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))
