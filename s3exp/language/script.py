"""The script that a text is written in, by the Unicode names of its letters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

LEAST = 10  # letters: fewer may be a name or an abbreviation
_MOSTLY = 0.7  # share of the letters
_ALWAYS = 0.98  # share of the texts
_LONGEST = 1000  # characters that are looked at
_EAST_ASIAN = {"CJK": "CJK", "HIRAGANA": "CJK", "KATAKANA": "CJK"}  # Japanese mixes them


def script_of(text: str) -> str | None:
    """The script of most letters (`LATIN`, `CJK`, `HANGUL`, `ARABIC`); None: too few letters, or no script has most."""
    letters = [char for char in text[:_LONGEST] if char.isalpha()]
    if len(letters) < LEAST:
        return None
    if text.isascii():
        return "LATIN"
    ((script, number),) = Counter(map(_script, letters)).most_common(1)
    return script if number >= _MOSTLY * len(letters) else None


def common_script(texts: Sequence[str]) -> str | None:
    """The one script that the texts are in; None where some are in another."""
    counts = Counter(script for text in texts if (script := script_of(text)))
    if not counts:
        return None
    ((script, number),) = counts.most_common(1)
    return script if number >= _ALWAYS * counts.total() else None


@lru_cache(4096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split()[0].removesuffix("-COMPATIBILITY")
    return _EAST_ASIAN.get(name, "LATIN" if name in ("FULLWIDTH", "FEMININE", "MASCULINE") else name)
