"""The words of a text in any script, by Unicode's default word boundaries (UAX #29, the library regex).

Han, Hiragana, Thai, Lao, Khmer and Myanmar put no spaces between words. There every character with its marks counts as
a word. An emoji is a word; punctuation, symbols and white space are none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

# the same boundaries in ASCII, three times as fast; the tests compare the two
_ASCII = re.compile(
    r"_*[A-Za-z0-9](?:[A-Za-z0-9_]|(?<=[A-Za-z])[':.](?=[A-Za-z])|(?<=[0-9])['.,;](?=[0-9]))*", re.ASCII
)
_APOSTROPHES = str.maketrans(
    dict.fromkeys("’‘ʼ＇", "'")
)  # a copy does not stop being one for its quotation marks


def words(text: str) -> list[str]:
    """The words of a text, in order, as they stand there."""
    if text.isascii():
        return _ASCII.findall(text)
    pieces = _boundaries().split(text)
    return [piece.strip("'’") for piece in pieces if piece and _wordlike().search(piece)]


def count(text: str) -> int:
    """How many words a text has."""
    return len(words(text))


def fold(text: str) -> str:
    """A text without the differences that no reader sees: case, width, composition, invisible characters, apostrophes.

    Unicode's NFKC_Casefold, with one kind of apostrophe.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    return unicodedata.normalize("NFKC", _invisible().sub("", folded))


def folded_words(text: str) -> list[str]:
    """The words of a folded text, in order."""
    return words(fold(text))


def unspaced(words: Sequence[str]) -> bool:
    """Whether most of these words are characters of scripts that put no spaces between words."""
    return 2 * sum(word >= "\u0e00" and _unspaced().match(word) is not None for word in words) > len(words)


@cache  # compiled when they are needed: an English run may never need them
def _boundaries() -> Any:
    import regex

    return regex.compile(r"(?wV1)\b")


@cache
def _wordlike() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{N}\p{Regional_Indicator}]|[\p{Extended_Pictographic}--[©®™‼⁉]]", regex.V1)


@cache
def _unspaced() -> Any:
    import regex

    return regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


@cache
def _invisible() -> Any:
    import regex

    return regex.compile(r"\p{Default_Ignorable_Code_Point}+")
