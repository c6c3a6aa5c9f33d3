"""Guesses whether a file has questions with free answers, and whether these end with a number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from s3exp.commands.guess import TEXT_NAMES, Draft, is_wordy
from s3exp.commands.guess_labels import cells_of
from s3exp.settings.labels import text_of_value
from s3exp.tasks.columns import plain_name
from s3exp.tasks.data import clean
from s3exp.tasks.free import several_in
from s3exp.tasks.last_number import number_at_end
from s3exp.tasks.rows import is_missing
from s3exp.tasks.sources.table import columns as columns_in

ANSWERS = (
    "answer",
    "answers",
    "solution",
    "response",
    "completion",
    "output",
    "target",
)  # the likeliest first
QUESTIONS = TEXT_NAMES | {"problem", "prompt", "instruction", "input", "query", "task", "source"}
MOST_CLASSES = 20  # different answers, from which on they are no classes
_END = 3  # characters behind the number at the end of an answer, at most


def answers_in(
    rows: Sequence[Mapping[str, Any]], label: str | None, fields: Sequence[str] | None
) -> Draft | None:
    """The guess at a task of free answers; None: the rows have none, or columns of other names."""
    names = columns_in(rows)
    named, also = _columns_of_answers(names, label)
    if named is None or named not in names:
        return None
    filled = [name for name in names if not all(is_missing(_cell(row.get(name))) for row in rows)]
    asides = (named, *also)
    inputs = list(fields or [name for name in filled if name not in asides and plain_name(name) in QUESTIONS])
    if not 1 <= len(inputs) <= 2 or not set(inputs) <= set(names):
        return None
    lists = [several_in(row.get(named)) for row in rows if row.get(named) not in (None, "")]
    several = bool(lists) and all(one is not None for one in lists) and not _are_spans(rows, named)
    several = several and any(len(one or ()) > 1 for one in lists)
    listed = inputs if several else (*asides, *inputs)
    if any(isinstance(row.get(name), (list, dict)) for row in rows for name in listed):
        return None
    if not fields and not all(_holds_texts([row.get(name) for row in rows]) for name in inputs):
        return None  # columns of a table may have such names
    known = [next(iter(one or ()), None) for one in lists] if several else [row.get(named) for row in rows]
    cells = [text for text in map(_cell, known) if not is_missing(text)]
    different = len(set(cells_of(cells)))
    numbers = bool(cells) and all(map(_ends_with_number, cells))
    wordy = sum(len(text.split()) > 1 for text in cells) * 2 > len(cells)
    free = several or bool(also) or numbers or (wordy and different * 2 > len(cells))
    if different <= (1 if several or also else MOST_CLASSES) or not free:
        return None
    if "answer" in inputs or not all(name.isidentifier() for name in inputs):
        return None
    lines = _has_lines(rows, [named], "\n") or _has_lines(rows, inputs, "\n ")
    return Draft(
        fields=inputs,
        generate=inputs[-1],
        target=named,
        counts={},
        named=True,
        sample={name: _cell(rows[0].get(name)) for name in (*inputs, named)},
        why="--label" if label else "by its name; free answers",
        unused=[name for name in names if name not in (*inputs, *asides)],
        free="number" if numbers else "squad" if several or also else "exact",
        right={
            **({"several": "true"} if several else {}),
            **({"also": also} if also else {}),
            **({"lines": "true"} if lines else {}),
        },
    )


def _columns_of_answers(names: Sequence[str], label: str | None) -> tuple[str | None, list[str]]:
    """The column of answers, and those of other right ones: `answer1` and `answer2`, or `answer` and `answer_2`."""
    known = [label] if label else [one for name in ANSWERS for one in names if plain_name(one) == name]
    bases = [plain_name(known[0]).rstrip("0123456789_")] if known else list(ANSWERS)
    for base in bases:
        numbered = [
            name for name in names if re.fullmatch(rf"{re.escape(base)}_?\d{{1,2}}", plain_name(name))
        ]
        if known or len(numbered) > 1:
            first = known[0] if known else numbered[0]
            return first, [name for name in numbered if name != first]
    return None, []


def _cell(value: Any) -> str:
    """A cell as a text, of several the first."""
    if isinstance(value, (list, dict)):
        value = next(iter(several_in(value) or ()), None)
    return clean(text_of_value(value))


def _are_spans(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether answers have their places in a text, as SQuAD's."""
    return any("answer_start" in str(row.get(name)) for row in rows[:10])


def _has_lines(rows: Sequence[Mapping[str, Any]], names: Sequence[str], mark: str) -> bool:
    texts = (row.get(name) for row in rows for name in names)
    return any(mark in text.strip().replace("\t", " ") for text in texts if isinstance(text, str))


def _holds_texts(column: Sequence[Any]) -> bool:
    """Whether most cells are texts of several words, and no two of them alike."""
    texts = {text for text in column if isinstance(text, str) and is_wordy(text)}
    return len(texts) * 2 > len(column)


def _ends_with_number(text: str) -> bool:
    """Whether a number stands at the end of an answer, or with a unit's sign behind it."""
    bare = text.rstrip("})$*_. ")
    digits = [place for place, one in enumerate(bare) if one.isnumeric()]
    return number_at_end(text) is not None and len(bare) - 1 - digits[-1] <= _END
