"""Surface features of the generated text that predict the label of synthetic rows, and not that of gold rows.

Every mark of features.py is a rule (rules.py) that is judged on synthetic rows it was not learned from, then applied to
gold. Knows rows only: not the task, the LLM or the small model. Whether a word that predicts is part of what the text
means it cannot know either; where gold has the word with the same lean, it is not held against the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from s3exp.audit.features import Mark, surface
from s3exp.audit.marks import QUANTITIES, RANK, words_of
from s3exp.audit.partial_input import PartialInput, partial_input
from s3exp.audit.rules import Counts, Rows, Rule, Trials, kappa, sample, told_alone
from s3exp.seeds import derive
from s3exp.types import Example

CHANCE = 0.05  # of listing anything where there is nothing to find
ROWS = 20_000  # of more rows a sample is looked at
LEAST = 12  # synthetic rows of a label, for it to count
# a rule is named only beside a better one if their predictions have this kappa (90% of balanced rows agree),
LIKE = 0.8
ECHO = 0.5  # or if it keeps less than this of what it tells, once the better one is known
NEAR = 0.01  # excess within which the more readable of two such rules gives the name
PROMISING = 150  # rules that are compared with each other
NOISE = 2.33  # standard errors between the lifts of a strong shortcut (1%, one-sided)
EXAMPLE = 200  # characters of an example


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A rule that predicts the label from the surface, and what it is worth.

    `name` says how a row that has the telling `value` looks, `label` is the class that such a row gets, `rows` of the
    synthetic rows have it and `example` is the beginning of one. `accuracy` is out of sample; `majority` is the share
    of the largest class. `recall` is the mean over the classes, `lift` and `gold_lift` what it is above chance (with
    balanced classes: accuracy less majority), `excess` is the part of the lift that gold does not show. `also` names
    the rules that tell next to nothing more. A `strong` one has an excess of a tenth of all that a yes-or-no rule
    can gain (0.05 for two classes), beyond the noise of gold's lift. All figures are shares of 1.
    """

    name: str
    family: str
    value: str
    label: int
    rows: int
    accuracy: float
    majority: float
    recall: float
    lift: float
    gold_accuracy: float
    gold_majority: float
    gold_lift: float
    excess: float
    strong: bool
    example: str
    also: tuple[str, ...] = ()

    def line(self, generate: str, labels: Sequence[str]) -> str:
        """The shortcut in one line; `generate` is the field that has it, `labels` are the names of the classes."""
        skewed = abs(self.accuracy - self.majority - self.lift) > 0.02
        recall = f", mean recall {self.recall:.2f} against {self.recall - self.lift:.2f}" if skewed else ""
        return (
            f"{generate} {self.name}: {labels[self.label]}; right for {self.accuracy:.2f} of the rows "
            f"(majority {self.majority:.2f}{recall}), on gold {self.gold_accuracy:.2f} ({self.gold_majority:.2f})"
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Shortcuts, strongest first, out of `tried` rules; what single fields tell; how many rows were looked at."""

    shortcuts: tuple[Shortcut, ...] = ()
    partial_input: tuple[PartialInput, ...] = ()
    tried: int = 0
    rows: int = 0
    gold_rows: int = 0

    @property
    def strong(self) -> tuple[Shortcut, ...]:
        """Those to worry about."""
        return tuple(shortcut for shortcut in self.shortcuts if shortcut.strong)


@dataclass(frozen=True, slots=True)
class _Finding:
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


def shortcuts(
    made: Sequence[Example], gold: Sequence[Example], generate: str, labels: int, seed: int, top: int = 20
) -> Found:
    """Look for surface features of the field `generate` that tell the label of synthetic rows, and not of gold rows.

    Of more than 20,000 rows a sample is taken. Labels with fewer than 12 synthetic rows, or no gold row, are left out
    with their rows; where fewer than two labels are left, nothing is found. What is listed beats chance at the 5%
    level, corrected for the number of rules tried (Bonferroni), and has a positive excess.

    Args:
        made: synthetic rows.
        gold: human rows of the same task.
        generate: name of the field that the LLM wrote.
        labels: number of classes.
        seed: of the samples and of the folds; same rows and seed, same result.
        top: how many shortcuts to list at most.
    """
    made, gold = (sample(rows, ROWS, derive(seed, "audit", "rows")) for rows in (made, gold))
    kept = np.flatnonzero((_sizes(made, labels) >= LEAST) & (_sizes(gold, labels) > 0)).tolist()
    made = [row for row in made if row.label in kept]
    gold = [row for row in gold if row.label in kept]
    if len(kept) < 2:
        return Found(rows=len(made), gold_rows=len(gold))
    seen = surface([row.fields for row in made], [row.fields for row in gold], generate)
    ours, theirs = _rows(made, kept, seen.made), _rows(gold, kept, seen.gold)
    trials = Trials(ours, theirs, _groups(seen.marks), derive(seed, "audit", "folds"))
    texts = [row.fields[generate] for row in made]
    listed = [
        _shortcut(group, trials, kept, (ours, theirs), texts)
        for group in _alike(_findings(trials, seen.marks, ours), ours.labels)[:top]
    ]
    fields = list(made[0].fields) if len(made[0].fields) > 1 else []
    partial = [partial_input(made, gold, name, derive(seed, "audit", "partial")) for name in fields]
    return Found(tuple(listed), tuple(partial), len(trials.columns), len(made), len(gold))


def balance(
    made: Sequence[Example], gold: Sequence[Example], labels: int, generate: str | None = None
) -> dict[str, float]:
    """How the rows are spread over the labels, and how long they are, beside gold.

    Words are those of the field `generate`, or of all fields. `label_distance` is the largest difference of a label's
    share from gold's; `words/<label>` are mean words of its rows and `words_ratio` the largest over the smallest of
    them, as `gold_words_ratio` is for gold; `words`, `gold_words`: means of all rows. What has no rows is left out.
    """
    numbers: dict[str, float] = {}
    for prefix, rows in (("", made), ("gold_", gold)):
        lengths = np.array([_length(row, generate) for row in rows])
        of = np.array([row.label for row in rows], np.int64)
        means = {label: float(lengths[of == label].mean()) for label in range(labels) if (of == label).any()}
        if means:
            numbers[f"{prefix}words"] = float(lengths.mean())
            numbers[f"{prefix}words_ratio"] = max(means.values()) / max(min(means.values()), 1e-9)
            numbers |= {f"{prefix}words/{label}": mean for label, mean in means.items()}
    if made and gold:
        shares = [_sizes(rows, labels) / len(rows) for rows in (made, gold)]
        numbers["label_distance"] = float(np.abs(shares[0] - shares[1]).max())
    return numbers


def _length(row: Example, generate: str | None) -> int:
    texts = row.fields.values() if generate is None else [row.fields[generate]]
    return sum(len(words_of(text)) for text in texts)


def _sizes(rows: Sequence[Example], labels: int) -> Counts:
    return np.bincount(np.array([row.label for row in rows], np.int64), minlength=labels)[:labels]


def _rows(rows: Sequence[Example], kept: list[int], marks: object) -> Rows:
    return Rows(np.array([kept.index(row.label) for row in rows], np.int64), len(kept), marks)


def _groups(marks: Sequence[Mark]) -> list[list[int]]:
    """The marks of each attribute of which a row has at most one: together they are a rule too."""
    groups: dict[str, list[int]] = {}
    for column, mark in enumerate(marks):
        if mark.one_of:
            groups.setdefault(mark.attribute, []).append(column)
    return [group for group in groups.values() if len(group) > 1]


def _findings(trials: Trials, marks: Sequence[Mark], ours: Rows) -> list[_Finding]:
    """The rules that beat chance after so many tries, the one that tells most first."""
    made, gold = trials.made, trials.gold
    # both: one knows how few rows a rare label has, the other that rules which are chosen from many values overfit
    sure = (made.lift > _beyond(trials) * made.error) & (trials.p < CHANCE / len(trials.columns))
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
        found.append(_Finding(place, rule, telling, label, rule.predict(ours), lift, error, excess, mark))
    return found


def _beyond(trials: Trials) -> float:
    """Standard errors that chance exceeds in one of twenty files, after so many tries."""
    return NormalDist().inv_cdf(1 - CHANCE / len(trials.columns))


def _telling(rule: Rule) -> int:
    """The value that makes the rule: what is more usual in synthetic rows than in gold, or what moves most rows."""
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


def _alike(findings: Sequence[_Finding], labels: Counts) -> list[list[_Finding]]:
    """Findings with an excess, the largest first; each with its echoes after it, under the most readable name."""
    groups: list[list[_Finding]] = []
    for finding in findings:
        for group in groups:
            if _echoes(finding, group[0], labels):
                group.append(finding)
                break
        else:
            groups.append([finding])
    named = [_named(group) for group in groups]
    return sorted((group for group in named if group[0].excess > 0), key=lambda group: -group[0].excess)


def _named(group: Sequence[_Finding]) -> list[_Finding]:
    """Puts first what gives the name: about the largest excess, and of these the plainest.

    What tells less than half of what the first rule does cannot speak for it: where gold explains that rule, it
    explains the echo too.
    """
    able = [finding for finding in group if finding.lift >= group[0].lift / 2]
    best = max(able, key=lambda finding: finding.excess)
    near = [finding for finding in able if finding.excess >= best.excess - max(NEAR, best.error)]
    first = min(near, key=_plainness)
    return [first, *(finding for finding in group if finding is not first)]


def _plainness(finding: _Finding) -> tuple[bool, bool, int, int]:
    """One value before several, what is there before what is missing, the order of attributes, the longest value."""
    several = len(finding.rule.columns) > 1
    return several, finding.telling == 0, RANK[finding.mark.attribute], -len(finding.mark.value)


def _echoes(other: _Finding, lead: _Finding, labels: Counts) -> bool:
    """Whether a rule is nearly a better one, tells next to nothing beside it, or cuts the same quantity elsewhere."""
    if lead.mark.attribute in QUANTITIES and other.mark.attribute == lead.mark.attribute:
        return True
    if kappa(lead.predicted == lead.label, other.predicted == lead.label) >= LIKE:
        return True
    return told_alone(other.predicted, lead.predicted, labels) < ECHO


def _shortcut(
    group: Sequence[_Finding],
    trials: Trials,
    kept: Sequence[int],
    sides: tuple[Rows, Rows],
    texts: Sequence[str],
) -> Shortcut:
    finding, made, gold = group[0], trials.made, trials.gold
    place, rule = finding.place, finding.rule
    lift, gold_lift = float(made.lift[place]), float(gold.lift[place])
    noise = NOISE * float(np.hypot(made.error[place], gold.error[place]))
    has = np.flatnonzero(rule.values(sides[0]) == finding.telling)
    typical = [row for row in has if sides[0].labels[row] == finding.label]
    return Shortcut(
        name=finding.name,
        family=finding.mark.family,
        value=finding.mark.value,
        label=kept[finding.label],
        rows=len(has),
        accuracy=float(made.accuracy[place]),
        majority=_majority(sides[0]),
        recall=lift + 1 / len(kept),
        lift=lift,
        gold_accuracy=float(gold.accuracy[place]),
        gold_majority=_majority(sides[1]),
        gold_lift=gold_lift,
        excess=finding.excess,
        strong=finding.excess >= 0.1 / len(kept) and lift - gold_lift > noise,
        example=texts[typical[0]][:EXAMPLE],
        also=tuple(dict.fromkeys(other.name for other in group[1:])),
    )


def _majority(rows: Rows) -> float:
    return float(np.bincount(rows.labels).max() / len(rows.labels))
