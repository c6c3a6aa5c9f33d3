"""Batches of encoded rows of similar length, padded to their own longest row, in a seeded order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from s3exp.small_model.domains import NAME as DOMAINS
from s3exp.small_model.rows import Row, Rows

Collate = Callable[[Sequence[Row]], dict[str, Tensor]]
WINDOW = 50  # batches: shuffled rows are sorted by length only within so many


def lengths(rows: Sequence[Row]) -> list[int]:
    """The length of every row, of packed rows without making tensors."""
    return rows.lengths if isinstance(rows, Rows) else [len(row[0]) for row in rows]


def by_length(rows: Sequence[Row]) -> list[int]:
    """Row indices from the shortest row to the longest; equal lengths keep their order."""
    return sorted(range(len(rows)), key=lengths(rows).__getitem__)


class Batches:
    """An iterable of (inputs, labels, weights) batches for one data set; each pass is one epoch.

    With a generator the rows are shuffled anew every epoch: in windows of `WINDOW` batches they are sorted by
    length and cut into batches, and the batches are shuffled. Without one they go from short to long.
    `weights` multiply the rows' losses; their mean is 1. None: all count the same. `made` says which rows are
    synthesized, where the network heeds it: the same text may be of either kind.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        labels: Sequence[int],
        collate: Collate,
        size: int,
        generator: torch.Generator | None = None,
        weights: Sequence[float] | None = None,
    ) -> None:
        self.rows, self.labels, self.collate = rows, labels, collate
        self.size, self.generator, self.weights = size, generator, weights
        self.made: Sequence[bool] | None = None

    def __len__(self) -> int:
        """Batches in an epoch; the last may be smaller."""
        return -(-len(self.rows) // self.size)

    def __iter__(self) -> Iterator[tuple[dict[str, Tensor], Tensor, Tensor | None]]:
        """Yield the inputs that `collate` makes, and of shape (rows,) labels, int64, and weights, float32, or None."""
        for chosen in self._chosen():
            labels = torch.tensor([self.labels[index] for index in chosen])
            weights = (
                None if self.weights is None else torch.tensor([self.weights[index] for index in chosen])
            )
            inputs = self.collate([self.rows[index] for index in chosen])
            if self.made is not None:
                inputs[DOMAINS] = torch.tensor([self.made[index] for index in chosen])
            yield inputs, labels, weights

    def _chosen(self) -> list[list[int]]:
        if self.generator is None:
            order = by_length(self.rows)
            return [order[i : i + self.size] for i in range(0, len(order), self.size)]
        shuffled: list[int] = torch.randperm(len(self.rows), generator=self.generator).tolist()
        batches: list[list[int]] = []
        key = lengths(self.rows).__getitem__
        for start in range(0, len(shuffled), WINDOW * self.size):
            window = shuffled[start : start + WINDOW * self.size]
            window.sort(key=key)
            batches.extend(window[i : i + self.size] for i in range(0, len(window), self.size))
        order = torch.randperm(len(batches), generator=self.generator).tolist()
        return [batches[index] for index in order]
