"""The task's columns among those of a gold file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import regex

from s3exp.settings.labels import folded
from s3exp.tasks.sources.table import Row, columns
from s3exp.types import Target, UserError

log = logging.getLogger(__name__)

_SHOWN = 20  # names of columns in a message
_NAME_LENGTH = 40  # a longer name is rather a text


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a gold file. `read` returns a row's target; it gets the row, a function that tidies texts, and the
    row's place for messages. `target` is empty where a row need not have one."""

    fields: Sequence[str]
    target: str
    read: Callable[[Mapping[str, Any], Callable[[str], str], str], Target]
    group: str | None = None
    more: Sequence[str] = ()  # columns that are needed, and are no part of an example
    optional: Sequence[str] = ()  # those that are read where a file has them
    cell: Callable[[str], str] | None = None  # the form of a cell, in a table; None: fields are texts
    commas: Collection[str] = ()  # columns of texts that are numbers with a decimal comma
    units: Mapping[str, str] = field(default_factory=dict)  # of columns of numbers
    numbers: Collection[str] = ()  # columns that are said to hold numbers
    missing: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # what stands for no value, by column
    lines: bool = False  # texts keep their line breaks
    # other right answers of a row, where it may have several
    also: Callable[[Mapping[str, Any], Callable[[str], str], str], tuple[str, ...]] | None = None

    @property
    def needed(self) -> list[str]:
        """Every column that the task reads."""
        named = [name for name in (self.target, self.group) if name]
        return [*self.fields, *named, *self.more]


@cache
def warn_once(message: str) -> None:
    """Warn of what concerns a file, once a process however many runs read it."""
    log.warning("%s", message)


@cache
def say_once(message: str) -> None:
    """Say a fact about a file, once a process."""
    log.info("%s", message)


def with_columns(
    rows: Sequence[Row], needed: Sequence[str], source: str, own: Mapping[str, str] = MappingProxyType({})
) -> tuple[Sequence[Row], dict[str, str]]:
    """Rows in which the columns `needed` have these very names, and the names of the file that differ.

    A column of the file is the same if it is in `own`, or differs in case, spaces or signs alone.

    Raises:
        UserError: a column is missing, or two could be it.
    """
    has = columns(rows)
    renamed = {name: one for name, one in own.items() if one in has}
    missing = [one for one in own.values() if one not in has]
    for name in needed:
        if name in own:
            continue
        near = [] if name in has else [one for one in has if plain_name(one) == plain_name(name)]
        if len(near) > 1:
            raise UserError(f"{source}: two columns could be {name}: {', '.join(near)}")
        if near:
            renamed[name] = near[0]
        elif name not in has:
            missing.append(name)
    if missing:
        raise UserError(f"{source}: no column {', '.join(missing)}; it has {shown_columns(has)}")
    if not renamed:
        return rows, renamed
    if pairs := ", ".join(f"{near!r} as {name}" for name, near in renamed.items() if name not in own):
        warn_once(f"{source}: columns are read by nearly the same name: {pairs}")
    gone = set(renamed.values()) - set(needed)
    return [
        {
            **{name: cell for name, cell in row.items() if name not in gone},
            **{name: row.get(one) for name, one in renamed.items()},
        }
        for row in rows
    ], renamed


def shown_columns(names: Sequence[str]) -> str:
    """Names of columns for a message, with a hint where they look like a first row."""
    some = [name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}..." for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    hint = ": the first line looks like a row; task.gold.columns names the columns of a file without a header"
    return ", ".join(some) + more + (hint if headless(names) else "")


def headless(names: Sequence[str]) -> bool:
    """Whether names of columns look like a first row."""
    return any(
        name.replace(".", "").lstrip("-").isdecimal() or len(name) > _NAME_LENGTH or len(name.split()) > 3
        for name in names
    )


def plain_name(name: str) -> str:
    """The name of a column up to case, spaces and signs."""
    plain: str = regex.sub(r"[^\p{L}\p{M}\p{N}]+", "_", folded(name.replace("\ufeff", "")))
    return plain.strip("_")
