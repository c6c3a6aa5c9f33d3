"""Marks that predict the label of synthetic rows beyond chance and not of gold rows, grouped by what they echo.

A strong feature shows in many marks: a leading quote is a first character, a character, a punctuation mark more. They
are grouped under the mark that a reader understands best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from s3exp.audit.shortcuts.features import Mark
from s3exp.audit.shortcuts.marks import QUANTITIES, RANK
from s3exp.audit.shortcuts.statistic import (
    Counts,
    Effects,
    Flags,
    Floats,
    Rows,
    applied,
    beyond_chance,
    learned,
    z,
    z_beside,
)

ECHO = 0.5  # an echo keeps less than this of its squared z, given the better mark
SAME_EXCESS = 0.01  # within it, the more readable mark gives the name
COMMON = 0.1  # of the gold rows: a word of more is no peculiarity
SEVERAL = " (and other values tell too)"
EXCLUSIVE = ("wrapper", "case", "first character", "first word", "last character", "last word")
COMPARED = 150  # marks, with each other


@dataclass(frozen=True, slots=True)
class Finding:
    """A mark that leans to a label beyond chance, and the effect of its rule on both sides.

    `column` flags the synthetic rows with the mark. They lean to `label`; if not `telling`, the others do. `excess` is
    the part of the lift that gold does not show, `common` the share of the gold rows that have the mark.
    """

    mark: Mark
    column: Flags
    telling: bool
    label: int
    synthetic: Effects
    gold: Effects
    excess: float
    common: float

    @property
    def name(self) -> str:
        """The mark in words, or its absence."""
        return self.mark.yes if self.telling else self.mark.no

    @property
    def has(self) -> Flags:
        """The synthetic rows that lean to `label`."""
        return self.column if self.telling else ~self.column


def findings(marks: Sequence[Mark], ours: Rows, theirs: Rows, seed: int) -> list[Finding]:
    """The marks that beat chance after so many tries, alone or pooled, the largest lift first.

    Marks of which a row has at most one (openings, say) are pooled by the label that they lean to on half of the
    synthetic rows; the pool is tested on the other half.
    """
    half, all_rows = np.zeros(len(ours.labels), bool), np.ones(len(ours.labels), bool)
    shuffled = np.lexsort((np.random.default_rng(seed).random(len(half)), ours.labels))
    half[shuffled[::2]] = True  # of each label
    pools, columns = _pools(marks, ours.of(half))
    pooled = [Rows(side.labels, side.classes, (side.marks @ columns).tocsc()) for side in (ours, theirs)]
    leaning = [*_beyond(marks, ours, theirs, all_rows), *_beyond(pools, pooled[0], pooled[1], ~half)]
    return sorted(leaning, key=lambda finding: -float(finding.synthetic.lift[0]))[:COMPARED]


def _pools(marks: Sequence[Mark], taught: Rows) -> tuple[list[Mark], Any]:
    """Pools of marks, each named by its mark with the largest lean, and a sparse matrix of marks by pools."""
    from scipy.sparse import csr_matrix

    lean = z(taught.counts(), taught.sizes)
    members: dict[tuple[str, int], list[int]] = {}
    for column, mark in enumerate(marks):
        if mark.attribute in EXCLUSIVE:
            members.setdefault((mark.attribute, int(lean[:, column].argmax())), []).append(column)
    pools = [columns for columns in members.values() if len(columns) > 1]
    best = [marks[max(columns, key=lambda column: lean[:, column].max())] for columns in pools]
    named = [replace(mark, yes=mark.yes + SEVERAL, no=mark.no + SEVERAL, several=True) for mark in best]
    cells = [(column, pool) for pool, columns in enumerate(pools) for column in columns]
    of_mark, of_pool = np.array(cells, np.int64).reshape(-1, 2).T
    shape = (len(marks), len(pools))
    return named, csr_matrix((np.ones(len(cells), np.int32), (of_mark, of_pool)), shape=shape)


def _beyond(marks: Sequence[Mark], ours: Rows, theirs: Rows, judged: Flags) -> list[Finding]:
    """The marks that beat chance on the `judged` rows of our side."""
    rows = ours.of(judged)
    synthetic, gold = rows.counts(), theirs.counts()
    places = beyond_chance(synthetic, rows.sizes)
    places = places[np.argsort(-learned(synthetic[:, places], rows.sizes).lift, kind="stable")][:COMPARED]
    leaning = []
    for place in places.tolist():
        with_mark, of_gold = synthetic[:, [place]], gold[:, [place]]
        effect = learned(with_mark, rows.sizes)
        on_gold = applied(of_gold, theirs.sizes, effect.label, effect.other)
        share, common = with_mark.sum() / rows.sizes.sum(), float(of_gold.sum() / theirs.sizes.sum())
        # a reader notices the mark, or its absence, whichever is rarer in gold
        telling = bool((share + 0.02) / (common + 0.02) >= 0.8 * (1.02 - share) / (1.02 - common))
        excess = float(effect.lift[0] - max(on_gold.lift[0], 0.0))
        if marks[place].attribute == "word" and telling:
            lean = _shared_lean(with_mark[:, 0] / rows.sizes, of_gold[:, 0], theirs.sizes)
            excess = min(excess, float(effect.lift[0]) * (1 - lean))
        label = int((effect.label if telling else effect.other)[0])
        column = ours.column(place)
        leaning.append(Finding(marks[place], column, telling, label, effect, on_gold, excess, common))
    return leaning


def _shared_lean(rates: Floats, with_mark: Counts, sizes: Counts) -> float:
    """The part of a word's lean to a label that gold surely shows among its rows with the word, 0 to 1.

    A word that is rarer in gold has less lift there, but the same meaning. `rates` are the shares of each label's
    synthetic rows that have it; the counts are of gold.
    """
    if with_mark.sum() == 0:
        return 0.0
    label, chance, n, score = int(rates.argmax()), 1 / len(rates), with_mark.sum(), 1.645
    theirs = with_mark / sizes
    p = theirs[label] / theirs.sum()
    # the lower end of Wilson's interval, one-sided 95%
    root = np.sqrt(p * (1 - p) / n + score**2 / (4 * n**2))
    lower = (p + score**2 / (2 * n) - score * root) / (1 + score**2 / n)
    lean = rates[label] / rates.sum() - chance
    return float(np.clip((lower - chance) / lean, 0, 1)) if lean > 0 else 0.0


def alike(leaning: Sequence[Finding], labels: Counts) -> list[list[Finding]]:
    """Findings with an excess, the largest first; each with its echoes after it, under the most readable name."""
    groups: list[list[Finding]] = []
    left = list(leaning)
    while left:
        lead, group, rest = left[0], [left[0]], list[Finding]()
        for one in left[1:]:
            (group if _echoes(one, lead, labels) else rest).append(one)
        groups.append(_named(group))
        left = rest
    return sorted((group for group in groups if group[0].excess > 0), key=lambda group: -group[0].excess)


def _echoes(one: Finding, lead: Finding, labels: Counts) -> bool:
    """Whether a finding predicts little beyond the leading one, or cuts or pools the same attribute."""
    same = one.mark.attribute == lead.mark.attribute
    if same and (one.mark.attribute in QUANTITIES or (one.mark.several and lead.mark.several)):
        return True
    is_label = labels == one.label
    alone = z_beside(np.zeros_like(one.column), one.column, is_label)
    return z_beside(lead.column, one.column, is_label) ** 2 < ECHO * alone**2


def _named(group: Sequence[Finding]) -> list[Finding]:
    """Puts first the finding that gives the name: of those with about the largest excess, the plainest.

    One with less than half of the first one's lift gives no name: where gold explains the first, it explains that too.
    """
    able = [one for one in group if one.synthetic.lift[0] >= group[0].synthetic.lift[0] / 2]
    best = max(able, key=lambda one: one.excess)
    near = [
        one for one in able if one.excess >= best.excess - max(SAME_EXCESS, float(best.synthetic.error[0]))
    ]
    first = min(near, key=_plainness)
    return [first, *(one for one in group if one is not first)]


def _plainness(finding: Finding) -> tuple[bool, bool, bool, int, int]:
    """The plainest first: one value, a present one, a rare word, the order of attributes, the longest value.

    A longer text has more of all common words, and is better called longer.
    """
    mark = finding.mark
    common = mark.attribute in ("word", "character", "habit") and finding.common > COMMON
    return mark.several, not finding.telling, common, RANK[mark.attribute], -len(mark.value)
