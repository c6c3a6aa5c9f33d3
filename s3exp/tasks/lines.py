"""The text of a table's row, "age is 39, workclass is Private", and the rows in a text (GReaT, Borisov et al. 2023).

A row stands in one line, or in several with a column each. A column's name is known wherever one may begin; what stands
behind it up to the next one is its value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from s3exp.tasks.parsing import EPILOGUE, PREAMBLE, says_more

Cells = Sequence[tuple[str, str]]  # names of columns and their values, in the order of the text

_JUNK = r"(?:[^\w\n]*(?:(?:row|line|example|answer)\b[^\w\n]*)?(?:\d{1,3}\s*[.):]\s*)?)"  # at the beginning of a line
_GLUE = r"(?:and |with |the |a |its )*"


@dataclass(frozen=True, slots=True)
class Found:
    """A row in a text: its cells, as they are written, and the places of its lines there."""

    text: str
    cells: tuple[tuple[str, str], ...]
    places: tuple[tuple[int, int], ...]

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.places[-1][1]


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


def words_around(text: str, rows: Sequence[Found]) -> list[tuple[str, ...]]:
    """Of each row of a text the names of what is left out: words before the first row, and those behind a line."""
    places = [(at, *place) for at, row in enumerate(rows) for place in row.places]
    rules: list[dict[str, None]] = [{} for _ in rows]
    if places and says_more(text[: places[0][1]]):
        rules[0][PREAMBLE] = None
    for (at, _, end), (_, start, _) in pairwise([*places, (0, len(text), 0)]):
        if says_more(text[end:start]):
            rules[at][EPILOGUE] = None
    return [tuple(some) for some in rules]


def _joined(lines: Sequence[Found]) -> Found:
    return Found(
        "\n".join(one.text for one in lines),
        tuple(pair for one in lines for pair in one.cells),
        tuple(place for one in lines for place in one.places),
    )


def _in_line(line: str, names: tuple[str, ...], start: int) -> list[Found]:
    hits = list(_pattern(names).finditer(line))
    by_fold = {name.casefold(): name for name in names}
    rows: list[list[tuple[str, str, re.Match[str], int]]] = []
    for place, hit in enumerate(hits):
        end = hits[place + 1].start() if place + 1 < len(hits) else len(line)
        name = by_fold[hit.group("name").casefold()]
        if not rows or name in {known for known, *_ in rows[-1]}:
            rows.append([])
        rows[-1].append((name, line[hit.end() : end].strip(" \t,;|"), hit, end))
    return [
        Found(
            line[row[0][2].start("name") : row[-1][3]].strip(" \t,;|"),
            tuple((name, value) for name, value, *_ in row),
            ((start + row[0][2].start(), start + row[-1][3]),),
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
