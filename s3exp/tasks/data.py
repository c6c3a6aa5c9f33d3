"""Rows of a hub data set or a local file, as labelled examples."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3exp.embedded import locate
from s3exp.types import Example, Target, UserError


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a gold file. `read` returns a row's target; it gets the row, a function that tidies texts, and the
    row's place for messages."""

    fields: Sequence[str]
    target: str
    read: Callable[[Mapping[str, Any], Callable[[str], str], str], Target]
    group: str | None = None


LOCAL = (".jsonl", ".csv", ".parquet")
_COLON_OUTSIDE_SLICE = re.compile(r":(?![^\[]*\])")  # as in id:config:split[5%:10%]
_BREAKS = re.compile(r"(?:<br\s*/?>|\s)+")


def clean(text: str) -> str:
    """One line of text: HTML line breaks and runs of white space become one space."""
    return _BREAKS.sub(" ", text).strip()


def read_rows(source: str) -> Sequence[Mapping[str, Any]]:
    """Read every row of a local file, or of a hub data set given as `id:split` or `id:config:split`.

    Raises:
        UserError: the file is missing or malformed, or the hub data set cannot be had.
    """
    path = locate(source)
    if path.suffix not in LOCAL:
        return _read_hub(source)
    if not path.is_file():
        raise UserError(f"{source}: no such file (relative paths start at {Path.cwd()})")
    try:
        if path.suffix == ".jsonl":
            return _read_jsonl(path, source)
        if path.suffix == ".csv":
            return _read_csv(path, source)
        return _read_parquet(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{source}: cannot be read: {error}") from error


def _read_jsonl(path: Path, source: str) -> Sequence[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    # only "\n" ends a line: splitlines() would also split at U+2028 inside a string
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{source}, line {number}: not JSON: {error.msg}") from error
        if not isinstance(row, dict):
            raise UserError(f"{source}, line {number}: a JSON object is needed, one a line")
        rows.append(row)
    return rows


def _read_csv(path: Path, source: str) -> Sequence[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if None in row:
                raise UserError(f"{source}, row {len(rows)}: more cells than the header has columns")
            rows.append(row)
    return rows


def _read_parquet(path: Path) -> Sequence[Mapping[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[Mapping[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except pyarrow.ArrowInvalid as error:
        raise UserError(f"{path}: not a Parquet file: {error}") from error
    return rows


def _read_hub(source: str) -> Sequence[Mapping[str, Any]]:
    parts = _COLON_OUTSIDE_SLICE.split(source)
    if len(parts) not in (2, 3) or not all(parts) or source.startswith((".", "/", "~")):
        raise UserError(
            f"{source}: neither a {', '.join(LOCAL)} file nor a hub data set with its split (id:split)"
        )
    import datasets

    name, *config, split = parts
    try:
        loaded = datasets.load_dataset(name, *config, split=split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{source}: the hub data set could not be loaded: {reason}") from error
    return list(loaded)


def read_contexts(
    source: str, names: Sequence[str], tidy: Callable[[str], str] = clean
) -> list[dict[str, str]]:
    """The columns `names` of every row of `source`; a .txt file holds one text a line, for a single column.

    Raises:
        UserError: the source cannot be read, lacks a column, holds no text or no row.
    """
    path = locate(source)
    rows: Sequence[Mapping[str, Any]]
    if path.suffix == ".txt":
        if len(names) > 1:
            raise UserError(f"{source}: a .txt file holds one column, this task needs {', '.join(names)}")
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{source}: cannot be read: {error}") from error
        rows = [{names[0]: line} for line in lines if line.strip()]
    else:
        rows = read_rows(source)
    if not rows:
        raise UserError(f"{source}: no contexts in it")
    return [_texts(row, names, tidy, f"{source}, row {index}") for index, row in enumerate(rows)]


def _texts(
    row: Mapping[str, Any], names: Sequence[str], tidy: Callable[[str], str], where: str
) -> dict[str, str]:
    for name in names:
        if name not in row:
            raise UserError(f"{where}: no column {name}; it has {', '.join(row)}")
        if not isinstance(row[name], str):
            raise UserError(f"{where}: column {name} holds no text")
    return {name: tidy(row[name]) for name in names}


def to_examples(
    rows: Sequence[Mapping[str, Any]],
    source: str,
    role: str,
    columns: Columns,
    tidy: Callable[[str], str] = clean,
) -> list[Example]:
    """Check columns, labels and answers of `rows` and make examples of them, with ids `role-index`.

    With `tidy=str` texts stay as they are.

    Raises:
        UserError: a column is missing, a text is not one, a label is not the task's, or an answer does not stand at its
            place; names source and row.
    """
    if not rows:
        raise UserError(f"{source}: no rows, and the loop needs some for {role}")
    needed = [*columns.fields, columns.target, *([columns.group] if columns.group else [])]
    missing = [name for name in needed if name not in rows[0]]
    if missing:
        raise UserError(f"{source}: no column {', '.join(missing)}; it has {', '.join(rows[0])}")
    examples = []
    for index, row in enumerate(rows):
        where = f"{source}, row {index}"
        fields = _texts(row, columns.fields, tidy, where)
        group = str(row.get(columns.group)) if columns.group else None
        target = columns.read(row, tidy, where)
        examples.append(Example(f"{role}-{index}", fields, target, group=group))
    return examples


def to_label(value: Any, labels: Sequence[str], where: str) -> int:
    """Class index of a label given as an index, an index in a string, or a label name.

    Raises:
        UserError: it is none of the task's labels.
    """
    if isinstance(value, str):
        if value in labels:
            return labels.index(value)
        value = int(value) if value.strip().isdecimal() else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(labels):
        return value
    names = ", ".join(f"{index} {name}" for index, name in enumerate(labels))
    raise UserError(f"{where}: label {value!r} is not the task's ({names})")
