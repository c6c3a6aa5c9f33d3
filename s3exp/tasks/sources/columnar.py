"""Rows of Parquet and Arrow files, with the class names that they declare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from s3exp.tasks.sources.cards import of_features
from s3exp.tasks.sources.table import Table
from s3exp.types import UserError

if TYPE_CHECKING:
    import pyarrow


def read_columnar(data: bytes, source: str, kind: str) -> Table:
    """The rows of Parquet or Arrow bytes.

    Raises:
        UserError: they are damaged, or of another format.
    """
    import pyarrow

    try:
        table = _parquet(data) if kind == "Parquet" else _arrow(data)
        rows = table.to_pylist()
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{source}: not {_article(kind)} file: {reason}") from error
    if len(set(table.column_names)) < len(table.column_names):
        raise UserError(f"{source}: two columns have one name")
    described = (table.schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(described).get("info", {}).get("features", {})
    except (ValueError, AttributeError):
        features = {}
    return Table(rows, of_features(features))


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "Arrow" else f"a {kind}"


def _parquet(data: bytes) -> pyarrow.Table:
    import pyarrow
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data)).read()


def _arrow(data: bytes) -> pyarrow.Table:
    import pyarrow
    import pyarrow.ipc

    try:
        return pyarrow.ipc.open_file(pyarrow.BufferReader(data)).read_all()
    except pyarrow.ArrowInvalid:
        return pyarrow.ipc.open_stream(pyarrow.BufferReader(data)).read_all()
