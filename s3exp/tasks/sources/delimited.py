"""Rows of delimited text: .csv, .tsv and their kin, with the delimiter and the way of quoting that fit every line."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.tasks.characters import plain
from s3exp.tasks.sources.table import Layout, Row, Table
from s3exp.types import UserError

_NAMED = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
# the ways of quoting: doubled quotes, quotes after a backslash, and quotes that are text like any other
_QUOTING: tuple[dict[str, Any], ...] = (
    {},
    {"doublequote": False, "escapechar": "\\"},
    {"quoting": csv.QUOTE_NONE},
)
_UNQUOTED = _QUOTING[2]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of each row, and the line of the file on which it begins."""

    rows: list[list[str]]
    lines: list[int]


def read_delimited(text: str, source: str, layout: Layout, usual: str = ",") -> Table:
    """The rows of delimited text. `usual` is the delimiter that its name promises.

    Raises:
        UserError: a row has more or fewer cells than the header, or two columns have one name.
    """
    csv.field_size_limit(sys.maxsize)
    said = re.match(r"sep=(.)\r?\n", text)  # as spreadsheets write it
    if said is not None:
        text = text[said.end() :]
    given = layout.delimiter or (said[1] if said else None)
    delimiter = None if given is None else _WORDS.get(given, given)
    if delimiter is not None and len(delimiter) != 1:
        raise UserError(f"task.gold.delimiter={given}: one character is needed, or tab")
    delimiters = [delimiter] if delimiter else sorted(_NAMED, key=lambda one: one != usual)
    cells, notes = _best(text, source, delimiters, layout)
    if not cells.rows:
        return Table([], {}, notes)
    header = cells.rows[0] if layout.columns is None else list(layout.columns)
    first = 1 if cells.rows[0] == header else 0
    rows = _rows(header, cells.rows[first:], source, layout.columns is not None)
    above = 1 if said is not None else 0
    return Table(rows, {}, notes, [f"{source}:{line + above}" for line in cells.lines[first:]])


def _best(text: str, source: str, delimiters: Sequence[str], layout: Layout) -> tuple[Cells, list[str]]:
    """The cells by the first way of reading that gives every row as many as the header."""
    problem = ""
    for quoting in _QUOTING:
        for delimiter in delimiters:
            try:
                cells = _cells(text, delimiter, quoting)
            except csv.Error as error:
                problem = problem or str(error)
                continue
            if not _even(cells, layout):
                continue
            if quoting is not _UNQUOTED and _swallows(cells):
                lines = _cells(text, delimiter, _UNQUOTED)
                if _even(lines, layout):
                    cells, quoting = lines, _UNQUOTED
            notes = []
            if delimiter != delimiters[0]:
                notes.append(
                    f"{source}: columns are read as separated by {_NAMED[delimiter]} "
                    "(a guess: task.gold.delimiter sets another)"
                )
            if quoting is _UNQUOTED and '"' in text:
                notes.append(f"{source}: quotation marks are read as text: they enclose no cells")
            return cells, notes
    try:
        return _cells(text, delimiters[0], {}), []
    except csv.Error as error:
        raise UserError(
            f"{source}: cannot be read: {problem or error}: a quotation mark is not closed"
        ) from error


def _cells(text: str, delimiter: str, quoting: dict[str, Any]) -> Cells:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, **quoting)
    cells, begins = Cells([], []), 1
    for row in reader:
        if row and row != [""]:
            cells.rows.append(row)
            cells.lines.append(begins)
        begins = reader.line_num + 1
    return cells


def _even(cells: Cells, layout: Layout) -> bool:
    width = len(layout.columns) if layout.columns else len(cells.rows[0]) if cells.rows else 0
    return (width > 1 or layout.columns is not None) and all(len(row) == width for row in cells.rows)


def _swallows(cells: Cells) -> bool:
    return any("\n" in cell for row in cells.rows for cell in row)


def _rows(header: list[str], rows: list[list[str]], source: str, named: bool) -> list[Row]:
    while header and not header[-1] and all(len(row) < len(header) or not row[-1] for row in rows):
        header = header[:-1]  # a spreadsheet's empty columns
        rows = [row[: len(header)] for row in rows]
    header = [" ".join(plain(name).split()) for name in header]
    names = [name or f"unnamed_{index}" for index, name in enumerate(header)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"{source}: two columns are named {twice[0]}: rename one")
    table: list[Row] = []
    for index, row in enumerate(rows):
        while len(row) > len(names) and not row[-1]:
            row.pop()
        if len(row) != len(names):
            more = "more" if len(row) > len(names) else "fewer"
            what = "task.gold.columns names" if named else "the header has"
            raise UserError(
                f"{source}, row {index}: {more} cells than {what} columns ({len(row)}, {len(names)}): "
                "quote cells that hold the delimiter, or set task.gold.delimiter"
            )
        table.append(dict(zip(names, row, strict=True)))
    return table
