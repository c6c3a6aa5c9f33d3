"""Copies of gold rows among synthesized ones: exact, near, and quotations.

MinHash (Broder 1997) with locality-sensitive hashing (the library rensa) proposes near copies, which are then measured
exactly. Hashes of all runs of six words give the quotations. Only fingerprints are compared: no text, no label.

A row is a quotation if it has three in five of its words from one gold row, so that the rule scales with its length,
or 13 words in a row, which no honest pair of long texts shares by chance (Brown et al. 2020, appendix C). In scripts
without spaces a character counts as half a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.tasks.fingerprints import RUN, Fingerprint, Hashes, fingerprint, jaccard
from s3exp.tasks.roles import Gold, fingerprints

QUOTED = 0.6  # share of a row's words
LONG_QUOTE = 13  # words in a row
LEARNED = "tuning"  # the role of the gold rows that the LLM learned
EXEMPLAR = "exemplar"  # the role of the gold row that the LLM was shown when it wrote the row
NEAR = 0.8  # Jaccard similarity of the runs of two words
KINDS = ("exact", "near", "quote")  # the worst first
_PERMUTATIONS, _BANDS = 128, 32  # misses fewer than one pair in 10 million at a similarity of 0.8
_SEED = 7
_CHUNK = 5000  # rows compared at a time: bounds memory


@dataclass(frozen=True, slots=True)
class Copy:
    """A synthesized row that repeats the gold row `of`, which stands in `role`.

    `kind` is `exact` (the same words), `near` (`score` is the Jaccard similarity) or `quote` (`score` is the number
    of words in runs of at least six that both have).
    """

    kind: str
    role: str
    of: str
    score: float


class Copies:
    """An index of gold rows, by role.

    A row is a near copy from the similarity `near` on, a quotation from the share `quoted` of its words on.
    """

    def __init__(
        self, roles: Mapping[str, Sequence[Fingerprint]], near: float = NEAR, quoted: float = QUOTED
    ) -> None:
        import rensa

        self.near, self._quoted = near, quoted
        self.sizes = {role: len(rows) for role, rows in roles.items()}
        self._gold = [(role, row) for role, rows in roles.items() for row in rows]
        self._texts: dict[str, list[int]] = defaultdict(list)
        for place, (_, row) in enumerate(self._gold):
            self._texts[row.text].append(place)
        self._places = {row.id: place for place, (_, row) in enumerate(self._gold)}
        # each once: a long text that repeats itself costs no more than a short one
        runs = [_distinct(row.runs) for _, row in self._gold] or [np.empty(0, dtype=np.uint64)]
        owners = np.repeat(np.arange(len(runs)), [len(hashes) for hashes in runs])
        joined = np.concatenate(runs)
        order = np.argsort(joined, kind="stable")
        self._runs, self._owners = joined[order], owners[order]
        self._long = [place for place, (_, row) in enumerate(self._gold) if not row.short]
        self._lsh = rensa.RMinHashLSH(near, _PERMUTATIONS, _BANDS)
        for start in range(0, len(self._long), _CHUNK):
            chunk = [self._gold[place][1] for place in self._long[start : start + _CHUNK]]
            self._lsh.insert_many(minhashes(chunk), start)

    def find(
        self, rows: Sequence[Fingerprint], shown: Sequence[str | None] | None = None
    ) -> list[tuple[Copy, ...]]:
        """For each row the worst copy in every role that has one; an empty tuple for a row that is none.

        `shown` are the ids of the rows' exemplars: a copy of its own exemplar has the role `EXEMPLAR`.
        """
        long = [place for place, row in enumerate(rows) if not row.short]
        similar: dict[int, list[int]] = {}
        if long:
            candidates = self._lsh.query_all(minhashes([rows[place] for place in long]))
            similar = dict(zip(long, candidates, strict=True))
        own = [None] * len(rows) if shown is None else shown
        return [self._copies(row, similar.get(place, []), own[place]) for place, row in enumerate(rows)]

    def quoted(self, row: Fingerprint, gold: str | None) -> float | None:
        """The share of a row's words in runs of at least six that the gold row `gold` has.

        None without such a row, or where the row is none of words, but of a table.
        """
        place = self._places.get(gold or "")
        if place is None or not len(row.shingles):
            return None
        starts = np.flatnonzero(np.isin(row.runs, self._gold[place][1].runs) & (row.runs != 0))
        return _quotation(starts, row.run)[0] / row.words

    def between_roles(self) -> dict[str, int]:
        """For each pair of roles, how many rows of the first have the written field of a row of the second."""
        texts: dict[str, list[str]] = {
            role: [] for role in self.sizes if role != LEARNED
        }  # some of another role
        for role, row in self._gold:
            if role in texts and not row.short:
                texts[role].append(row.text)
        distinct = {role: set(rows) for role, rows in texts.items()}
        return {
            f"{one}, {other}": sum(text in distinct[other] for text in texts[one])
            for one, other in combinations(texts, 2)
        }

    def _copies(self, row: Fingerprint, similar: Sequence[int], shown: str | None) -> tuple[Copy, ...]:
        best: dict[str, Copy] = {}
        for kind, place, score in (*self._exact(row), *self._near(row, similar), *self._quotes(row)):
            role, gold = self._gold[place]
            role = EXEMPLAR if gold.id == shown else role
            copy = Copy(kind, role, gold.id, score)
            rank = (-KINDS.index(kind), score)
            if role not in best or rank > (-KINDS.index(best[role].kind), best[role].score):
                best[role] = copy
        return tuple(best[role] for role in (*self.sizes, EXEMPLAR) if role in best)

    def _exact(self, row: Fingerprint) -> Iterator[tuple[str, int, float]]:
        for place in self._texts.get(row.text, ()) if row.words else ():
            if not row.short or row.row == self._gold[place][1].row:
                yield "exact", place, 1.0

    def _near(self, row: Fingerprint, similar: Sequence[int]) -> Iterator[tuple[str, int, float]]:
        for key in similar:
            place = self._long[key]
            score = jaccard(row.shingles, self._gold[place][1].shingles)
            if score >= self.near:
                yield "near", place, round(score, 4)

    def _quotes(self, row: Fingerprint) -> Iterator[tuple[str, int, float]]:
        if not len(self._runs):
            return
        first = np.searchsorted(self._runs, row.runs, side="left")
        shared = (self._runs.take(first, mode="clip") == row.runs) & (row.runs != 0)
        if not shared.any():  # nearly every row
            return
        starts = np.flatnonzero(shared)
        first, after = first[starts], np.searchsorted(self._runs, row.runs[starts], side="right")
        owners = np.concatenate([self._owners[low:high] for low, high in zip(first, after, strict=True)])
        starts = np.repeat(starts, after - first)
        most, long = self._quoted * row.words, LONG_QUOTE * row.run // RUN
        counts = np.bincount(owners)
        for place in np.flatnonzero(counts * row.run >= min(most, long)).tolist():
            words, in_a_row = _quotation(starts[owners == place], row.run)
            if words >= most or in_a_row >= long:
                yield "quote", place, float(words)


def _distinct(runs: Hashes) -> Hashes:
    distinct = np.unique(runs)
    return distinct[1:] if len(distinct) and not distinct[0] else distinct


def _quotation(starts: NDArray[np.int64], run: int) -> tuple[int, int]:
    """How many words the runs of `run` words that begin at `starts` (sorted) have together, and most in a row."""
    if not len(starts):
        return 0, 0
    steps = np.diff(starts)
    ends = np.flatnonzero(np.append(steps > 1, True))
    lengths = np.diff(ends, prepend=-1)
    return int(np.minimum(steps, run).sum()) + run, int(lengths.max()) + run - 1


def minhashes(rows: Sequence[Fingerprint]) -> list[Any]:
    """MinHash sketches of the rows' shingles, in order."""
    import rensa

    sketches: list[Any] = []
    for row in rows:
        # not from_token_sets: it wakes a pool of threads, which for one row takes a hundred times as long
        sketch = rensa.RMinHash(_PERMUTATIONS, _SEED)
        raw = row.shingles.tobytes()
        sketch.update([raw[i : i + 8] for i in range(0, len(raw), 8)])
        sketches.append(sketch)
    return sketches


def of_gold(gold: Gold, written: Sequence[str]) -> dict[str, list[Fingerprint]]:
    """Fingerprints of every gold role. The test rows stay sealed."""
    return {
        "train": fingerprints(gold.train or gold.aside, written),
        "mining": fingerprints(gold.mining, written),
        "select": fingerprints(gold.select, written),
        "test": gold.test.fingerprints(written),
        **({LEARNED: fingerprints(gold.learned, written)} if gold.learned else {}),
    }


def copier(gold: Gold, fields: Sequence[str], near: float) -> Callable[[str], bool]:
    """A function that says whether a text copies one of a gold row, of any field and role. Test rows stay sealed."""
    roles = [of_gold(gold, [name]) for name in fields]
    indices = [Copies(one, near) for one in roles]
    whole = {row.text for one in roles for rows in one.values() for row in rows if row.words}

    def copied(text: str) -> bool:
        row = fingerprint("", {"": text}, [""])
        return row.text in whole or any(any(index.find([row])) for index in indices)

    return copied


def in_chunks(
    rows: Iterable[tuple[str, Mapping[str, str]]], written: Sequence[str]
) -> Iterator[list[Fingerprint]]:
    """Fingerprints of (name, fields) rows, some thousands at a time."""
    prints = (fingerprint(name, fields, written) for name, fields in rows)
    while chunk := list(islice(prints, _CHUNK)):
        yield chunk
