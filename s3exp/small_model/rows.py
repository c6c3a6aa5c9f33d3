"""Encoded rows, packed: every text is encoded once in a run, and a million short rows fit into memory.

Each part of the rows is one flat array of the smallest type of integer that holds it; a batch gets tensors of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Row = tuple[Tensor, ...]  # the first tensor has the row's length
Key = tuple[str, ...]  # a row's texts
CHUNK = 1000  # rows that are encoded together: a tokenizer's output is large


class Part:
    """One part of all rows, say their token ids: values of shape (numbers of all rows,) and the rows' ends."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype  # of the tensors that `row` returns
        self._values: list[NDArray[Any]] = [np.empty(0, dtype=np.uint8)]
        self._ends: list[NDArray[np.int64]] = [np.zeros(1, dtype=np.int64)]

    def extend(self, rows: Sequence[Tensor]) -> None:
        """Append one tensor a row."""
        values = torch.cat(list(rows)).numpy()
        low, high = (values.min(), values.max()) if len(values) else (0, 0)
        smallest = np.result_type(np.min_scalar_type(low), np.min_scalar_type(high))
        self._values.append(values.astype(smallest))
        self._ends.append(self._ends[-1][-1] + np.cumsum([len(row) for row in rows], dtype=np.int64))

    def join(self) -> None:
        """Concatenate the appended arrays. Call it before rows are read."""
        self._values, self._ends = [np.concatenate(self._values)], [np.concatenate(self._ends)]

    def row(self, number: int) -> Tensor:
        """The part of one row, a copy."""
        begin, end = self._ends[0][number : number + 2].tolist()
        return torch.from_numpy(self._values[0][begin:end].astype(self.dtype))

    def lengths(self, numbers: NDArray[np.int64]) -> list[int]:
        """The lengths of this part of some rows."""
        ends = self._ends[0]
        return list((ends[numbers + 1] - ends[numbers]).tolist())

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(array.nbytes for array in (*self._values, *self._ends))


class Rows(Sequence[Row]):
    """Some rows of a cache, in an order of their own; `lengths` are those of their first parts."""

    def __init__(self, parts: Sequence[Part], numbers: NDArray[np.int64]) -> None:
        self._parts, self._numbers = parts, numbers
        self.lengths: list[int] = parts[0].lengths(numbers) if parts else []

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Row | Rows:
        if isinstance(index, slice):
            return Rows(self._parts, self._numbers[index])
        number = int(self._numbers[index])
        return tuple(part.row(number) for part in self._parts)


class RowCache:
    """The encoded rows of texts, over all rounds of a run."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}
        self._parts: list[Part] = []

    def rows(self, keys: Sequence[Key], encode: Callable[[Sequence[Key]], Iterable[Row]]) -> Rows:
        """The rows of `keys`, in order; `encode` makes the new ones, `CHUNK` at a time."""
        new = [key for key in dict.fromkeys(keys) if key not in self._numbers]
        try:
            for begin in range(0, len(new), CHUNK):
                chunk = new[begin : begin + CHUNK]
                encoded = list(zip(*encode(chunk), strict=True))
                self._parts = self._parts or [Part(rows[0].numpy().dtype) for rows in encoded]
                for part, rows in zip(self._parts, encoded, strict=True):
                    part.extend(rows)
                self._numbers.update((key, place) for place, key in enumerate(chunk, len(self._numbers)))
        finally:
            for part in self._parts if new else ():
                part.join()
        return Rows(self._parts, np.array([self._numbers[key] for key in keys], dtype=np.int64))

    @property
    def size(self) -> int:
        """Bytes of memory, without the keys."""
        return sum(part.size for part in self._parts)
