"""Rows that repeat an earlier row: the same words, or nearly.

MinHash with locality-sensitive hashing (rensa), then the exact similarity, as for copies of gold. Every row is compared
with the distinct rows before it, so a cluster of n like rows has n - 1 repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from s3exp.curation.copies import NEAR, in_chunks, minhashes
from s3exp.tasks.fingerprints import Hashes, jaccard

# finds 95% of the pairs at a similarity of 0.8, all at 0.9; measures few below 0.5
_PERMUTATIONS, _BANDS = 128, 16
_CANDIDATES = 100  # measured for one row


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many rows repeat an earlier one: in every word of every field, or nearly in the written field."""

    rows: int
    exact: int
    near: int


def repeats(
    rows: Iterable[tuple[str, Mapping[str, str]]], written: Sequence[str], near: float = NEAR
) -> Repeats:
    """Count the repeats among (name, fields) rows, in their order."""
    import rensa

    lsh = rensa.RMinHashLSH(near, _PERMUTATIONS, _BANDS)
    distinct: list[Hashes] = []
    seen: set[str] = set()
    total = exact = close = 0
    for chunk in in_chunks(rows, written):
        total += len(chunk)
        fresh = []
        for row in chunk:
            if row.row in seen:
                exact += 1
            elif not row.short:
                fresh.append(row)
            seen.add(row.row)
        for row, sketch in zip(fresh, minhashes(fresh) if fresh else [], strict=True):
            if any(jaccard(row.shingles, distinct[key]) >= near for key in lsh.query(sketch)[:_CANDIDATES]):
                close += 1
                continue
            lsh.insert(len(distinct), sketch)
            distinct.append(row.shingles)
    return Repeats(total, exact, close)
