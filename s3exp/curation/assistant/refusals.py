"""Detects an LLM's refusal, or its speech as an assistant, in place of a row of data.

In English by the rules of this room, in some other languages by those of foreign.py.

No single phrase decides: "I cannot write" stands in real reviews too. Every rule (`refusal_rules`, `refusal_acts`)
gives a piece of evidence, worth one or two points; a text is a refusal where pieces of different groups make
`ENOUGH_POINTS` within `NEAR` characters. Quoted speech is somebody else's, and counts only where the whole text is
quoted. A refusal that names neither the assistant, nor the request, nor an act of writing goes undetected.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container
from dataclasses import dataclass

from s3exp.curation.assistant import foreign
from s3exp.curation.assistant import refusal_acts as acts
from s3exp.curation.assistant import refusal_rules as tables

ENOUGH_POINTS = 2
SPEECH = "refusal:"  # before a group of evidence that gold rows have
FOREIGN = "foreign"  # the group of the evidence in other languages
NEAR = 250  # characters between pieces of evidence that add up
_SPEECH = 80  # characters within which single quotation marks open speech
_OPENING = 60  # characters within which a refusal begins that opens its text


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a text that speak for a refusal: their place, their points and their group."""

    start: int
    phrase: str
    points: int
    group: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """`pattern` is evidence of the kind `group`, worth `points`; it needs one of `words`, if there are any."""

    group: str
    points: int
    words: frozenset[str]
    pattern: re.Pattern[str]


def _fill(pattern: str) -> str:
    """A pattern with its lines joined, and its fragments in the places of their <NAMES>."""
    pattern = re.sub(r"\n *", "", pattern)
    while name := re.search(r"<([A-Z]+)>", pattern):
        pattern = pattern.replace(name.group(), acts.FRAGMENTS[name.group(1)])
    return pattern


def _rows(table: str) -> list[list[str]]:
    """The cells of a table; an indented line goes on with the one before."""
    return [line.split(" | ") for line in re.sub(r"\n +", "", table).strip().splitlines()]


def _rules(table: str) -> tuple[_Rule, ...]:
    rules = []
    for head, *cells, pattern in _rows(table):
        group, points = head.split()
        words = frozenset(" ".join(cells).split())
        rules.append(_Rule(group, int(points), words, re.compile(_fill(pattern))))
    return tuple(rules)


_DECLINE = tuple(re.compile(f" {who}{_fill(acts.DECLINE)}") for who in ("i", "we"))
_DECLINE_WORDS = frozenset(acts.DECLINE_WORDS.split())
_ACTS = tuple(  # points, whether one more where it opens a text, the act
    (int(head[0]), head.endswith("+"), re.compile(_fill(pattern))) for head, pattern in _rows(acts.ACTS)
)
_REVIEWER = re.compile(_fill(acts.REVIEWER))
_RULES = _rules(tables.PHRASES)
_CONTEXT = _rules(tables.CONTEXT)
_BY_WORD: dict[str, tuple[int, ...]] = {
    word: tuple(index for index, rule in enumerate(_RULES) if word in rule.words)
    for word in _DECLINE_WORDS.union(*(rule.words for rule in _RULES))
}
_PERSONAL = frozenset(
    ("declined", "conduct", "gerund", "offer", "given")
)  # groups that need rules of context
_SPEAKERS = frozenset("i i'm im i'll i'd we we're we'll".split())
_WORDS = _SPEAKERS.union(_BY_WORD)
_SORRY = re.compile(r"(?:sorry(?! to say)|apolog\w+|unfortunately|regret\w*|afraid)\b[^.!?]{0,30}$")
_APOLOGY = re.compile(
    r"\W*(?:(?:i'?m|i am|we are|we're)(?: \w+){0,2} sorry|sorry\b|(?:my )?apologies|(?:i|we) apologi[sz]e"
    r"|unfortunately)"
)
_MARKS = '.,!?";:()*['
_STRAIGHT = str.maketrans("\u2019\u2018\u00b4\u201c\u201d\u2011", "'''\"\"-")


def refusal(text: str, without: Container[str] = ()) -> str | None:
    """The words, in lower case and straight quotes, that mark `text` as a refusal or an assistant's speech; or None.

    Evidence of the groups `without` does not count.
    """
    known = (piece for piece in evidence(text) if piece.group not in without)
    pieces = sorted(known, key=lambda piece: (piece.start, piece.group, piece.phrase))
    begin = 0
    for end, last in enumerate(pieces):
        while last.start - pieces[begin].start > NEAR:
            begin += 1
        best: dict[str, Evidence] = {}
        for piece in pieces[begin : end + 1]:
            if piece.group not in best or piece.points > best[piece.group].points:
                best[piece.group] = piece
        if sum(piece.points for piece in best.values()) >= ENOUGH_POINTS:
            return max(best.values(), key=lambda piece: piece.points).phrase
    return None if FOREIGN in without else foreign.refusal(text)


def spoken(habits: frozenset[str]) -> frozenset[str]:
    """The groups of evidence among the habits of gold rows."""
    return frozenset(rule.removeprefix(SPEECH) for rule in habits if rule.startswith(SPEECH))


def groups(text: str) -> set[str]:
    """The groups of all evidence in `text`, whether it is a refusal or not."""
    return {piece.group for piece in evidence(text)} | ({FOREIGN} if foreign.refusal(text) else set())


def evidence(text: str) -> list[Evidence]:
    """All evidence of a refusal in `text`, unsorted, without quoted speech."""
    folded = _fold(text)
    bare = folded
    for mark in _MARKS:
        bare = bare.replace(mark, " ")
    words = _WORDS.intersection(bare.split())
    if not words:
        return []
    speaks = not (_DECLINE_WORDS.isdisjoint(words) or _SPEAKERS.isdisjoint(words))
    pieces = _declined(folded, bare) if speaks else []
    for index in {index for word in words for index in _BY_WORD.get(word, ())}:
        pieces += _matches(_RULES[index], folded)
    pieces = _unquoted(pieces, folded) if pieces else []
    if pieces and (sorry := _APOLOGY.match(folded)):
        pieces.append(Evidence(sorry.start(), sorry.group(), 1, "apology"))
    if any(piece.group in _PERSONAL for piece in pieces):
        for rule in _CONTEXT:
            pieces += _matches(rule, folded)
    return pieces


def _matches(rule: _Rule, folded: str) -> list[Evidence]:
    hits = rule.pattern.finditer(folded)
    return [Evidence(hit.start(), hit.group(), rule.points, rule.group) for hit in hits]


def _fold(text: str) -> str:
    """Lower case, straight quotes, single spaces."""
    folded = text.lower()
    if not folded.isascii():
        return " ".join(folded.translate(_STRAIGHT).split())
    # most rows are one line of words a space apart: splitting them would cost as much as all the rest
    return folded if folded.isprintable() and "  " not in folded else " ".join(folded.split())


def _declined(folded: str, bare: str) -> list[Evidence]:
    """Acts of writing or answering that the first person declines; `bare` is `folded` with spaces for its marks."""
    pieces: list[Evidence] = []
    spaced = " " + (bare if bare[0] != "'" else " " + bare[1:])  # one character longer than `folded`
    hits = [(hit.start(), hit.end() - 1) for pattern in _DECLINE for hit in pattern.finditer(spaced)]
    for start, end in hits:
        for points, opening, act in _ACTS:
            declined = act.match(folded, end)
            if declined is None or (points < ENOUGH_POINTS and _REVIEWER.match(folded, declined.end())):
                continue
            sorry = _SORRY.search(folded, max(0, start - 60), start)
            begin = sorry.start() if sorry else start
            points += bool(sorry) + (opening and begin < _OPENING)
            if points:
                group = "declined again" if pieces else "declined"  # two acts are more than one
                pieces.append(Evidence(start, folded[start : declined.end()], points, group))
            break
    return pieces


def _unquoted(pieces: list[Evidence], folded: str) -> list[Evidence]:
    """The evidence outside quotation marks; marks around the whole text do not count."""
    marks = [hit.start() for hit in re.finditer('"', folded)]
    enclosed = len(marks) == 2 and marks == [0, len(folded) - 1]

    def quoted(start: int) -> bool:
        before = bisect_left(marks, start)
        if before % 2 and before < len(marks):
            return not enclosed
        # a single mark counts if it opens a word of the same line of speech: 'I'm afraid I can't do that'
        near = folded[max(0, start - _SPEECH) : start]
        opened = near.rfind(" '")
        return opened >= 0 and "' " not in near[opened + 2 :]

    return [piece for piece in pieces if not quoted(piece.start)]
