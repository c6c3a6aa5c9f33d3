"""Surface features of the generated text that predict the label of synthetic rows, and not that of gold rows.

Every mark of features.py is a rule: rows with it get one label, rows without it another. statistic.py tests which marks
lean to a label beyond chance; telling.py compares their lean with gold's and groups marks that predict the same. A
word may predict the label by its meaning: then it has the same lean in gold, and is no shortcut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s3exp.audit.shortcuts.features import surface
from s3exp.audit.shortcuts.marks import words_of
from s3exp.audit.shortcuts.partial_input import PartialInput, partial_input, sample
from s3exp.audit.shortcuts.statistic import Counts, Rows
from s3exp.audit.shortcuts.telling import Finding, alike, findings
from s3exp.seeds import derive
from s3exp.types import Example

SAMPLE = 20_000
LEAST_ROWS = 12  # synthetic, of a label
STRONG_Z = 2.33  # of the difference of the lifts (1%, one-sided)
EXAMPLE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A rule that predicts the label from the surface, and its accuracy on synthetic and gold rows.

    `name` describes a row with the mark's `value`, `label` is the class that such a row gets, `rows` counts the
    synthetic rows that have it and `example` is the beginning of one. `majority` is the share of the largest class.
    `recall` is the mean over the classes, `lift` and `gold_lift` its distance from chance (with balanced classes:
    accuracy less majority), `excess` the part of the lift that gold does not show. `also` names rules that predict the
    same. A `strong` shortcut has an excess of a tenth of all that a yes-or-no rule can gain (0.05 for two classes),
    beyond the noise of gold's lift. All figures are shares of 1.
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
    """Shortcuts, strongest first, out of `tried` rules; the accuracy of single fields; the rows compared.

    `carriers` are, for each shortcut, the ids of the rows that have its mark and its label.
    """

    shortcuts: tuple[Shortcut, ...] = ()
    partial_input: tuple[PartialInput, ...] = ()
    tried: int = 0
    rows: int = 0
    gold_rows: int = 0
    carriers: tuple[tuple[str, ...], ...] = ()

    @property
    def strong(self) -> tuple[Shortcut, ...]:
        """The strong shortcuts."""
        return tuple(shortcut for shortcut in self.shortcuts if shortcut.strong)


def shortcuts(
    synthetic: Sequence[Example],
    gold: Sequence[Example],
    generate: str,
    labels: int,
    seed: int,
    top: int = 20,
) -> Found:
    """Surface features of the field `generate` that predict the label of synthetic rows, and not of gold rows.

    Of more than 20,000 rows a sample is taken. Labels with fewer than 12 synthetic rows, or no gold row, are left out
    with their rows; with fewer than two labels left there are no shortcuts. A listed shortcut beats chance at the 5%
    level, corrected for the number of rules tried (Bonferroni), and has a positive excess. `labels` is the number of
    classes, `top` the most shortcuts to list.
    """
    synthetic, gold = (sample(rows, SAMPLE, derive(seed, "audit", "rows")) for rows in (synthetic, gold))
    present = np.flatnonzero((_sizes(synthetic, labels) >= LEAST_ROWS) & (_sizes(gold, labels) > 0)).tolist()
    synthetic = [row for row in synthetic if row.label in present]
    gold = [row for row in gold if row.label in present]
    if len(present) < 2:
        return Found(rows=len(synthetic), gold_rows=len(gold))
    marked = surface([row.fields for row in synthetic], [row.fields for row in gold], generate)
    ours, theirs = _rows(synthetic, present, marked.synthetic), _rows(gold, present, marked.gold)
    texts = [row.fields[generate] for row in synthetic]
    leaning = findings(marked.marks, ours, theirs, derive(seed, "audit", "halves"))
    groups = alike(leaning, ours.labels)[:top]
    listed = tuple(_shortcut(group, present, (ours, theirs), texts) for group in groups)
    fields = list(synthetic[0].fields) if len(synthetic[0].fields) > 1 else []
    partial = tuple(partial_input(synthetic, gold, name, derive(seed, "audit", "partial")) for name in fields)
    carriers = tuple(_carriers(group[0], synthetic, ours.labels) for group in groups)
    return Found(listed, partial, len(marked.marks), len(synthetic), len(gold), carriers)


def balance(
    synthetic: Sequence[Example], gold: Sequence[Example], labels: int, generate: str | None = None
) -> dict[str, float]:
    """The balance of labels, and the lengths of rows, beside gold.

    `label_distance` is the largest difference of a label's share from gold's. `words` are the mean words of the
    field `generate` (or of all fields), `words/<label>` that of a label's rows, and `words_ratio` the largest of these
    over the smallest. The same for gold begin with `gold_`. A number without rows is left out.
    """
    numbers: dict[str, float] = {}
    for prefix, rows in (("", synthetic), ("gold_", gold)):
        texts = [row.fields.values() if generate is None else [row.fields[generate]] for row in rows]
        lengths = np.array([sum(len(words_of(text)) for text in row) for row in texts])
        own = np.array([row.label for row in rows], np.int64)
        means = {label: float(lengths[own == label].mean()) for label in range(labels) if label in own}
        if means:
            numbers[f"{prefix}words"] = float(lengths.mean())
            numbers[f"{prefix}words_ratio"] = max(means.values()) / max(min(means.values()), 1e-9)
            numbers |= {f"{prefix}words/{label}": mean for label, mean in means.items()}
    if synthetic and gold:
        shares = [_sizes(rows, labels) / len(rows) for rows in (synthetic, gold)]
        numbers["label_distance"] = float(np.abs(shares[0] - shares[1]).max())
    return numbers


def _sizes(rows: Sequence[Example], labels: int) -> Counts:
    return np.bincount(np.array([row.label for row in rows], np.int64), minlength=labels)[:labels]


def _rows(rows: Sequence[Example], present: list[int], marks: object) -> Rows:
    return Rows(np.array([present.index(row.label) for row in rows], np.int64), len(present), marks)


def _shortcut(
    group: Sequence[Finding], present: Sequence[int], sides: tuple[Rows, Rows], texts: Sequence[str]
) -> Shortcut:
    finding, classes = group[0], len(present)
    synthetic, gold = finding.synthetic, finding.gold
    lift, gold_lift = float(synthetic.lift[0]), float(gold.lift[0])
    noise = STRONG_Z * float(np.hypot(synthetic.error[0], gold.error[0]))
    typical = np.flatnonzero(finding.has & (sides[0].labels == finding.label))
    return Shortcut(
        name=finding.name,
        family=finding.mark.family,
        value=finding.mark.value,
        label=present[finding.label],
        rows=int(finding.has.sum()),
        accuracy=float(synthetic.accuracy[0]),
        majority=_majority(sides[0]),
        recall=lift + 1 / classes,
        lift=lift,
        gold_accuracy=float(gold.accuracy[0]),
        gold_majority=_majority(sides[1]),
        gold_lift=gold_lift,
        excess=finding.excess,
        strong=finding.excess >= 0.1 / classes and lift - gold_lift > noise,
        example=texts[typical[0]][:EXAMPLE_LENGTH],
        also=tuple(dict.fromkeys(other.name for other in group[1:])),
    )


def _carriers(finding: Finding, rows: Sequence[Example], labels: Counts) -> tuple[str, ...]:
    return tuple(rows[place].id for place in np.flatnonzero(finding.has & (labels == finding.label)))


def _majority(rows: Rows) -> float:
    return float(np.bincount(rows.labels).max() / len(rows.labels))
