"""The audit of queries, passages and hard negatives: what shared words give away, and negatives that are right answers.

Words weigh by how rare they are (inverse document frequency, over the passages of both sides), so that function words
hardly count. A passage that repeats the query's words, beside a hard negative that does not, teaches to count words.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from s3exp.audit.observer import NO_GOLD, TABLE_ROWS, Audit, Numbers, Part
from s3exp.audit.unjudged import Unjudged
from s3exp.language.words import fold, words
from s3exp.types import Example

FEWEST = 10  # rows of a side
NEAR_PASSAGE = 0.8  # Jaccard similarity of words, from which two passages are nearly the same
NEAR_QUERY = 0.5  # and two queries ask nearly the same
WHAT = "word overlap beside gold"
Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Read:
    """The words of a row: of its query, its passage and its hard negative, if it has one."""

    row: Example
    query: Words
    passage: Words
    negative: Words | None


@dataclass(frozen=True)
class RetrievalAudit(Audit):
    """An audit of rows whose target is a hard negative; labels are none of its business."""

    def _fidelity(self, rows: Sequence[Example], new: Sequence[Example]) -> Part:
        return Part()

    def _shortcuts(self, rows: Sequence[Example]) -> Part:
        if not self.config.shortcuts:
            return Part()
        made = list(map(self._read, rows))
        known = [*made, *map(self._read, self.gold)]
        false = false_negatives(made, known)
        with_negative = [one for one in made if one.negative is not None]
        numbers: Numbers = {"negatives/false": len(false) / len(with_negative)} if with_negative else {}
        listed = [
            {
                "row": one.row.id,
                "query": _query(one.row),
                "negative": str(one.row.target)[:300],
                "of": other.row.id,
            }
            for one, other in false[:TABLE_ROWS]
        ]
        tables = {"false_negatives": listed} if with_negative else {}
        size = min(len(rows), len(self.gold), self.config.rows)
        if size < FEWEST:
            why = (
                NO_GOLD
                if not self.gold
                else f"{len(rows)} rows and {len(self.gold)} gold rows; each side needs {FEWEST}"
            )
            return Part(numbers, tables, [Unjudged(WHAT, why)])
        sides = [list(map(self._read, self._sample(side)[:size])) for side in (rows, self.gold)]
        weights = rarity([one.passage for side in sides for one in side])
        numbers |= {f"lexical/{name}": value for name, value in overlaps(sides[0], weights).items()}
        numbers |= {f"lexical_of_gold/{name}": value for name, value in overlaps(sides[1], weights).items()}
        return Part(numbers, tables)

    def _read(self, row: Example) -> Read:
        query, passage = (_words(row.fields[name]) for name in self.task.fields)
        return Read(row, query, passage, _words(row.target) if isinstance(row.target, str) else None)


def overlaps(side: Sequence[Read], weights: Mapping[str, float]) -> Numbers:
    """How much of the queries' words stands in their passages and hard negatives, and what it solves.

    `copied` and `in_negative` are mean shares of the words' weight. `told` is the share of hard negatives with less of
    the query than its passage has; equal shares count half. `solved` is the share of queries for which no other passage
    of this side has as much of them.
    """
    numbers: Numbers = {
        "copied": fmean(_share(one.query, one.passage, weights) for one in side),
        "solved": solved(side, weights),
    }
    beside = [
        (_share(one.query, one.passage, weights), _share(one.query, one.negative, weights))
        for one in side
        if one.negative is not None
    ]
    if beside:
        numbers["in_negative"] = fmean(negative for _, negative in beside)
        numbers["told"] = fmean((own > other) + 0.5 * (own == other) for own, other in beside)
    return numbers


def solved(side: Sequence[Read], weights: Mapping[str, float]) -> float:
    """The share of queries whose passage is first by the weight of shared words; a tie of different passages is not."""
    having: dict[str, set[int]] = defaultdict(set)
    for place, one in enumerate(side):
        for word in one.passage:
            having[word].add(place)
    right = 0
    for place, one in enumerate(side):
        scores: dict[int, float] = defaultdict(float)
        for word in sorted(one.query):  # sums in one order
            for other in having.get(word, ()):
                scores[other] += weights.get(word, 0.0)
        own = scores.get(place, 0.0)
        rivals = (score for other, score in scores.items() if side[other].passage != one.passage)
        right += own > 0 and all(score < own - 1e-9 for score in rivals)
    return right / len(side)


def false_negatives(made: Sequence[Read], known: Sequence[Read]) -> list[tuple[Read, Read]]:
    """The rows whose hard negative is (nearly) a passage that answers (nearly) the same query, and those rows: their
    own one, or another."""
    having: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(known):
        for word in one.passage:
            having[word].append(place)
    found = []
    for one in made:
        if not one.negative:
            continue
        shared = Counter(place for word in one.negative for place in having.get(word, ()))
        for place, count in sorted(shared.items()):
            other = known[place]
            alike = count / (len(one.negative) + len(other.passage) - count)
            if alike >= NEAR_PASSAGE and _jaccard(one.query, other.query) >= NEAR_QUERY:
                found.append((one, other))
                break
    return found


def rarity(passages: Sequence[Words]) -> dict[str, float]:
    """The inverse document frequency of the words of some passages, in nats."""
    counts = Counter(word for passage in passages for word in passage)
    return {word: math.log((1 + len(passages)) / (1 + count)) + 1e-3 for word, count in counts.items()}


def _share(query: Words, passage: Words | None, weights: Mapping[str, float]) -> float:
    """The share of the weight of a query's words that a passage has; words of no passage weigh as the rarest."""
    rarest = max(weights.values(), default=1.0)
    whole = math.fsum(weights.get(word, rarest) for word in query)
    shared = math.fsum(weights.get(word, rarest) for word in query & (passage or frozenset()))
    return shared / whole if whole else 0.0


def _jaccard(one: Words, other: Words) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _words(text: str) -> Words:
    return frozenset(words(fold(text)))


def _query(row: Example) -> str:
    return next(iter(row.fields.values()))[:300]
