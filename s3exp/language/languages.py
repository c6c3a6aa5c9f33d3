"""The language of a set of rows, by a sample of them (py3langid, a naive Bayes over byte n-grams of 139 languages).

One short text tells little: neighbouring rows are joined until they have `UNIT` bytes, and each such unit votes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

UNIT = 150  # bytes: on fewer the judge is often wrong
UNITS = 40  # more votes change nothing and take time
LONGEST = 1000  # characters of one row
LEAST = 40  # bytes of all rows together
AGREEMENT = 0.75  # share of the votes: below it, the rows have several languages or none that is known
_NONE = frozenset(("zxx", "und"))  # no text of a language, not determined


def language_of(texts: Sequence[str]) -> str | None:
    """The ISO 639 code of the language that most rows are in (`en`, `de`, `zh`); None where it cannot be known.

    It cannot be known of rows with too little text, of rows without letters, and of rows in several languages.
    """
    return _language(tuple(_sample(texts)))


def _sample(texts: Sequence[str]) -> Iterator[str]:
    """Rows from the whole set, evenly spaced: files are often sorted."""
    step = max(1, len(texts) // (UNITS * 8))
    yield from (text[:LONGEST] for text in texts[::step])


@lru_cache(32)  # gold is looked at in every round
def _language(texts: tuple[str, ...]) -> str | None:
    votes: defaultdict[str, float] = defaultdict(float)
    for _, unit in zip(range(UNITS), _units(texts), strict=False):
        code, confidence = _judge().classify(unit)
        votes[code] += confidence
        votes["und"] += 1 - confidence
    best = max(votes, key=votes.__getitem__, default="und")
    return best if best not in _NONE and votes[best] >= AGREEMENT * sum(votes.values()) else None


def _units(texts: Sequence[str]) -> Iterator[str]:
    """Rows, short ones joined to their neighbours; the rest at the end is a unit only if it is all there is."""
    unit, complete = "", False
    for text in filter(_has_letters, texts):
        unit = f"{unit}\n{text}" if unit else text
        if _size(unit) >= UNIT:
            yield unit
            unit, complete = "", True
    if not complete and _size(unit) >= LEAST:
        yield unit


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@lru_cache(1)
def _judge() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
