"""Which rules tell the label of synthetic rows beyond chance, and which of them only echo another.

A strong feature shows in many marks: a leading quote is a first character, a character, a punctuation mark more. They
are put together under the one that a reader understands best. Knows rules (rules.py) and what their marks are called
(marks.py); not which finding is bad enough to report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from s3exp.audit.shortcuts.features import Mark
from s3exp.audit.shortcuts.marks import QUANTITIES, RANK
from s3exp.audit.shortcuts.rules import Counts, Rows, Rule, Trials, kappa, told_beside

CHANCE = 0.05  # of listing anything where there is nothing to find
# a rule is named only beside a better one if their predictions have this kappa (90% of balanced rows agree),
LIKE = 0.8
ECHO = 0.5  # or if it keeps less than this of what it tells, once the better one is known
NEAR = 0.01  # excess within which the more readable of two such rules gives the name
COMMON = 0.1  # of the gold rows: a word of more is no peculiarity
PROMISING = 150  # rules that are compared with each other


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that beats chance: its place among all, its telling value and that value's label, and how it is named.

    `predicted` are the labels it gives to the synthetic rows.
    """

    place: int
    rule: Rule
    telling: int
    label: int
    predicted: Counts
    lift: float
    error: float
    excess: float
    mark: Mark

    @property
    def name(self) -> str:
        """What a row with the telling value looks like."""
        several = " (and other values tell too)" if len(self.rule.columns) > 1 else ""
        return (self.mark.yes if self.telling else self.mark.no) + several


def findings(trials: Trials, marks: Sequence[Mark], ours: Rows) -> list[Finding]:
    """The rules that beat chance after so many tries, the one that tells most first."""
    made, gold = trials.made, trials.gold
    # both: one knows how few rows a rare label has, the other that rules which are chosen from many values overfit
    chance = CHANCE / max(len(trials.columns), 1)
    sure = (made.lift > NormalDist().inv_cdf(1 - chance) * made.error) & (trials.p < chance)
    places = np.flatnonzero(sure)
    found = []
    for place in places[np.argsort(-made.lift[places], kind="stable")][:PROMISING].tolist():
        rule = trials.rule(place)
        telling = _telling(rule)
        label = int(rule.best[telling])
        mark = marks[rule.columns[max(telling, 1) - 1]]
        lift, error = float(made.lift[place]), float(made.error[place])
        excess = lift - max(float(gold.lift[place]), 0.0)
        if mark.attribute == "word" and telling:
            excess = min(excess, lift * (1 - _shared_lean(rule, label)))
        found.append(Finding(place, rule, telling, label, rule.predict(ours), lift, error, excess, mark))
    return found


def _telling(rule: Rule) -> int:
    """The value to name: of a mark and its absence what gold has more rarely, of several what also moves most rows."""
    made, gold = (counts.sum(axis=0) / counts.sum() for counts in (rule.made, rule.gold))
    if len(rule.columns) == 1:
        more = (made + 0.02) / (gold + 0.02)
        return int(more[1] >= 0.8 * more[0])
    rates = rule.rates
    gain = rates.max(axis=0) - rates.mean(axis=0)
    new = 1 - np.minimum((gold + 0.01) / (made + 0.01), 0.9)
    return 1 + int((gain * new)[1:].argmax())


def _shared_lean(rule: Rule, label: int) -> float:
    """How much of a word's lean to a label gold surely shows among its rows with the word, 0 to 1.

    A word that is rarer in gold has less lift there, but what it means it means there too.
    """
    ours, theirs = (c[:, 1] / c.sum(axis=1) for c in (rule.made, rule.gold))
    if theirs.sum() == 0:
        return 0.0
    chance = 1 / len(ours)
    p, n, z = theirs[label] / theirs.sum(), rule.gold[:, 1].sum(), 1.645
    # the lower end of Wilson's interval, one-sided 95%
    lower = (p + z**2 / (2 * n) - z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))) / (1 + z**2 / n)
    lean = ours[label] / ours.sum() - chance
    return float(np.clip((lower - chance) / lean, 0, 1)) if lean > 0 else 0.0


def alike(found: Sequence[Finding], labels: Counts) -> list[list[Finding]]:
    """Findings with an excess, the largest first; each with its echoes after it, under the most readable name."""
    groups: list[list[Finding]] = []
    left = list(found)
    while left:
        echo = _echoes(left, labels)
        groups.append([finding for finding, is_echo in zip(left, echo, strict=True) if is_echo])
        left = [finding for finding, is_echo in zip(left, echo, strict=True) if not is_echo]
    named = [_named(group) for group in groups]
    return sorted((group for group in named if group[0].excess > 0), key=lambda group: -group[0].excess)


def _echoes(found: Sequence[Finding], labels: Counts) -> list[bool]:
    """Which findings are nearly the first, tell little beside it, or cut the same quantity; the first is one."""
    lead = found[0]
    predicted = np.stack([finding.predicted for finding in found], axis=1)
    nearly = kappa(lead.predicted == lead.label, predicted == lead.label) >= LIKE
    nearly[0] = True
    says = predicted == np.array([finding.label for finding in found])
    overall = told_beside(np.zeros_like(labels), says, labels)
    little = told_beside(lead.predicted, says, labels) < ECHO * overall
    attributes = [finding.mark.attribute for finding in found]
    cut = [name == attributes[0] and name in QUANTITIES for name in attributes]
    return [bool(any(reasons)) for reasons in zip(nearly, little, cut, strict=True)]


def _named(group: Sequence[Finding]) -> list[Finding]:
    """Puts first what gives the name: about the largest excess, and of these the plainest.

    What tells less than half of what the first rule does cannot speak for it: where gold explains that rule, it
    explains the echo too.
    """
    able = [finding for finding in group if finding.lift >= group[0].lift / 2]
    best = max(able, key=lambda finding: finding.excess)
    near = [finding for finding in able if finding.excess >= best.excess - max(NEAR, best.error)]
    first = min(near, key=_plainness)
    return [first, *(finding for finding in group if finding is not first)]


def _plainness(finding: Finding) -> tuple[bool, bool, bool, int, int]:
    """One value before several, what is there before what is missing, the order of attributes, the longest value.

    A word that is common in gold too comes last: a longer text has more of all of them, and is better called longer.
    """
    mark, gold = finding.mark, finding.rule.gold
    common = mark.attribute in ("word", "character", "habit") and gold[:, 1].sum() > COMMON * gold.sum()
    several = len(finding.rule.columns) > 1
    return several, finding.telling == 0, bool(common), RANK[mark.attribute], -len(mark.value)
