"""Tables of a round: examples, errors beside the examples that were made of them, and what the audit found; and of a
run: the fate of every error.

Reads the record; does not know where a table is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.record.errors import ErrorHistory, new_text
from s3exp.types import Example, Prediction, Target

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord


@dataclass(frozen=True, slots=True)
class Card:
    """What a tracker is told of a run. `config` is shown as it is and must hold no secrets."""

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


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: the same columns, of the same types, in every round."""

    columns: list[str | int]  # names; W&B's type allows numbers
    data: list[list[str | int | float]]


def example_rows(record: RoundRecord, card: Card, limit: int) -> Rows:
    """The first rows that the round synthesized."""
    data: list[list[str | int | float]] = []
    for row in record.batch.examples[:limit]:
        texts = [row.fields.get(name, "") for name in card.fields]
        data.append([row.id, *texts, card.says(row.target), row.parent or ""])
    return Rows(["id", *card.fields, "label", "parent"], data)


def error_rows(record: RoundRecord, before: Mapping[str, Prediction], card: Card, limit: int) -> Rows:
    """The gold rows that the LLM was shown in this round, beside the rows that it made of them.

    `before` are the predictions of the round before, by row. Shown rows of which every completion
    was rejected come last, with no examples.
    """
    children: dict[str, list[Example]] = {}
    for row in record.batch.examples:
        if row.parent is not None:
            children.setdefault(row.parent, []).append(row)
    for rejected in record.batch.rejected:
        if rejected.parent is not None:
            children.setdefault(rejected.parent, [])
    data: list[list[str | int | float]] = []
    for parent in [key for key in children if key in card.mining][:limit]:
        gold, made = card.mining[parent], children[parent]
        shown = [gold.fields.get(name, "") for name in card.fields]
        predicted = card.says(before[parent].target) if parent in before else ""
        texts = "\n\n".join(f"[{card.says(row.target)}] {new_text(row.fields, gold.fields)}" for row in made)
        data.append([parent, *shown, card.says(gold.target), predicted, texts, len(made)])
    return Rows(["error", *card.fields, "label", "predicted", "examples", "count"], data)


def audit_rows(found: Sequence[Mapping[str, Any]], columns: Sequence[str], limit: int) -> Rows:
    """What the audit found in a round; a column has the type that its value in the first row has."""
    data: list[list[str | int | float]] = [[one[name] for name in columns] for one in found[:limit]]
    return Rows(list(columns), data)


def ledger_rows(histories: Sequence[ErrorHistory], card: Card, limit: int) -> Rows:
    """The mining rows that were ever wrong: one row each, with what was said of them after every round.

    `children` has the texts made of the row, by round.
    """
    rounds = histories[0].rounds if histories else ()
    data: list[list[str | int | float]] = []
    for history in histories[:limit]:
        texts = [history.fields.get(name, "") for name in card.fields]
        said = [f"{'right' if one.right else 'WRONG'}: {one.predicted}" for one in history.rounds]
        children = [
            f"[round {one.round}] {new_text(child.fields, history.fields)}"
            for one in history.rounds
            for child in one.children
        ]
        tokens = sum(child.tokens or 0 for child in history.children)
        about = (history.target, history.fate)
        data.append([history.error, *texts, *about, *said, "\n\n".join(children), tokens])
    said_names = [f"after round {one.round}" for one in rounds]
    return Rows(["error", *card.fields, "label", "fate", *said_names, "children", "tokens"], data)
