"""Numbers in the cells of a table: their notations, and the one form in which they are compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from s3exp.types import UserError

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?")
_SPACES = " \u00a0\u2009\u202f"
# between thousands stands one mark, by decimal mark; 0,123 has none
_THOUSANDS = {
    mark: re.compile(
        rf"[-+]?[1-9]\d{{0,2}}(?P<sign>[{other}{_SPACES}'’])\d{{3}}((?P=sign)\d{{3}})*([{mark}]\d+)?"
    )
    for mark, other in ((".", ","), (",", "."))
}
MARKS = tuple(_THOUSANDS)


def number(text: str, decimal: str = ".") -> Decimal | None:
    """The finite number that a text is, by its decimal mark (a point or a comma); None: it is none."""
    text = text.strip().replace("−", "-")
    if (found := _THOUSANDS[decimal].fullmatch(text)) is not None:
        text = text.replace(found["sign"], "")
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def in_digits(value: Decimal) -> str:
    """A number in digits, without an exponent and needless zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def is_code(text: str) -> bool:
    """Whether digits are rather a code, as 007 is."""
    return re.match(r"[-+−]?0\d", text) is not None


def with_points(row: Mapping[str, Any], names: Collection[str], where: str) -> Mapping[str, Any]:
    """The row with a decimal point in the columns `names`, whose texts have a comma there.

    Raises:
        UserError: a text is a number with a decimal point.
    """
    return {**row, **{name: _pointed(row[name], name, where) for name in names if name in row}}


def _pointed(value: Any, name: str, where: str) -> Any:
    if isinstance(value, bytes):  # as other tools write texts into Parquet
        value = value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str) or is_code(value.strip()):
        return value
    found = number(value, ",")
    if found is None and number(value) is not None:
        raise UserError(
            f"{where}: column {name} has {value[:60]!r}, and by task.table.decimal its numbers have a comma there: set "
            f"task.table.columns.{name}.decimal='.', or, if it holds no numbers, its type=category"
        )
    return value if found is None else in_digits(found)
