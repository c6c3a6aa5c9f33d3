"""Rows of a gold file or of a pool of contexts, as labelled examples or as texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from s3exp.embedded import locate
from s3exp.settings.labels import folded, text_of_value
from s3exp.tasks.answered import lines_of
from s3exp.tasks.columns import Columns, warn_once, with_columns
from s3exp.tasks.labels import Unusable
from s3exp.tasks.numbers import in_digits, number, with_points
from s3exp.tasks.sources import read_lines, read_table
from s3exp.tasks.sources.shards import ending_of
from s3exp.tasks.sources.table import Layout, Row, Table
from s3exp.tasks.units import without_units
from s3exp.types import Example, UserError

_BREAKS = re.compile(r"(?:<br\s*/?>|\s)+")


def clean(text: str) -> str:
    """One line of text: HTML line breaks and runs of white space become one space."""
    return _BREAKS.sub(" ", text).strip()


def read_rows(source: str, layout: Layout | None = None) -> Sequence[Row]:
    """Every row of a source; says what had to be guessed.

    Raises:
        UserError: the source is missing, malformed or ambiguous.
    """
    return said(read_table(source, layout)).rows


def said(table: Table) -> Table:
    """The table, once its notes are in the log."""
    for note in table.notes:
        warn_once(note)
    return table


def read_contexts(
    source: str, names: Sequence[str], tidy: Callable[[str], str] = clean, layout: Layout | None = None
) -> list[dict[str, str]]:
    """The columns `names` of every row of `source`; a .txt file holds one text a line, for a single column.

    Raises:
        UserError: the source cannot be read, lacks a column, holds no text or no row.
    """
    path = locate(source)
    lines = read_lines(path, source, layout) if ending_of(path) == ".txt" and not path.is_dir() else None
    if lines is None:
        rows = read_rows(source, layout)
    elif len(names) > 1:
        raise UserError(f"{source}: a .txt file holds one column, this task needs {', '.join(names)}")
    else:
        rows = [{names[0]: line} for line in lines if line.strip()]
    if not rows:
        raise UserError(f"{source}: no contexts in it")
    rows, _ = with_columns(rows, names, source)
    contexts, missing = [], 0
    for index, row in enumerate(rows):
        try:
            contexts.append(_texts(row, names, tidy, f"{source}, row {index}"))
        except Unusable:
            missing += 1
    if missing:
        warn_once(f"{source}: {missing:,} of {len(rows):,} rows have no text: left out")
    if not contexts:
        raise UserError(f"{source}: none of its {len(rows):,} rows has a text")
    return contexts


def to_examples(
    rows: Sequence[Row], source: str, role: str, columns: Columns, tidy: Callable[[str], str] = clean
) -> list[Example]:
    """Check columns, labels and answers of `rows` and make examples of them, with ids `role-index`.

    With `tidy=str` texts stay as they are.

    Raises:
        UserError: a column is missing, a text is not one, a label is not the task's, or an answer does not stand at its
            place; names source and row.
    """
    if not rows:
        raise UserError(f"{source}: no rows, and the loop needs some for {role}")
    rows, _ = with_columns(rows, columns.needed, source)
    return [
        example(row, f"{role}-{index}", f"{source}, row {index}", columns, tidy)
        for index, row in enumerate(rows)
    ]


def example(row: Row, name: str, where: str, columns: Columns, tidy: Callable[[str], str] = clean) -> Example:
    """One row as the example `name`.

    Raises:
        Unusable: it has no text, or no label or answer.
        UserError: it is wrong.
    """
    if columns.missing:
        row = {**row, **{field: _known(row.get(field), marks) for field, marks in columns.missing.items()}}
    if columns.units:
        row = without_units(row, columns.units, where.rpartition(", row ")[0] or where)
    if columns.commas:
        row = with_points(row, columns.commas, where)
    raw = {
        field: ""
        if columns.cell is not None and _is_null(row.get(field))
        else _text(row.get(field), field, where)
        for field in columns.fields
    }
    group = text_of_value(row.get(columns.group)) or None if columns.group else None
    if columns.lines and tidy is clean:
        tidy = lines_of
    # places of answers are counted in the texts as they stand
    target = columns.read({**row, **raw}, tidy, where)
    also = () if columns.also is None else columns.also({**row, **raw}, tidy, where)
    tidy = tidy if columns.cell is None else columns.cell
    fields = {field: tidy(text) for field, text in raw.items()}
    for field in columns.numbers:
        if (value := number(fields.get(field, ""))) is not None:
            fields[field] = in_digits(value)
    return Example(name, fields, target, group=group, also=also)


def _known(value: Any, marks: Sequence[Any]) -> Any:
    """A cell, or None where it is one of the marks of a missing one."""
    return None if folded(text_of_value(value)) in {folded(text_of_value(mark)) for mark in marks} else value


def _is_null(value: Any) -> bool:
    return value is None or bool(value != value)  # NaN


def _texts(row: Row, names: Sequence[str], tidy: Callable[[str], str], where: str) -> dict[str, str]:
    return {name: tidy(_text(row.get(name), name, where)) for name in names}


def _text(value: Any, name: str, where: str) -> str:
    """A cell as a text: a number is the text that a .csv file has for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):  # as other tools write texts into Parquet
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise UserError(f"{where}: column {name} holds bytes that are no UTF-8 text") from error
    if _is_null(value):
        raise Unusable(f"{where}: column {name} holds no text (null)", "empty", None)
    if isinstance(value, (int, float)):
        return text_of_value(value)
    what = (
        "a list"
        if isinstance(value, (list, tuple))
        else "an object"
        if isinstance(value, Mapping)
        else "no text"
    )
    raise UserError(
        f"{where}: column {name} holds no text but {what}"
        if what != "no text"
        else f"{where}: column {name} holds no text"
    )
