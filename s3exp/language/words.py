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
_TOKEN = re.compile(r"\w+|[^\w\s]")
_RUN = re.compile(r"\w+")
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ーｰ\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
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


def tokens(text: str) -> list[str]:
    """Runs of letters and digits, and single other marks, in order: what a bag of words or n-grams counts.

    Of English text they are those of `\\w+|[^\\w\\s]`, so "don't" has three. A word keeps its combining marks.
    """
    return _TOKEN.findall(text) if text.isascii() else list(_tokens().findall(spaced(text)))


def places(text: str) -> list[tuple[int, int]]:
    """Where those of `tokens` that are runs of letters and digits begin and end."""
    found = _RUN.finditer(text) if text.isascii() else _runs().finditer(text)
    return [one.span() for one in found]


def spaced(text: str) -> str:
    """A text with spaces around every character of scripts that put none between words."""
    return text if text.isascii() else str(_unspaced().sub(r" \g<0> ", text))


def cut(text: str, most: int) -> str:
    """The beginning of a text, up to the end of its word number `most`; words end at white space, or as in `spaced`."""
    ends = [piece.end() for piece in _pieces().finditer(text)]
    return text if len(ends) <= most else text[: ends[most - 1]]


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

    return regex.compile(rf"[{_UNSPACED}]\p{{M}}*")


@cache
def _tokens() -> Any:
    import regex

    return regex.compile(_TOKEN.pattern)  # here \w knows combining marks


@cache
def _runs() -> Any:
    import regex

    return regex.compile(rf"[{_UNSPACED}]\p{{M}}*|[\w--[{_UNSPACED}]]+", regex.V1)


@cache
def _pieces() -> Any:
    import regex

    return regex.compile(rf"[{_UNSPACED}]\p{{M}}*|[^\s{_UNSPACED}]+")


@cache
def _invisible() -> Any:
    import regex

    return regex.compile(r"\p{Default_Ignorable_Code_Point}+")
