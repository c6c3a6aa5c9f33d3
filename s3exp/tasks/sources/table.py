"""The rows of one source of gold, and how a source is to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from s3exp.settings.task import GoldConfig

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file of text does not say itself; None: it is guessed. `columns` name those of a file without a header."""

    encoding: str | None = None
    delimiter: str | None = None
    columns: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one source.

    `names` are the class names of a column, by class index, as the source itself declares them. `notes` say how it was
    read where that was a guess, one line each. `places` are `FILE:LINE` of each row; empty where rows stand on no line.
    `unused` are the columns that the task does not read.
    """

    rows: Sequence[Row]
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    places: Sequence[str] = ()
    unused: Sequence[str] = ()

    @property
    def aside(self) -> str:
        """The columns that are not used, for the line about a file."""
        return f"; columns not used: {', '.join(self.unused[:10])}" if self.unused else ""


def layout_of(gold: GoldConfig) -> Layout:
    """How the gold files of a task are to be read."""
    return Layout(gold.encoding, gold.delimiter, gold.columns)


def columns(rows: Sequence[Row]) -> list[str]:
    """The columns of rows, in the order of their first values: a row may leave out what is null."""
    return list(dict.fromkeys(name for row in rows for name in row))
