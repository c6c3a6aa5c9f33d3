"""Tables as values, as escaped CSV, Markdown and LaTeX, and as pandas data frames. A notebook shows the Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from s3exp.terminal.texts import chance, clean, percent, points

if TYPE_CHECKING:
    import pandas

Item = TypeVar("Item")
Cell = Any  # text, number, a pair of them for an interval, or None: unknown

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",  # LaTeX's first font encoding has other signs in these three places
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~!])")
_SMALL = 0.001  # of a number, below which three digits behind the point say too little
_FORMULA = tuple("=+-@＝＋－＠")  # a spreadsheet computes such a cell, after white space too


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in files, its title for people, and the kind of its values.

    `kind` is text, path (text that is long), count, number, score (a share, shown in percent), points (a difference of
    shares), p, interval (two shares) or change (two differences).
    """

    name: str
    title: str
    kind: str = "text"

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers, and stand on the right."""
        return self.kind not in ("text", "path")


Fields = Sequence[tuple[Column, Callable[[Item], Cell]]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: rows of cells in the order of the columns, and a note below it."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def _repr_markdown_(self) -> str:
        """The table in a notebook."""
        return as_markdown(self)


def table_of(name: str, title: str, items: Iterable[Item], fields: Fields[Item], note: str = "") -> Table:
    """A table with a row for every item, and a column with the function of its cells for every field."""
    rows = tuple(tuple(cell(item) for _, cell in fields) for item in items)
    return Table(name, title, tuple(column for column, _ in fields), rows, note)


def formatted(column: Column, value: Cell) -> str:
    """A cell as people read it, not yet escaped; empty where it is unknown."""
    return (
        "" if value is None or (isinstance(value, tuple) and None in value) else _FORMATS[column.kind](value)
    )


def write_tables(tables: Sequence[Table], folder: Path, prefix: str) -> None:
    """Write every table in every format, as FOLDER/PREFIX-NAME.csv and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        for suffix, write in ((".csv", as_csv), (".md", as_markdown), (".tex", as_latex)):
            (folder / f"{prefix}-{table.name}{suffix}").write_text(write(table), encoding="utf-8", newline="")


def as_csv(table: Table) -> str:
    """Names and full numbers, for programs: scores as shares, an interval as two columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_names(table))
    numeric = [column.numeric for column in table.columns for _ in _places(column)]
    for row in table.rows:
        cells = zip(numeric, _cells(table, row), strict=True)
        writer.writerow([value if number or value is None else _plain(value) for number, value in cells])
    return out.getvalue()


def as_frame(table: Table) -> pandas.DataFrame:
    """The table to go on computing with: the names and full numbers of `as_csv`, texts as they stand."""
    import pandas

    return pandas.DataFrame([_cells(table, row) for row in table.rows], columns=_names(table))


def as_markdown(table: Table) -> str:
    """A table as GitHub shows it, with its title above."""
    rule = ["---:" if column.numeric else "---" for column in table.columns]
    lines = [[_markdown(column.title) for column in table.columns], rule]
    lines += [
        [_markdown(formatted(c, v)) for c, v in zip(table.columns, row, strict=True)] for row in table.rows
    ]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"\n{_markdown(table.note)}\n" if table.note else ""
    return f"**{_markdown(table.title)}**\n\n{text}\n{note}"


def as_latex(table: Table) -> str:
    """A table environment; needs the package booktabs."""
    form = "".join("r" if column.numeric else "l" for column in table.columns)
    head = " & ".join(escaped_latex(column.title) for column in table.columns)
    rows = (zip(table.columns, row, strict=True) for row in table.rows)
    lines = [
        " & ".join(escaped_latex(formatted(column, cell)) for column, cell in row) + " \\\\\n" for row in rows
    ]
    caption = escaped_latex(" ".join(filter(None, [table.title + ".", table.note])))
    return rf"""% needs \usepackage{{booktabs}}
\begin{{table}}
\centering
\caption{{{caption}}}
\begin{{tabular}}{{{form}}}
\toprule
{head} \\
\midrule
{"".join(lines)}\bottomrule
\end{{tabular}}
\end{{table}}
"""


def _places(column: Column) -> tuple[str, ...]:
    """Endings of the names that a column has in files: an interval is two."""
    return ("_low", "_high") if column.kind in ("interval", "change") else ("",)


def _names(table: Table) -> list[str]:
    return [column.name + end for column in table.columns for end in _places(column)]


def _cells(table: Table, row: Sequence[Cell]) -> list[Cell]:
    cells: list[Cell] = []
    for column, value in zip(table.columns, row, strict=True):
        ends = len(_places(column))
        cells += [value] if ends == 1 else value or [None] * ends
    return cells


def _plain(value: Cell) -> str:
    """Text for a spreadsheet: an apostrophe before a formula."""
    text = clean(str(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(clean(text).split()))


def escaped_latex(text: str) -> str:
    """Text on one line that LaTeX prints as it stands."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(clean(text).split()))


def _number(value: float) -> str:
    if 0 < abs(value) < _SMALL:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}".rstrip("0").rstrip(".")


_FORMATS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "path": str,
    "count": lambda value: f"{value:,.0f}",
    "number": _number,
    "score": percent,
    "points": points,
    "p": chance,
    "interval": lambda ends: f"{percent(ends[0])} to {percent(ends[1])}",
    "change": lambda ends: f"{points(ends[0])} to {points(ends[1])}",
}
