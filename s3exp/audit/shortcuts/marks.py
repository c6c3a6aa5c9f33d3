"""The surface of one text: its beginning and end, its case, its words and characters, its lengths."""

from __future__ import annotations

import operator
import re
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from s3exp.language.words import spaced

# attribute -> (family, words for a row that has the value, words for one that lacks it). Of marks that predict the
# same, the first one here gives the name: the plainest to a reader comes first.
ATTRIBUTES: dict[str, tuple[str, str, str]] = {
    "wrapper": ("wrapper", "is wrapped in {}", "is not wrapped in {}"),
    "prefix": ("wrapper", "begins with {}", "does not begin with {}"),
    "white space": ("odd characters", "has {}", "does not have {}"),
    "beginning": ("beginning", "begins with {}", "does not begin with {}"),
    "first word": ("first word", "begins with the word {}", "does not begin with the word {}"),
    "first character": ("first character", "begins with {}", "does not begin with {}"),
    "ending": ("ending", "ends with {}", "does not end with {}"),
    "last word": ("last word", "ends with the word {}", "does not end with the word {}"),
    "run": ("token", "contains {}", "does not contain {}"),
    "last character": ("last character", "ends with {}", "does not end with {}"),
    "character": ("token", "contains {}", "does not contain {}"),
    "capitals": ("token", "contains {} in capitals", "does not contain {} in capitals"),
    "word": ("token", "contains the word {}", "does not contain the word {}"),
    "last kind": ("last character", "ends with {}", "does not end with {}"),
    "case": ("letter case", "is in {}", "is not in {}"),
    "first case": ("letter case", "begins with {}", "does not begin with {}"),
    "habit": ("habit", "has {}", "does not have {}"),
    "words in capitals": ("letter case", "has {} words in capitals", ""),
    "sentences": ("sentences", "has {} sentences", ""),
    "words": ("length in words", "has {} words", ""),
    "characters": ("length in characters", "has {} characters", ""),
    "punctuation marks": ("punctuation", "has {} punctuation marks", ""),
    "capital letters": ("letter case", "has {} capital letters", ""),
    "digits": ("digits", "has {} digits", ""),
    "letters a word": ("word length", "has {} letters a word", ""),
    "overlap": ("word overlap", "has {} of its words in the given text", ""),
    "first letter": ("first character", "begins with the letter {}", "does not begin with the letter {}"),
    "last letter": ("last character", "ends with the letter {}", "does not end with the letter {}"),
}
RANK = {name: place for place, name in enumerate(ATTRIBUTES)}
QUANTITIES = tuple(name for name, (_, _, without) in ATTRIBUTES.items() if not without)
FRACTIONS = ("letters a word", "overlap")

_WORD = regex.compile(r"\w+(?:['’]\w+)*")  # here \w knows combining marks
_ASCII_WORD = re.compile(r"\w+(?:'\w+)*")
_RUN = re.compile(r"([!-/:-@[-^`{-~¡-¿–-⁊])\1+")
_ENDS = ".!?…。！？｡؟۔।॥"
_SENTENCE = re.compile(rf"[{_ENDS}]+[\"'”’)\]*]*(?:\s|$)|[。！？｡]+[」』”’）]*")
_CAPITALS = regex.compile(r"\p{Lu}{2,}")
_CAPITALIZED = regex.compile(r"\b\p{Lu}")
_APOSTROPHE = re.compile(r"\w['’]\w")
_PREFIX = re.compile(
    r"(?P<sign>[-*•–] |#+ )|(?P<number>\(?\d+(?:[.):] |[、．：]))|(?P<name>\w+(?: \w+)?(?:: |：))"
)
_WRAPPERS = {  # the longer first
    ("**", "**"): "'**'",
    ('"', '"'): "double quotes",
    ("'", "'"): "single quotes",
    ("“", "”"): "curly quotes",
    ("‘", "’"): "single curly quotes",
    ("„", "“"): "low and high curly quotes",
    ("「", "」"): "corner brackets",
    ("『", "』"): "white corner brackets",
    ("《", "》"): "double angle brackets",
    ("«", "»"): "guillemets",
    ("(", ")"): "round brackets",
    ("[", "]"): "square brackets",
    ("{", "}"): "braces",
    ("<", ">"): "angle brackets",
    ("`", "`"): "backticks",
    ("*", "*"): "asterisks",
    ("_", "_"): "underscores",
}
_PLAIN = frozenset(string.ascii_letters + string.digits + " ")
_ASCII_KINDS = {  # deleting from bytes is ten times as fast as looking at every character
    "punctuation marks": string.punctuation.encode(),
    "capital letters": string.ascii_uppercase.encode(),
    "digits": string.digits.encode(),
}
_KINDS = {"punctuation marks": "P", "capital letters": "Lu", "digits": "Nd"}  # Unicode's categories
_CACHED_TEXTS = 4096  # gold's and a round's, for the next round or run
_NEGATIONS = frozenset("no not never none nobody nothing nowhere neither nor cannot without".split())

Key = str | tuple[str, str]  # a word, or an attribute and its value: most are words, and a tuple costs time


@dataclass(frozen=True, slots=True)
class Read:
    """The marks of a text, and its QUANTITIES by name."""

    keys: frozenset[Key]
    quantities: Mapping[str, float]


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case; an apostrophe belongs to its word, a hyphen does not.

    A character is a word in scripts that put no spaces between words.
    """
    lower = text.lower()
    return _ASCII_WORD.findall(lower) if lower.isascii() else list(_WORD.findall(spaced(lower)))


@lru_cache(_CACHED_TEXTS)
def read(text: str, given: tuple[str, ...]) -> Read:
    """The surface of one text; `given` are the other texts of its row, for the words that they share."""
    words = words_of(text)
    distinct = set(words)
    quantities = _quantities(text, words)
    shared = distinct & set().union(*map(words_of, given))
    quantities["overlap"] = round(len(shared) / max(len(distinct), 1), 2)
    marks = [*_marks(text), *_ends(words), *_habits(text, words, distinct, quantities)]
    return Read(frozenset[Key]([*distinct, *marks]), quantities)


def _marks(text: str) -> Iterator[Key]:
    bare = text.strip()
    for character in set(text) - _PLAIN:
        yield "character", character
    for run in _RUN.finditer(text):
        yield "run", run.group()
    for capitals in _CAPITALS.findall(text):
        yield "capitals", capitals
    yield from _white_space(text)
    if not bare:
        return
    yield "first letter" if bare[0].isalnum() else "first character", bare[0]
    yield "last letter" if bare[-1].isalnum() else "last character", bare[-1]
    if bare[-1].isalnum():
        yield "last kind", "a letter or digit"
    elif bare[-1] not in _ENDS:
        yield "last kind", "another character than .!?"
    for (left, right), name in _WRAPPERS.items():
        if len(bare) > len(left) + len(right) and bare.startswith(left) and bare.endswith(right):
            yield "wrapper", name
            break
    if (prefix := _PREFIX.match(bare)) is not None:
        yield "prefix", "a number" if prefix["number"] else repr(prefix.group().strip())


def _white_space(text: str) -> Iterator[Key]:
    if text[:1].isspace():
        yield "white space", "white space before the text"
    if text[-1:].isspace():
        yield "white space", "white space after the text"
    if "  " in text.strip():
        yield "white space", "two spaces in a row"


def _ends(words: Sequence[str]) -> Iterator[Key]:
    if words:
        yield "first word", words[0]
        yield "last word", words[-1]
    for count in (2, 3):
        if len(words) > count:
            yield "beginning", " ".join(words[:count])
            yield "ending", " ".join(words[-count:])


def _habits(
    text: str, words: Sequence[str], distinct: set[str], counts: Mapping[str, float]
) -> Iterator[Key]:
    first = next(filter(str.isalpha, text), "")
    if first.islower():
        yield "first case", "a lower-case letter"
    elif first.isupper():
        yield "first case", "a capital letter"
    if text.isupper():
        yield "case", "capitals throughout"
    elif text.islower():
        yield "case", "lower case throughout"
    elif counts["capital letters"] >= 0.8 * len(words) > 2 and _titled(text, len(words)):
        yield "case", "title case"
    lower = text.lower()
    if distinct & _NEGATIONS or "n't" in lower or "n’t" in lower:
        yield "habit", "a negation"
    if _APOSTROPHE.search(text):
        yield "habit", "a word with an apostrophe"
    if counts["digits"]:
        yield "habit", "a number in digits"
    if any(map(operator.eq, words, words[1:])):
        yield "habit", "a word twice in a row"


def _titled(text: str, words: int) -> bool:
    return len(_CAPITALIZED.findall(text)) >= 0.8 * words


def _quantities(text: str, words: Sequence[str]) -> dict[str, float]:
    return {
        "words in capitals": len(_CAPITALS.findall(text)),
        "sentences": len(_SENTENCE.findall(text.rstrip() + ".")),
        "words": len(words),
        "characters": len(text),
        **_kinds(text),
        "letters a word": round(len("".join(words)) / max(len(words), 1), 1),
    }


def _kinds(text: str) -> dict[str, float]:
    """How many punctuation marks, capital letters and digits a text has, in any script."""
    ascii_, others = text.encode("ascii", "ignore"), [one for one in text if not one.isascii()]
    counts: dict[str, float] = {
        name: len(ascii_) - len(ascii_.translate(None, signs)) for name, signs in _ASCII_KINDS.items()
    }
    for one in others:
        category = unicodedata.category(one)
        for name, prefix in _KINDS.items():
            counts[name] += category.startswith(prefix)
    return counts
