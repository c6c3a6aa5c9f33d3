"""The typed columns of a table: numbers with bounds and decimals, categories with their values.

They are learned from gold mining rows, as far as `task.table.columns` does not say them. A cell is a text in one form:
39, 39.0 and "39 " are one cell, so that rows can be compared as texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from s3exp.settings.columns import ColumnConfig
from s3exp.settings.labels import folded, text_of_value
from s3exp.settings.task import TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.data import clean
from s3exp.tasks.numbers import in_digits, is_code, number
from s3exp.tasks.units import advice, units_in, with_unit, without_unit
from s3exp.types import Example, UserError

NO_NUMBER, OUT_OF_BOUNDS, UNKNOWN = "no_number", "out_of_bounds", "unknown_category"  # reasons of rejection
OTHER_UNIT = "other_unit"
MOST_VALUES = 100  # of a category that is learned; a column with more is a text
_HALF = 0.5
_EXACT = Context(prec=800, rounding=ROUND_HALF_EVEN)  # a number has 308 digits before its point at most
_MARKS = " \t.,;:!*_`\"'“”()[]{}"
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column: a category with its `values`, or without them a number with its bounds and digits behind the point."""

    name: str
    values: tuple[str, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")
    decimals: int = 0
    unit: str = ""

    def fit(self, text: str) -> str | tuple[str, str]:
        """The cell that a written text stands for; or the reason of its rejection, and what was wrong with it."""
        if self.values:
            known = {folded(value): value for value in reversed(self.values)}
            for said in _readings(text):
                if (found := known.get(folded(cell(said)))) is not None:
                    return found
            return UNKNOWN, text
        bare = (without_unit(said, self.unit) for said in _readings(text))
        value = next((value for said in bare if (value := number(said)) is not None), None)
        if value is None:
            return OTHER_UNIT if self.unit and re.search(r"\d", text) else NO_NUMBER, text
        if not self.low <= float(value) <= self.high:
            return OUT_OF_BOUNDS, text
        return in_digits(_EXACT.quantize(value, Decimal(1).scaleb(-self.decimals)))

    def written(self, text: str) -> str:
        """A cell as it stands in the text of a row."""
        return with_unit(text, self.unit) if self.unit else text

    def says(self) -> str:
        """The column in words, for a page."""
        if self.values:
            more = ", ..." if len(self.values) > _SHOWN else ""
            return f"{len(self.values)} values: {', '.join(self.values[:_SHOWN])}{more}"
        digits = f", decimals: {self.decimals}" if self.decimals else ""
        low, high = self.written(f"{self.low:g}"), self.written(f"{self.high:g}")
        return f"number, {low} to {high}{digits}"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns that are read, in order, and that of the target."""

    columns: tuple[Column, ...]
    target: Column


def cell(text: str) -> str:
    """A cell in the form in which cells are compared: a plain number without needless digits, or a tidy text."""
    tidied = clean(plain(text))
    value = None if is_code(tidied) else number(tidied)
    return tidied if value is None else in_digits(value)


def amount(value: float) -> str:
    """A target that is a number, as a cell."""
    return in_digits(Decimal(repr(float(value))))


def table_of(task: TaskConfig, mining: Sequence[Example], words: Sequence[str]) -> Table:
    """The columns of a task by its options and its mining rows; `words` are those for its labels, if it has any.

    Without rows nothing is known of its columns but their names.

    Raises:
        UserError: a column is neither of numbers nor of a few values, or its options contradict its cells.
    """
    if not mining:
        return Table(tuple(map(Column, task.fields)), Column(task.label, tuple(words)))
    columns = tuple(
        _column(task, name, [(row.id, row.fields[name]) for row in mining]) for name in task.fields
    )
    if task.labels:
        return Table(columns, Column(task.label, tuple(words)))
    targets = [(row.id, amount(float(str(row.target)))) for row in mining]
    return Table(columns, _column(task, task.label, targets))


def unread(columns: Sequence[Column], rows: Sequence[Example]) -> Mapping[str, Sequence[Example]]:
    """The rows with a cell that a column does not know (a category never seen, no number), by column."""
    found = {
        column.name: [
            row
            for row in rows
            if (
                row.fields[column.name] not in column.values
                if column.values
                else number(row.fields[column.name]) is None
            )
        ]
        for column in columns
    }
    return {name: some for name, some in found.items() if some}


def _column(task: TaskConfig, name: str, cells: Sequence[tuple[str, str]]) -> Column:
    given = task.table.columns.get(name, ColumnConfig())
    key, numbers = f"task.table.columns.{name}", {text: number(text) for _, text in cells}
    if given.type is None and given.unit is None:  # 007 among them says that they are codes
        numbers |= {text: None for text in numbers if is_code(text)}
    odd = [(row, text) for row, text in cells if numbers[text] is None]
    kind = given.type or ("category" if given.values or (odd and not given.unit) else "number")
    if kind == "number":
        if odd:
            what = "type=number" if given.unit is None else f"unit={given.unit!r}"
            other = advice([text for _, text in odd], key) or ("", "set it to category")
            other = other if given.unit is None else ("", "name what stands for no value by missing")
            raise UserError(
                f"{key}.{what}: {len(odd)} of {len(cells)} mining rows have no such number there (the first: "
                f"{odd[0][0]}, {odd[0][1]!r}): mend the file, or {other[1]}"
            )
        return _of_numbers(name, given, [value for _, text in cells if (value := numbers[text]) is not None])
    values = [cell(text_of_value(value)) for value in given.values] or sorted({text for _, text in cells})
    strange = [(row, text) for row, text in cells if text not in set(values)]
    if strange:
        raise UserError(
            f"{key}.values lacks {strange[0][1]!r}, which {len(strange)} of {len(cells)} mining rows have there or "
            f"another like it (the first: {strange[0][0]}): add it, or leave values out"
        )
    if given.type is None and not given.values:
        _check_category(key, name, cells, [one for one in odd if not is_code(one[1])], values)
    return Column(name, tuple(values))


def _of_numbers(name: str, given: ColumnConfig, values: Sequence[Decimal]) -> Column:
    digits = max(max(0, -int(value.as_tuple().exponent)) for value in values)
    low = float(min(values)) if given.min is None else given.min
    high = float(max(values)) if given.max is None else given.max
    if low > high:
        raise UserError(
            f"task.table.columns.{name}: min={low:g} is above max={high:g}: set both, or neither of them"
        )
    digits = digits if given.decimals is None else given.decimals
    return Column(name, (), low, high, digits, given.unit or "")


def _check_category(
    key: str,
    name: str,
    cells: Sequence[tuple[str, str]],
    odd: Sequence[tuple[str, str]],
    values: Sequence[str],
) -> None:
    """Refuse a column that is rather a text, or one of numbers of which some are none or in a notation not read."""
    if (other := advice([text for _, text in odd], key)) is not None:
        raise UserError(
            f"column {name}: {other[0]!r} is no number as they are read here: {other[1]}, or set {key}.type=category"
        )
    if 0 < len(odd) < len(cells) * _HALF:
        raise UserError(
            f"column {name}: {len(odd)} of {len(cells)} mining rows have no number there (the first: {odd[0][0]}, "
            f"{odd[0][1]!r}) and all others have one: mend the file, leave the column out of task.fields, or set "
            f"{key}.type=category"
        )
    if len(values) > MOST_VALUES or (len(values) > _SHOWN and len(values) > len(cells) * _HALF):
        found = units_in([text for _, text in cells])
        units, what = [unit for unit in found if unit], "leave the column out of task.fields"
        if found.total() == len(cells) and units:
            what = f"set {key}.unit={units[0]!r}"
            what = f"write one unit in the file ({', '.join(units)})" if len(units) > 1 else what
        raise UserError(
            f"column {name} has {len(values)} different texts in {len(cells)} mining rows ({values[0][:40]!r}, ...): "
            f"a text is no category: {what}, or set {key}.type=category"
        )


def _readings(text: str) -> Iterator[str]:
    """A written cell, without marks around it, and without what follows behind a comma: a column that nobody knows."""
    parts = text.split(", ")
    for count in range(len(parts), 0, -1):
        part = ", ".join(parts[:count])
        yield part
        yield part.strip(_MARKS)
