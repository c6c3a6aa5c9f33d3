"""The error ledger: every gold mining row that was ever wrong, the rows made of it, and its fate round by round.

Reads predictions and synthesized rows; changes nothing. That an error with children was fixed does not say that they
fixed it: the numbers therefore stand beside those of errors without children.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from s3exp.record.rounds import RoundRecord
from s3exp.tasks.task import Task
from s3exp.types import Batch, Example, Prediction, Target

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord


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


def ledger(task: Task, records: Sequence[RoundRecord]) -> list[dict[str, Any]]:
    """One entry for every mining row that was wrong after some round, in the order of `mining`.

    An entry has the row (`error`, `fields`, `target`, `group`), its `fate` in words, and for every round whether it is
    `right`, what is `predicted`, with which probability (`score`), and its `children` of that round with the LLM
    tokens that they took.
    """
    mining = task.gold.mining
    wrong = [{row.id for row in task.wrong(mining, record.predictions)} for record in records]
    guesses = [{guess.id: guess for guess in record.predictions} for record in records]
    families = [_children(record.batch) for record in records]
    entries = []
    for row in mining:
        if not any(row.id in missed for missed in wrong):
            continue
        right = [row.id not in missed for missed in wrong]
        rounds = [
            {
                "round": record.round,
                "right": right[place],
                **_guess(guesses[place][row.id], task),
                "children": [_child(child, task.says) for child in families[place].get(row.id, [])],
            }
            for place, record in enumerate(records)
        ]
        entries.append(
            {
                "error": row.id,
                "fields": dict(row.fields),
                "target": task.says(row.target),
                "group": row.group,
                "fate": fate(right),
                "rounds": rounds,
            }
        )
    return entries


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


def _child(row: Example, says: Callable[[Target], str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "fields": dict(row.fields),
        "label": says(row.target),
        "prompt": row.prompt,
        "seed": row.seed,
        "tokens": row.tokens,
    }


def _guess(guess: Prediction, task: Task) -> dict[str, Any]:
    return {"predicted": task.says(guess.target), "score": round(guess.score, 4)}


def new_text(fields: Mapping[str, str], parent: Mapping[str, str]) -> str:
    """What a row says that its parent does not: the fields in which they differ."""
    differ = [text for name, text in fields.items() if text != parent.get(name)]
    return " | ".join(differ or fields.values())
