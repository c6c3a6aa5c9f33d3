"""The error ledger: every gold mining row that was ever wrong, its children, and its fate round by round.

Children are the rows that the LLM wrote after the error. A fixed error does not prove that they fixed it: the numbers
stand beside those of errors without children.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.record.rounds import RoundRecord, plain
from s3exp.types import NO_ANSWER, Batch, Example, Target, UserError

if TYPE_CHECKING:
    from s3exp.tasks.task import Task

NAME = "ledger.jsonl"  # in a run directory


@dataclass(frozen=True, slots=True)
class Child:
    """A row that the LLM wrote after an error; `tokens` count its prompt and completion."""

    id: str
    fields: Mapping[str, str]
    label: str
    prompt: str | None
    seed: int | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class ErrorRound:
    """One round of an error: the small model's prediction after it, the probability, and this round's children."""

    round: int
    right: bool
    predicted: str
    score: float
    children: tuple[Child, ...]

    @property
    def name(self) -> str:
        """`seed`, `round 1` and so on."""
        return "seed" if self.round == 0 else f"round {self.round}"


@dataclass(frozen=True, slots=True)
class ErrorHistory:
    """A gold mining row that was wrong after some round: its text, its `fate` in words, and all rounds."""

    error: str
    fields: Mapping[str, str]
    target: str
    group: str | None
    fate: str
    rounds: tuple[ErrorRound, ...]

    @property
    def children(self) -> list[Child]:
        """Its children in the order of the rounds."""
        return [child for one in self.rounds for child in one.children]


def ledger_numbers(missed_before: set[str], missed: set[str], batch: Batch) -> dict[str, float]:
    """The effect of a round on its errors, from the ids of wrong mining rows before and after it.

    `errors_fixed`, `errors_still` and `errors_new` (newly broken) count mining rows. `ledger/children_fixed` and
    `ledger/children_still` count children of errors that are now right, or still wrong. `ledger/fixed_share_with` and
    `_without` are the fixed shares of errors with and without children in this round. `ledger/fixed_per_row` and
    `ledger/fixed_per_1k_tokens` divide fixed errors by new rows, and by LLM tokens (rejected answers included).
    """
    fixed, still = missed_before - missed, missed_before & missed
    children = Counter(row.parent for row in batch.examples if row.parent is not None)
    numbers: dict[str, float] = {
        "errors_fixed": len(fixed),
        "errors_still": len(still),
        "errors_new": len(missed - missed_before),
    }
    if not children:
        return numbers
    numbers |= {
        "ledger/children_fixed": sum(children[name] for name in fixed),
        "ledger/children_still": sum(children[name] for name in still),
    }
    parents = {name for name in missed_before if children[name]}
    for name, group in (("with", parents), ("without", missed_before - parents)):
        if group:
            numbers[f"ledger/fixed_share_{name}"] = len(group & fixed) / len(group)
    counts = [c.tokens for _, c in batch.asked if c.tokens is not None or c.finish_reason not in NO_ANSWER]
    tokens = 0 if None in counts else sum(count for count in counts if count is not None)
    numbers["ledger/fixed_per_row"] = len(fixed) / len(batch.examples)
    if tokens:
        numbers["ledger/fixed_per_1k_tokens"] = 1000 * len(fixed) / tokens
    return numbers


def ledger(task: Task, records: Sequence[RoundRecord]) -> list[ErrorHistory]:
    """One history for every mining row that was wrong after some round, in the order of `mining`."""
    mining = task.gold.mining
    wrong = [{row.id for row in task.wrong(mining, record.predictions)} for record in records]
    guesses = [{guess.id: guess for guess in record.predictions} for record in records]
    families = [children_of(record.batch.examples) for record in records]
    histories = []
    for row in mining:
        right = [row.id not in missed for missed in wrong]
        if all(right):
            continue
        rounds = []
        for place, record in enumerate(records):
            guess = guesses[place][row.id]
            children = tuple(_child(child, task.says) for child in families[place].get(row.id, ()))
            predicted, score = task.says(guess.target), round(guess.score, 4)
            rounds.append(ErrorRound(record.round, right[place], predicted, score, children))
        target = task.says(row.target)
        histories.append(
            ErrorHistory(row.id, dict(row.fields), target, row.group, fate(right), tuple(rounds))
        )
    return histories


def line_of(history: ErrorHistory) -> dict[str, Any]:
    """A history as a line of ledger.jsonl."""
    rounds = [{**plain(one), "children": list(map(plain, one.children))} for one in history.rounds]
    return {**plain(history), "rounds": rounds}


def history_of(line: Mapping[str, Any]) -> ErrorHistory:
    """The history in a line of ledger.jsonl. Raises ValueError where the line holds none."""
    try:
        rounds = tuple(
            ErrorRound(**{**one, "children": tuple(Child(**child) for child in one["children"])})
            for one in line["rounds"]
        )
        history = ErrorHistory(**{**line, "rounds": rounds})
        texts = [history.error, history.target, history.fate, *history.fields.values()]
        texts += [one.predicted for one in rounds]
        known = all(isinstance(text, str) for text in texts) and all(math.isfinite(r.score) for r in rounds)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no history of an error: {error}") from error
    if not rounds or not known:
        raise ValueError("no history of an error: a text, a score or the rounds are missing")
    return history


def read_ledger(folder: Path) -> list[ErrorHistory]:
    """The error ledger of a run. Raises UserError where none can be read."""
    path = folder / NAME
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return [history_of(json.loads(line)) for line in lines if line]
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no error ledger of a run can be read there ({error})") from error


def find_error(folder: Path, name: str) -> ErrorHistory:
    """The history of one mining row. Raises UserError without a ledger, or if the row was never wrong."""
    histories = {history.error: history for history in read_ledger(folder)}
    if name not in histories:
        some = ", ".join(list(histories)[:5]) or "none"
        raise UserError(f"{folder}: no mining row {name} was ever wrong; those that were: {some}, ...")
    return histories[name]


def fate(right: Sequence[bool]) -> str:
    """The fate of a row that was right or wrong after each round: `fixed in 1, broken in 2`."""
    if not any(right):
        return "never right"
    turns = [
        f"{'fixed' if now else 'broken'} in {number}"
        for number, (before, now) in enumerate(pairwise(right), start=1)
        if before != now
    ]
    return ", ".join(turns)


def children_of(rows: Sequence[Example]) -> dict[str, list[Example]]:
    """Synthesized rows by the error that they were written after; without those of no error."""
    children: dict[str, list[Example]] = {}
    for row in rows:
        if row.parent is not None:
            children.setdefault(row.parent, []).append(row)
    return children


def _child(row: Example, says: Callable[[Target], str]) -> Child:
    return Child(row.id, dict(row.fields), says(row.target), row.prompt, row.seed, row.tokens)


def new_text(fields: Mapping[str, str], parent: Mapping[str, str]) -> str:
    """The fields of a row that differ from its parent's."""
    differ = [text for name, text in fields.items() if text != parent.get(name)]
    return " | ".join(differ or fields.values())
