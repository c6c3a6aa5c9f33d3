"""Several rows in one answer, where the prompt asked for one: the first of them.

Known by their form in any language: items that count from one (`1. …`, `A) …`, `Review 1: …`, `评论1：…`), bullets on
every line, rulers between blocks, questions a line each, "Or:" on a line of its own. The list must begin with the text
and its items must be as long as rows: a reviewer's list of merits stands behind his own words, or its items are short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from s3exp.language.words import count

LEAST = 3  # words of an item that may be a row
_MOST = 30  # the largest number that begins a list
_DIGITS = "①②③④⑤⑥⑦⑧⑨⑩"
_LETTERS = "abcdefghij"
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = "一二三四五六七八九十"
_OPEN, _CLOSE = r"[#*_(\[（【 \t]{0,6}", r"[*_)\]）】]{0,4}"
_MARKER = re.compile(
    rf"{_OPEN}(?P<n>\d{{1,2}}|[{_DIGITS}]|[a-jA-J](?=[.)])|[ivx]{{1,4}}(?=[.)])|[{_NUMBERS}](?=[、.．]))"
    rf"\ufe0f?\u20e3?(?:[.)\]）】:：、．]|(?<=[{_DIGITS}\u20e3])|(?<=#\d)(?=\s)|[ \t]?[/–—-](?=[ \t]))"
    r"[*_]{0,3}(?:\s+|(?<=[、．：）】])|(?<=[①-⑩])|(?<=\d[.)])(?=[^\W\d_]|[\"“「«]))(?=\S)"
)
_HEADING = re.compile(
    rf"{_OPEN}(?P<word>[^\W\d_]+(?:[ -][^\W\d_]+)?)[ \t]?[#№(]?[ \t]?"
    rf"(?P<n>\d{{1,2}}|[A-J](?!\w)|[ivxIVX]{{1,4}}(?!\w)|(?:{'|'.join(_WORDS)})(?!\w)|[{_NUMBERS}])"
    rf"[)*_ \t]{{0,4}}(?:[(（][^()（）\n]{{0,40}}[)）])?{_CLOSE}[ \t]?(?:[:：.)\]–—-]|(?=\n)|\Z){_CLOSE}\s*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[ \t]*[-*•–‣▪●◦+✓✔➤►→][ \t]+")
_RULER = re.compile(r"(?<=\n)[ \t]*(?:(?:[-*_=~#] ?){3,}|<hr ?/?>)[ \t]*\n")
_ANOTHER = re.compile(
    r"(?<=\n)[ \t]*[*_]{0,3}(?:(?:or|alternatively|oder|ou|o bien|oppure|of|или|或者|または|또는)"
    r"|(?:another|second|alternative|here(?:['’]s| is) another) (?:\w+ )?(?:one|option|version|possibility"
    r"|review|sentence|question|example|text|statement|item))[*_]{0,3}\s?(?:[:：][*_]{0,3}|(?=\n))\s*",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?…。！？।؟;；\"”]\W{0,3}$")
_CUT_MARKER = re.compile(r"\n[ \t]*[*_(]{0,3}(?P<n>\d{1,2})[.)]?[*_]{0,3}\s*\Z")
_ORDINALS = re.compile(
    r"\W{0,4}(?:first|1st)(?: \w+)?[*_]{0,3}:[*_]{0,3}\s*(?P<row>.{10,4000}?)\n[ \t]*"
    r"[*_#]{0,4}\s?(?:second|2nd)(?: \w+)?[*_]{0,3}:",
    re.IGNORECASE | re.DOTALL,
)
_IN_QUOTES = re.compile(r"[*_]{0,2}([\"“„«])([^\"“”„«»]+)[\"“”»][*_]{0,2}")
_QUESTION = re.compile(r"[?？؟]\W{0,3}$")


def first_of_several(text: str) -> str | None:
    """The first item of a list of rows; None: the text is none."""
    return _first(text, (_counted, _headed, _bulleted))


def first_block(text: str) -> str | None:
    """The first of several rows that rulers, "Or:" or lines part; None: there is one row."""
    return _first(text, (_ruled, _asked, _quoted, _repeated))


def _first(text: str, forms: Sequence[Callable[[str], str | None]]) -> str | None:
    return next((first for form in forms if (first := form(text)) is not None), None)


def _counted(text: str) -> str | None:
    """The first item of a list that counts on, from its first word to its last."""
    marker = _MARKER.match(text)
    number = None if marker is None else _number(marker["n"])
    if marker is None or number is None or number > _MOST:
        return None
    starts = [marker]
    for hit in _markers(text, marker.end()):
        if _number(hit["n"]) == number + len(starts):
            starts.append(hit)
    if len(starts) < 2:
        cut = _CUT_MARKER.search(text, marker.end())
        last = text[marker.end() : cut.start()].strip() if cut and int(cut["n"]) == number + 1 else ""
        return last if count(last) >= LEAST else None
    items = [text[a.end() : b.start()].strip() for a, b in pairwise(starts)]
    items.append(text[starts[-1].end() :].strip())
    lines = all(text[hit.start() - 1] == "\n" for hit in starts[1:])
    ended = all(_ENDED.search(item) for item in items[:-1])
    if ended and count(items[0]) >= LEAST and not _ENDED.search(items[-1]):
        return _without_half_marks(items[0])  # the second one was cut off
    # "It scored 1. The rest 2. Bundesliga": within a line the items are sentences, or there are three
    if not (lines or ended or len(items) > 2) or min(count(item) for item in items[:2]) < LEAST:
        return None
    return _without_half_marks(items[0])


def _without_half_marks(item: str) -> str:
    """An item without the end of an emphasis that begins before its number: `**1. …**`."""
    return item.strip("*_ \t") if any(item.count(mark) % 2 for mark in ("**", "*", "_")) else item


def _markers(text: str, begin: int) -> list[re.Match[str]]:
    places = (hit.end() for hit in re.finditer(r"\s+", text[begin:]))
    return [hit for at in places if (hit := _MARKER.match(text, begin + at)) and hit["n"]]


def _headed(text: str) -> str | None:
    """What stands between "Review 1" and "Review 2"."""
    if ordinals := _ORDINALS.match(text):
        return ordinals["row"].strip()
    heading = _HEADING.match(text)
    number = None if heading is None else _number(heading["n"])
    if heading is None or number is None:
        return None
    word = heading["word"].lower()
    for start in re.finditer(r"(?:(?<=\n)|(?<=[.!?…。！？\"”] )|(?<=[。！？]))", text[heading.end() :]):
        other = _HEADING.match(text, heading.end() + start.start())
        if other and other["word"].lower() == word and _number(other["n"]) == number + 1:
            first = text[heading.end() : other.start()].strip()
            return first if count(first) >= LEAST else None
    return None


def _bulleted(text: str) -> str | None:
    """The first of at least two lines that are all bullets."""
    if not _BULLET.match(text):
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    marks = [_BULLET.match(line) for line in lines]
    items = [line[mark.end() :].strip() for line, mark in zip(lines, marks, strict=True) if mark]
    if len(items) < max(2, len(lines)) or min(map(count, items[:2])) < LEAST:
        return None
    return items[0]


def _ruled(text: str) -> str | None:
    """The first of several blocks between rulers, or before another one that is announced."""
    for mark in (_RULER, _ANOTHER):
        if hit := mark.search(text):
            first, second = text[: hit.start()].strip(), text[hit.end() :].strip()
            if min(count(first), count(second)) >= LEAST and first[-1] not in ":：":
                return first
    return None


def _asked(text: str) -> str | None:
    """The first of several questions, each a line."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not all(_QUESTION.search(line) for line in lines):
        return None
    return lines[0] if min(map(count, lines)) >= LEAST else None


def _quoted(text: str) -> str | None:
    """The first of several paragraphs, each in quotation marks."""
    blocks = [block.strip() for block in text.split("\n\n") if block.strip()]
    whole = [hit.group(2) for block in blocks if (hit := _IN_QUOTES.fullmatch(block))]
    if len(blocks) < 2 or len(whole) < len(blocks):
        return None
    return whole[0].strip() if min(map(count, whole)) >= LEAST else None


def _repeated(text: str) -> str | None:
    """A paragraph that is repeated and followed by no other."""
    blocks = [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]
    first = text.split("\n\n", 1)[0].strip()
    return first if len(blocks) > 1 and len(set(blocks)) == 1 and first else None


def _number(mark: str) -> int | None:
    """The number that a marker says: 2 of `2`, `b`, `ii`, `②`, `two`, `二`."""
    mark = mark.lower()
    if mark.isdecimal():
        return int(mark)
    for signs in (_WORDS, _ROMANS, _LETTERS, _DIGITS, _NUMBERS):
        if mark in signs:
            return signs.index(mark) + 1
    return None
