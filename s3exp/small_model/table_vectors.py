"""Rows of a table as vectors: for small models, and for the audit's distances."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.tasks.cells import Column, Table
from s3exp.tasks.numbers import number
from s3exp.types import Example

Floats = NDArray[np.float64]
Encode = Callable[[Sequence[Sequence[str]]], Floats]  # from the cells of rows to (rows, dim)


class TableEmbedder:
    """Vectors of rows of a table (protocol `Embedder`): standardised numbers, one-hot categories.

    A text is the cells of a row, one a line; a vector is one of the whole row.
    """

    gold_alone = False  # the columns of made rows are those of gold
    whole_rows = True

    def __init__(self, table: Table, gold: Sequence[Example]) -> None:
        cells = [[row.fields[column.name] for column in table.columns] for row in gold]
        self._encode = scaled(table.columns, cells)
        digest = hashlib.sha256(
            json.dumps([[plain(one) for one in table.columns], cells]).encode()
        ).hexdigest()
        self.name = f"table:{digest}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a row: (rows, dim), float32."""
        return np.asarray(self._encode([text.split("\n") for text in texts]), np.float32)

    def known(self, texts: Sequence[str]) -> float:
        """All columns are known."""
        return 1.0


def codes(columns: Sequence[Column]) -> Encode:
    """Numbers as they are, categories as the place of their value; what is unknown is NaN, which trees read."""
    places = [_places(column) for column in columns]

    def encode(cells: Sequence[Sequence[str]]) -> Floats:
        rows = [[_code(text, known) for text, known in zip(row, places, strict=True)] for row in cells]
        return np.array(rows, np.float64).reshape(len(cells), len(columns))

    return encode


def scaled(columns: Sequence[Column], learned: Sequence[Sequence[str]]) -> Encode:
    """Standardised numbers and one-hot categories; what is unknown is the mean, or no value at all.

    A one-hot column is divided by the root of 2, so that two rows of other values are 1 apart.
    """
    coded, numbers = codes(columns), [not column.values for column in columns]
    table = coded(learned)
    unknown = np.isnan(table)
    mean = np.where(unknown, 0, table).sum(axis=0) / np.maximum((~unknown).sum(axis=0), 1)
    spread = np.where(unknown, mean, table).std(axis=0)
    spread[spread == 0] = 1

    def encode(cells: Sequence[Sequence[str]]) -> Floats:
        some = coded(cells)
        parts = []
        for place, column in enumerate(columns):
            if numbers[place]:
                value = np.nan_to_num((some[:, place] - mean[place]) / spread[place], nan=0.0)
                parts.append(value[:, None])
            else:
                parts.append((some[:, place, None] == np.arange(len(column.values))) / math.sqrt(2))
        return np.concatenate(parts, axis=1)

    return encode


def _places(column: Column) -> Mapping[str, int] | None:
    return {value: place for place, value in enumerate(column.values)} if column.values else None


def _code(text: str, places: Mapping[str, int] | None) -> float:
    if places is not None:
        return places.get(text, math.nan)
    value = number(text)
    return math.nan if value is None else float(value)


def plain(column: Column) -> dict[str, Any]:
    """A column in JSON, which has no infinity; without a unit it has none there."""
    facts = {key: None if value in (math.inf, -math.inf) else value for key, value in asdict(column).items()}
    return {key: value for key, value in facts.items() if key != "unit" or value}
