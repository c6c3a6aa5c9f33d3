"""Rows of Parquet and Arrow files, and the class names that they, or the description beside them, declare."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.tasks.sources.documents import class_names
from s3exp.tasks.sources.table import Table
from s3exp.types import UserError

if TYPE_CHECKING:
    import pyarrow

Names = dict[str, Sequence[str]]


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


def of_features(features: Any) -> Names:
    """The class names by column of a data set's features, as JSON ({column: feature}) or YAML (a list) has them."""
    names: Names = {}
    if isinstance(features, Mapping):
        for column, feature in features.items():
            found = class_names(feature)
            if found:
                names[str(column)] = found
    elif isinstance(features, list):
        for feature in features:
            if not isinstance(feature, Mapping):
                continue
            kind = feature.get("dtype") or feature.get("sequence") or feature.get("list")
            listed = kind.get("class_label", {}) if isinstance(kind, Mapping) else {}
            found = listed.get("names") if isinstance(listed, Mapping) else None
            if isinstance(found, Mapping):
                found = [found[key] for key in sorted(found, key=lambda key: int(str(key)))]
            if isinstance(found, list):
                names[str(feature.get("name"))] = [str(name) for name in found]
    return names


def described(folder: Path, config: str | None = None) -> Names:
    """The class names that dataset_info.json or the head of a README.md in a folder declare."""
    try:
        info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        info = None
    found = _of_info(info, config)
    if found:
        return found
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    head = re.match(r"\ufeff?---\s*\n(.*?)\n---", text, re.DOTALL)
    if head is None:
        return {}
    import yaml

    try:
        card = yaml.safe_load(head[1])
    except yaml.YAMLError:
        return {}
    return _of_info(card.get("dataset_info") if isinstance(card, Mapping) else None, config)


def _of_info(info: Any, config: str | None) -> Names:
    if isinstance(info, list):
        several = {str(one.get("config_name")): one for one in info if isinstance(one, Mapping)}
    elif isinstance(info, Mapping) and "features" in info:
        return of_features(info["features"])
    elif isinstance(info, Mapping):
        several = {str(name): one for name, one in info.items() if isinstance(one, Mapping)}
    else:
        return {}
    one = several.get(config or "default") or (next(iter(several.values())) if len(several) == 1 else None)
    return of_features(one.get("features")) if one else {}
