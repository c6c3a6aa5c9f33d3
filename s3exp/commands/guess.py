"""Guesses the columns of a task from a table: the label or the answers, and the texts, by names and by content."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import regex

from s3exp.commands.guess_labels import label_column, labels_of
from s3exp.settings.task import NAME
from s3exp.tasks.columns import plain_name, shown_columns
from s3exp.tasks.data import clean
from s3exp.tasks.sources.table import columns as columns_in
from s3exp.types import UserError

TEXT_NAMES = frozenset(
    "text sentence review content tweet document body comment message post utterance premise hypothesis sentence1 "
    "sentence2 passage context question claim text_a text_b".split()
)
ASIDE_NAMES = frozenset(
    "id idx uid title author user username name date time source url link file filename".split()
)
TAKEN = frozenset(("label", "count", "rationales", "answer"))  # fields of prompts that are no columns
# letters of scripts that put no spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, kana, Han
_UNSPACED = re.compile(
    r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Draft:
    """The guess at a task: text columns, the column to predict, and rows by label.

    `fields` are names that prompts can use; the reader knows columns by them up to case, spaces and signs. `generate`
    is the shorter of two text columns: the longer is mostly a given paragraph. Without `counts` the column to predict
    holds answers that are spans of that paragraph. `values` are the cells that stand for the labels, None where the
    labels are class indices or names. `why` says why the target was chosen, `unused` names the other columns.
    """

    fields: Sequence[str]
    generate: str
    target: str
    counts: Mapping[str, int]
    named: bool  # the labels are words, not class indices
    sample: Mapping[str, str]
    values: Sequence[str] | None = None
    why: str = ""
    unused: Sequence[str] = field(default_factory=tuple)
    table: bool = False  # the fields are typed columns; without counts a number is predicted
    commas: Sequence[str] = ()  # of them, those whose numbers have a decimal comma
    points: Sequence[str] = ()  # and those that have others with a point
    categories: Sequence[str] = ()  # of typed columns, those with values that look like numbers
    units: Mapping[str, str] = field(default_factory=dict)  # of columns of numbers
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)  # what stands for no value, by column
    notes: Sequence[str] = ()  # on how cells are read that could be read otherwise
    free: str = ""  # answers are free texts, compared by `task.answer.score`
    right: Mapping[str, str | Sequence[str]] = field(default_factory=dict)  # more options of task.answer
    ranked: bool = False  # the fields are a query and its passage
    negative: str = ""  # the column of hard negatives, or a name for it
    judged: str = ""  # a column beside pairs that may say which passages answer


def inspect(
    rows: Sequence[Mapping[str, Any]],
    source: str,
    label: str | None,
    fields: Sequence[str] | None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Draft:
    """Guess the columns of a data set. `names` are the class names that it declares, by column.

    Raises:
        UserError: there are no rows, no column is a label or a text, or a named column is not.
    """
    if not rows:
        raise UserError(f"{source}: no rows")
    columns = columns_in(rows)
    for name in [*([label] if label else []), *(fields or ())]:
        if name not in columns:
            raise UserError(f"{source}: no column {name}; it has {shown_columns(columns)}")
    values: dict[str, list[Any]] = {name: [_cell(row.get(name)) for row in rows] for name in columns}
    answers = None if label else next((name for name in columns if _has_answers(values[name])), None)
    if answers:
        target, why = answers, "answers with their places"
    elif label:
        target, why = label, "--label"
    else:
        target, why = label_column(values, names or {}, source)
    chosen = list(fields) if fields else _text_columns(values, target, extraction=answers is not None)
    if len(chosen) != 2 if answers else not 1 <= len(chosen) <= 2:
        # of the columns none is typed either, or it were a table
        listed = ", ".join(chosen) if chosen else f"none (of {shown_columns(columns)}, {target} is the label)"
        needs = "a text and a question about it" if answers else "one text or a pair"
        raise UserError(f"{source}: a task reads {needs}; columns with texts: {listed}; say --fields")
    plain = {name: usable_name(name, columns, source) for name in chosen}
    texts = {
        name: [str(value) for value in values[name] if isinstance(value, (str, int, float))]
        for name in chosen
    }
    for name in chosen:
        if not texts[name] or any(isinstance(value, (list, dict)) for value in values[name]):
            raise UserError(f"{source}: column {name} holds no text")
    where = f"{source}: column {target}"
    counts, named, cells = (
        ({}, True, None) if answers else labels_of(values[target], (names or {}).get(target), where)
    )
    return Draft(
        fields=list(plain.values()),
        generate=plain[min(chosen, key=lambda name: sum(map(len, texts[name])))],
        target=target,
        counts=counts,
        named=named,
        sample={plain[name]: clean(texts[name][0]) for name in chosen},
        values=cells,
        why=why,
        unused=[name for name in columns if name not in (*chosen, target)],
    )


def _text_columns(values: Mapping[str, Sequence[Any]], target: str, *, extraction: bool) -> list[str]:
    texts = [name for name, column in values.items() if name != target and _is_text(column)]
    by_name = [
        name
        for name, column in values.items()
        if name != target and plain_name(name) in TEXT_NAMES and any(isinstance(cell, str) for cell in column)
    ]
    if len(texts) < 1 + extraction:  # texts of one word
        texts = by_name
    known = [name for name in by_name if name in texts]
    if len(texts) > 1 and len(known) in ((2,) if extraction else (1, 2)):
        aside = len(texts) > 2 or all(plain_name(name) in ASIDE_NAMES for name in texts if name not in known)
        return known if aside else texts
    return texts


def _is_text(column: Sequence[Any]) -> bool:
    """Whether most values are texts of at least two words, or as long in a script without spaces."""
    texts = [value for value in column if isinstance(value, str) and value.strip()]
    return len(texts) * 2 > len(column) and sum(map(is_wordy, texts)) * 2 > len(texts)


def is_wordy(text: str) -> bool:
    words = text.split()
    return (len(words) >= 2 and any(map(_LETTER.search, words))) or len(_UNSPACED.findall(text)) >= 4


def usable_name(name: str, columns: Sequence[str], source: str, taken: Set[str] = TAKEN) -> str:
    """The name of a column as prompts can use it, which have the fields `taken` for other things.

    Raises:
        UserError: it cannot be one, or two columns would have it.
    """
    if regex.fullmatch(NAME, name) and name not in taken:
        return name
    plain = plain_name(name)
    if not plain or plain in taken or sum(plain_name(one) == plain for one in columns) > 1:
        raise UserError(f"{source}: column {name!r} has a name that prompts cannot use: rename it")
    return plain


def _cell(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _has_answers(column: Sequence[Any]) -> bool:
    """Whether the column is as SQuAD's: {text: [...], answer_start: [...]}, in a .csv file as JSON."""
    for cell in column:
        value = cell
        if isinstance(cell, str) and cell.startswith(("{", "[")):
            try:
                value = json.loads(cell)
            except json.JSONDecodeError:
                return False
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping):
            return {"text", "answer_start"} <= value.keys()
        if value not in (None, "", []):
            return False
    return False
