"""The error ledger: every gold mining row that was ever wrong, the rows made of it, and its fate round by round.

Reads predictions and synthesized rows; changes nothing. That an error with children was fixed does not say that they
fixed it: the numbers therefore stand beside those of errors without children.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.record.rounds import RoundRecord, plain
from s3exp.types import Batch, Example, Prediction, Target, UserError

if TYPE_CHECKING:
    from s3exp.tasks.task import Task

NAME = "ledger.jsonl"  # in a run directory


@dataclass(frozen=True, slots=True)
class Child:
    """A row that the LLM made of an error; `tokens` are those that it took, prompt and completion."""

    id: str
    fields: Mapping[str, str]
    label: str
    prompt: str | None
    seed: int | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class ErrorRound:
    """One round in the life of an error: what the small model predicts after it, with which probability, and children.

    `children` are the rows that were made of the error in this round.
    """

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
    """A gold mining row that was wrong after some round: the row, its `fate` in words, and all rounds."""

    error: str
    fields: Mapping[str, str]
    target: str
    group: str | None
    fate: str
    rounds: tuple[ErrorRound, ...]

    @property
    def children(self) -> list[Child]:
        """The rows that were made of it, in the order of the rounds."""
        return [child for one in self.rounds for child in one.children]


def ledger_numbers(missed_before: set[str], missed: set[str], batch: Batch) -> dict[str, float]:
    """What a round did to the errors it started from; ids of wrong mining rows before and after it.

    `errors_fixed`, `errors_still` and `errors_new` (newly broken) count mining rows. `ledger/children_fixed` and
    `ledger/children_still` count the round's rows that were made of errors which are now right, or still wrong;
    `ledger/fixed_share_with` and `_without` are the shares fixed among the errors that have children from this round
    and among those that have none. `ledger/fixed_per_row` and `ledger/fixed_per_1k_tokens` are what a fixed error
    cost, the latter in LLM tokens of all answers of the round, rejected ones too.
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
    for name, group in (
        ("with", {name for name in missed_before if children[name]}),
        ("without", {name for name in missed_before if not children[name]}),
    ):
        if group:
            numbers[f"ledger/fixed_share_{name}"] = len(group & fixed) / len(group)
    tokens = sum(c.prompt_tokens + c.completion_tokens for _, c in batch.asked)
    numbers["ledger/fixed_per_row"] = len(fixed) / len(batch.examples)
    if tokens:
        numbers["ledger/fixed_per_1k_tokens"] = 1000 * len(fixed) / tokens
    return numbers


def ledger(task: Task, records: Sequence[RoundRecord]) -> list[ErrorHistory]:
    """One history for every mining row that was wrong after some round, in the order of `mining`."""
    mining = task.gold.mining
    wrong = [{row.id for row in task.wrong(mining, record.predictions)} for record in records]
    guesses = [{guess.id: guess for guess in record.predictions} for record in records]
    families = [_children(record.batch) for record in records]
    histories = []
    for row in mining:
        if not any(row.id in missed for missed in wrong):
            continue
        right = [row.id not in missed for missed in wrong]
        rounds = tuple(
            ErrorRound(
                record.round,
                right[place],
                *_guess(guesses[place][row.id], task),
                children=tuple(_child(child, task.says) for child in families[place].get(row.id, ())),
            )
            for place, record in enumerate(records)
        )
        histories.append(
            ErrorHistory(row.id, dict(row.fields), task.says(row.target), row.group, fate(right), rounds)
        )
    return histories


def line_of(history: ErrorHistory) -> dict[str, Any]:
    """A history as it stands in ledger.jsonl."""
    rounds = [{**plain(one), "children": list(map(plain, one.children))} for one in history.rounds]
    return {**plain(history), "rounds": rounds}


def history_of(line: Mapping[str, Any]) -> ErrorHistory:
    """What `line_of` wrote.

    Raises:
        ValueError: it is no history.
    """
    try:
        rounds = tuple(
            ErrorRound(**{**one, "children": tuple(Child(**child) for child in one["children"])})
            for one in line["rounds"]
        )
        found = ErrorHistory(**{**line, "rounds": rounds})
        texts = (
            found.error,
            found.target,
            found.fate,
            *found.fields.values(),
            *(r.predicted for r in rounds),
        )
        known = all(isinstance(text, str) for text in texts) and all(math.isfinite(r.score) for r in rounds)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no history of an error: {error}") from error
    if not rounds or not known:
        raise ValueError("no history of an error: a text, a score or the rounds are missing")
    return found


def read_ledger(folder: Path) -> list[ErrorHistory]:
    """The errors of a run, as `RunStore.write_ledger` left them.

    Raises:
        UserError: there are none on record.
    """
    path = folder / NAME
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return [history_of(json.loads(line)) for line in lines if line]
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no error ledger of a run can be read there ({error})") from error


def find_error(folder: Path, name: str) -> ErrorHistory:
    """One mining row of a run.

    Raises:
        UserError: no ledger is on record, or the row was never wrong.
    """
    histories = {history.error: history for history in read_ledger(folder)}
    if name not in histories:
        some = ", ".join(list(histories)[:5]) or "none"
        raise UserError(f"{folder}: no mining row {name} was ever wrong; those that were: {some}, ...")
    return histories[name]


def fate(right: Sequence[bool]) -> str:
    """What became of a row, from whether it was right after each round: `fixed in 1, broken in 2`."""
    if not any(right):
        return "never right"
    turns = [
        f"{'fixed' if now else 'broken'} in {number}"
        for number, (before, now) in enumerate(pairwise(right), start=1)
        if before != now
    ]
    return ", ".join(turns)


def _children(batch: Batch) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = defaultdict(list)
    for row in batch.examples:
        if row.parent is not None:
            found[row.parent].append(row)
    return found


def _child(row: Example, says: Callable[[Target], str]) -> Child:
    return Child(row.id, dict(row.fields), says(row.target), row.prompt, row.seed, row.tokens)


def _guess(guess: Prediction, task: Task) -> tuple[str, float]:
    """What is predicted, and its probability."""
    return task.says(guess.target), round(guess.score, 4)


def new_text(fields: Mapping[str, str], parent: Mapping[str, str]) -> str:
    """What a row says that its parent does not: the fields in which they differ."""
    differ = [text for name, text in fields.items() if text != parent.get(name)]
    return " | ".join(differ or fields.values())
