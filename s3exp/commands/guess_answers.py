"""Guesses whether a file has questions with free answers, and whether these end with a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from s3exp.commands.guess import TEXT_NAMES, Draft, is_wordy
from s3exp.commands.guess_labels import cells_of
from s3exp.settings.labels import text_of_value
from s3exp.tasks.answered import number_at_end
from s3exp.tasks.columns import plain_name
from s3exp.tasks.data import clean
from s3exp.tasks.rows import is_missing
from s3exp.tasks.sources.table import columns as columns_in

ANSWERS = ("answer", "solution", "response", "completion", "output", "target")  # the likeliest first
QUESTIONS = TEXT_NAMES | {"problem", "prompt", "instruction", "input", "query", "task", "source"}
MOST_CLASSES = 20  # different answers, from which on they are no classes
_END = 3  # characters behind the number at the end of an answer, at most


def answers_in(
    rows: Sequence[Mapping[str, Any]], label: str | None, fields: Sequence[str] | None
) -> Draft | None:
    """The guess at a task of free answers; None: the rows have none, or columns of other names."""
    names = columns_in(rows)
    named = label or next((name for known in ANSWERS for name in names if plain_name(name) == known), None)
    filled = [
        name for name in names if not all(is_missing(clean(text_of_value(row.get(name)))) for row in rows)
    ]
    inputs = list(fields or [name for name in filled if name != named and plain_name(name) in QUESTIONS])
    if named not in names or not 1 <= len(inputs) <= 2 or not set(inputs) <= set(names):
        return None
    if any(isinstance(row.get(name), (list, dict)) for row in rows for name in (named, *inputs)):
        return None
    if not fields and not all(_holds_texts([row.get(name) for row in rows]) for name in inputs):
        return None  # columns of a table may have such names
    cells = [text for text in (clean(text_of_value(row.get(named))) for row in rows) if not is_missing(text)]
    different = len(set(cells_of(cells)))
    numbers = bool(cells) and all(map(_ends_with_number, cells))
    wordy = sum(len(text.split()) > 1 for text in cells) * 2 > len(cells)
    if different <= MOST_CLASSES or not (numbers or (wordy and different * 2 > len(cells))):
        return None
    if "answer" in inputs or not all(name.isidentifier() for name in inputs):
        return None
    return Draft(
        fields=inputs,
        generate=inputs[-1],
        target=str(named),
        counts={},
        named=True,
        sample={name: clean(text_of_value(rows[0].get(name))) for name in (*inputs, named)},
        why="--label" if label else "by its name; free answers",
        unused=[name for name in names if name not in (*inputs, named)],
        free="number" if numbers else "exact",
    )


def _holds_texts(column: Sequence[Any]) -> bool:
    """Whether most cells are texts of several words, and no two of them alike."""
    texts = {text for text in column if isinstance(text, str) and is_wordy(text)}
    return len(texts) * 2 > len(column)


def _ends_with_number(text: str) -> bool:
    """Whether a number stands at the end of an answer, or with a unit's sign behind it."""
    bare = text.rstrip("})$*_. ")
    digits = [place for place, one in enumerate(bare) if one.isnumeric()]
    return number_at_end(text) is not None and len(bare) - 1 - digits[-1] <= _END
