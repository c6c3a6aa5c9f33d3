"""Tables of a round (examples, errors beside their children, the audit's) and of a run (the fate of every error).

Knows the record; does not know W&B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.record.errors import ErrorHistory, children_of, new_text
from s3exp.types import Example, Prediction, Target

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord


@dataclass(frozen=True, slots=True)
class Card:
    """The facts of a run that a tracker shows. `config` is shown unchanged and must hold no secrets."""

    folder: Path  # the run directory
    id: str  # the same for the same record
    name: str
    config: Mapping[str, Any]
    fields: Sequence[str]  # the task's input columns
    says: Callable[[Target], str]  # a target in words
    mining: Mapping[str, Example]  # the gold rows that errors are mined from, by id
    group: str | None = None
    job_type: str | None = None
    tags: Sequence[str] = ()
    notes: str = ""
    reused: bool = False  # the record was made for another group
    metric: str = "accuracy"  # the task's primary one
    task: str = ""
    gold: str = ""  # the digest of the gold rows
    # the data set of another run whose rows this one trains on, by its name in W&B
    rows_from: str | None = None


Data = list[list[str | int | float]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: the same columns, of the same types, in every round."""

    columns: list[str | int]  # names; W&B's type allows numbers
    data: Data


def example_rows(record: RoundRecord, card: Card, limit: int) -> Rows:
    """The first rows that the round synthesized."""
    data: Data = [
        [row.id, *_texts(row.fields, card), card.says(row.target), row.parent or ""]
        for row in record.batch.examples[:limit]
    ]
    return Rows(["id", *card.fields, "label", "parent"], data)


def error_rows(record: RoundRecord, before: Mapping[str, Prediction], card: Card, limit: int) -> Rows:
    """The gold rows in this round's prompts, beside their children.

    `before` are the predictions of the round before, by row. Gold rows whose children were all rejected come last.
    """
    families = children_of(record.batch.examples)
    for rejected in record.batch.rejected:
        if rejected.parent is not None:
            families.setdefault(rejected.parent, [])
    data: Data = []
    for parent in [key for key in families if key in card.mining][:limit]:
        gold, children = card.mining[parent], families[parent]
        predicted = card.says(before[parent].target) if parent in before else ""
        texts = [f"[{card.says(row.target)}] {new_text(row.fields, gold.fields)}" for row in children]
        about = (*_texts(gold.fields, card), card.says(gold.target), predicted)
        data.append([parent, *about, "\n\n".join(texts), len(children)])
    return Rows(["error", *card.fields, "label", "predicted", "examples", "count"], data)


def audit_rows(table: Sequence[Mapping[str, Any]], columns: Sequence[str], limit: int) -> Rows:
    """A table of the audit; the first row sets the types of its columns."""
    return Rows(list(columns), [[one[name] for name in columns] for one in table[:limit]])


def ledger_rows(histories: Sequence[ErrorHistory], card: Card, limit: int) -> Rows:
    """The mining rows that were ever wrong: their text, the prediction after every round, and their children."""
    rounds = histories[0].rounds if histories else ()
    data: Data = []
    for history in histories[:limit]:
        predicted = [f"{'right' if one.right else 'WRONG'}: {one.predicted}" for one in history.rounds]
        children = [
            f"[round {one.round}] {new_text(child.fields, history.fields)}"
            for one in history.rounds
            for child in one.children
        ]
        tokens = sum(child.tokens or 0 for child in history.children)
        about = (*_texts(history.fields, card), history.target, history.fate)
        data.append([history.error, *about, *predicted, "\n\n".join(children), tokens])
    after = [f"after round {one.round}" for one in rounds]
    return Rows(["error", *card.fields, "label", "fate", *after, "children", "tokens"], data)


def _texts(fields: Mapping[str, str], card: Card) -> list[str]:
    return [fields.get(name, "") for name in card.fields]
