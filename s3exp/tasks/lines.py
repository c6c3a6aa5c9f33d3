"""The text of a table's row, "age is 39, workclass is Private", and the rows in a text (GReaT, Borisov et al. 2023).

A row stands in one line, or in several with a column each. A column's name is known wherever one may begin; what stands
behind it up to the next one is its value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

Cells = Sequence[tuple[str, str]]  # names of columns and their values, in the order of the text

_JUNK = r"(?:[^\w\n]*(?:(?:row|line|example|answer)\b[^\w\n]*)?(?:\d{1,3}\s*[.):]\s*)?)"  # at the beginning of a line
_GLUE = r"(?:and |with |the |a |its )*"


@dataclass(frozen=True, slots=True)
class Found:
    """A row in a text: its place there and its cells, as they are written."""

    text: str
    cells: tuple[tuple[str, str], ...]
    end: int


def line_of(cells: Cells) -> str:
    """The text of a row."""
    return ", ".join(f"{name} is {value}" for name, value in cells)


def rows_in(text: str, names: Sequence[str]) -> list[Found]:
    """The rows in a text, in order, by the names of their columns (in any case).

    A line with several columns is a row, or several where names repeat. Lines with one column each are rows together.
    """
    lines: list[Found] = []
    start = 0
    for line in text.split("\n"):
        lines += _in_line(line, tuple(names), start)
        start += len(line) + 1
    rows: list[Found] = []
    open_row: list[Found] = []  # lines of one column each
    for found in lines:
        known = {name for one in open_row for name, _ in one.cells}
        if open_row and (len(found.cells) > 1 or found.cells[0][0] in known):
            rows.append(_joined(open_row))
            open_row = []
        if len(found.cells) > 1:
            rows.append(found)
        else:
            open_row.append(found)
    return [*rows, _joined(open_row)] if open_row else rows


def _joined(lines: Sequence[Found]) -> Found:
    return Found(
        "\n".join(one.text for one in lines),
        tuple(pair for one in lines for pair in one.cells),
        lines[-1].end,
    )


def _in_line(line: str, names: tuple[str, ...], start: int) -> list[Found]:
    hits = list(_pattern(names).finditer(line))
    by_fold = {name.casefold(): name for name in names}
    rows: list[list[tuple[str, str, int, int]]] = []
    for place, hit in enumerate(hits):
        end = hits[place + 1].start() if place + 1 < len(hits) else len(line)
        name = by_fold[hit.group("name").casefold()]
        if not rows or name in {known for known, *_ in rows[-1]}:
            rows.append([])
        rows[-1].append((name, line[hit.end() : end].strip(" \t,;|"), hit.start("name"), end))
    return [
        Found(
            line[row[0][2] : row[-1][3]].strip(" \t,;|"),
            tuple((name, value) for name, value, *_ in row),
            start + row[-1][3],
        )
        for row in rows
    ]


@lru_cache(32)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"(?:^{_JUNK}|[,;|]\s*|\.\s+|\band\s+){_GLUE}[\"'*`]*(?P<name>{known})[\"'*`]*\s*(?:\bis\b|[:=])\s*",
        re.IGNORECASE,
    )
