"""Rows of JSON: an object a line, an array, an object that holds one, or the columns of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from s3exp.tasks.sources.exports import flattened
from s3exp.tasks.sources.table import Row, Table
from s3exp.types import UserError

_HOLDERS = ("data", "rows", "examples", "items", "records", "instances")


def read_json(text: str, source: str) -> Table:
    """The rows of a text of JSON, however they are laid out; exports of annotation tools become plain rows.

    Raises:
        UserError: it is not JSON, or holds no rows.
    """
    stripped = text.strip()
    if not stripped:
        return Table([])
    whole = _whole(stripped, source)
    if whole is None:
        return _lines(text, source)
    return _document(whole, source)


def class_names(feature: Any) -> Sequence[str] | None:
    """The class names of a feature as data sets of the hub describe it, also of a list of classes."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    if not isinstance(feature, Mapping):
        return None
    if isinstance(feature.get("names"), list):
        return [str(name) for name in feature["names"]]
    return class_names(feature.get("feature"))


def _whole(text: str, source: str) -> Any:
    """The value of a text that is one document, None where it is an object a line."""
    first, _, rest = text.partition("\n")
    try:
        value = json.loads(first)
    except json.JSONDecodeError:
        if text[0] == "{" and first.strip() == "{":
            return _one_after_another(text, source)
        if text[0] == "[":
            return _loads(text, source, 1)
        try:
            return json.loads(text)  # an object over several lines
        except json.JSONDecodeError:
            return None
    if rest.strip():
        return None
    return value if isinstance(value, list) or _holder(value) or _is_columns(value) else None


def _one_after_another(text: str, source: str) -> Any:
    """The value of a document, or the values of several that follow each other, over several lines each."""
    decoder, values, place = json.JSONDecoder(), [], 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise UserError(f"{source}, line {error.lineno}: not JSON: {error.msg}") from error
        values.append(value)
        while place < len(text) and text[place].isspace():
            place += 1
    return values[0] if len(values) == 1 else values


def _loads(text: str, source: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{source}, line {line - 1 + error.lineno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise UserError(f"{source}, line {line}: not JSON: nested too deep") from error


def _lines(text: str, source: str) -> Table:
    rows: list[Row] = []
    places: list[str] = []
    # only "\n" ends a line: splitlines() would also split at U+2028 inside a string
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row = _loads(line, source, number)
        if not isinstance(row, Mapping):
            raise UserError(f"{source}, line {number}: a JSON object is needed, one a line")
        rows.append(row)
        places.append(f"{source}:{number}")
    table = _plain(rows, source)
    # an export of a tool may have several rows on a line
    return replace(table, places=places) if len(table.rows) == len(places) else table


def _holder(value: Any) -> str | None:
    """The key under which an object holds its rows."""
    if not isinstance(value, Mapping):
        return None
    found = [name for name in value if _is_rows(value[name]) and str(name).lower() in _HOLDERS]
    return found[0] if len(found) == 1 else None


def _is_columns(value: Any) -> bool:
    """Whether every value of an object is a list, or every one an object."""
    cells = list(value.values()) if isinstance(value, Mapping) else []
    return bool(cells) and any(all(isinstance(one, kind) for one in cells) for kind in (list, Mapping))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _document(value: Any, source: str) -> Table:
    if isinstance(value, list):
        wrong = next((index for index, row in enumerate(value) if not isinstance(row, Mapping)), None)
        if wrong is not None:
            raise UserError(f"{source}, row {wrong}: a JSON object is needed for each row")
        return _plain(value, source)
    several = [name for name in value if _is_rows(value[name])] if isinstance(value, Mapping) else []
    holder = _holder(value) or (several[0] if len(several) == 1 else None)
    if holder is not None:
        names = {}
        for feature in value["features"] if isinstance(value.get("features"), list) else []:
            found = class_names(feature.get("type")) if isinstance(feature, Mapping) else None
            if found:
                names[feature["name"]] = found
        rows = [row["row"] if isinstance(row.get("row"), Mapping) else row for row in value[holder]]
        table = _plain(rows, source)
        return Table(table.rows, names, table.notes)
    if several:
        raise UserError(
            f"{source}: holds several lists of rows ({', '.join(several)}): write each into a file of its own"
        )
    return Table(_columns(value, source))


def _columns(value: Any, source: str) -> list[Row]:
    """The rows of {column: [value, ...]} or, as pandas writes it, {column: {index: value}}."""
    columns = dict(value) if isinstance(value, Mapping) else {}
    if columns and all(isinstance(cells, Mapping) for cells in columns.values()):
        inner = list(next(iter(columns.values())))
        if len(columns) >= len(inner) and inner != [str(index) for index in range(len(inner))]:
            return list(columns.values())  # rows by their names
        keys = list(next(iter(columns.values())))
        if all(list(cells) == keys for cells in columns.values()):
            columns = {name: list(cells.values()) for name, cells in columns.items()}
    if columns and all(isinstance(cells, list) for cells in columns.values()):
        if len({len(cells) for cells in columns.values()}) > 1:
            raise UserError(f"{source}: its columns have different lengths")
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if isinstance(value, Mapping):
        return [value]
    raise UserError(f"{source}, line 1: a JSON object is needed, one a line, or an array of objects")


def _plain(rows: Sequence[Row], source: str) -> Table:
    plain, tool = flattened(rows, source)
    notes = [f"{source}: read as an export of {tool}"] if tool else []
    return Table(plain, {}, notes)
