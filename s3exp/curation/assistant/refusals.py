"""Whether a text is an LLM's refusal, or the LLM speaking as an assistant, instead of a row of data.

No single phrase decides: "I cannot write" stands in real reviews too. Every rule (`refusal_rules`, `refusal_acts`)
finds a piece of evidence, worth one or two points; a text is a refusal where pieces of different groups make `ENOUGH`
points within `NEAR` characters. What stands in quotation marks is somebody else's speech, and counts only where the
whole text is quoted.

Knows English only, and one text at a time: not the prompt, the label or the task. A refusal that names neither the
assistant, nor the request, nor an act of writing ("I'd rather talk about flowers") goes unseen.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from s3exp.curation.assistant import refusal_acts as acts
from s3exp.curation.assistant import refusal_rules as tables

ENOUGH = 2  # points
NEAR = 250  # characters between pieces of evidence that add up
_SPEECH = 80  # characters within which single quotation marks open speech
_OPENING = 60  # characters within which a refusal begins that opens its text


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a text that speak for a refusal: where they start, how much they weigh, of which group they are."""

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
    while found := re.search(r"<([A-Z]+)>", pattern):
        pattern = pattern.replace(found.group(), acts.FRAGMENTS[found.group(1)])
    return pattern


def _rows(table: str) -> list[list[str]]:
    """The cells of a table; an indented line goes on with the one before."""
    return [line.split(" | ") for line in re.sub(r"\n +", "", table).strip().splitlines()]


def _rules(table: str) -> tuple[_Rule, ...]:
    found = []
    for head, *words, pattern in _rows(table):
        group, points = head.split()
        found.append(
            _Rule(group, int(points), frozenset(" ".join(words).split()), re.compile(_fill(pattern)))
        )
    return tuple(found)


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
)  # groups that the rules of context add to
_SPEAKERS = frozenset("i i'm im i'll i'd we we're we'll".split())
_WORDS = _SPEAKERS.union(_BY_WORD)
_SORRY = re.compile(r"(?:sorry(?! to say)|apolog\w+|unfortunately|regret\w*|afraid)\b[^.!?]{0,30}$")
_APOLOGY = re.compile(
    r"\W*(?:(?:i'?m|i am|we are|we're)(?: \w+){0,2} sorry|sorry\b|(?:my )?apologies|(?:i|we) apologi[sz]e"
    r"|unfortunately)"
)
_MARKS = '.,!?";:()*['
_STRAIGHT = (
    ("\u2019", "'"),
    ("\u2018", "'"),
    ("\u00b4", "'"),
    ("\u201c", '"'),
    ("\u201d", '"'),
    ("\u2011", "-"),
)


def refusal(text: str) -> str | None:
    """The words by which `text` is known as a refusal or an assistant's speech, or None.

    The words come folded: lower case, straight quotes, single spaces.
    """
    found = sorted(evidence(text), key=lambda piece: (piece.start, piece.group, piece.phrase))
    begin = 0
    for end, last in enumerate(found):
        while last.start - found[begin].start > NEAR:
            begin += 1
        best: dict[str, Evidence] = {}
        for piece in found[begin : end + 1]:
            if piece.group not in best or piece.points > best[piece.group].points:
                best[piece.group] = piece
        if sum(piece.points for piece in best.values()) >= ENOUGH:
            return max(best.values(), key=lambda piece: piece.points).phrase
    return None


def evidence(text: str) -> list[Evidence]:
    """Everything in `text` that speaks for a refusal, unsorted, without what is quoted within it."""
    folded = _fold(text)
    bare = folded
    for mark in _MARKS:
        bare = bare.replace(mark, " ")
    known = _WORDS.intersection(bare.split())
    if not known:
        return []
    speaks = not (_DECLINE_WORDS.isdisjoint(known) or _SPEAKERS.isdisjoint(known))
    found = _declined(folded, bare) if speaks else []
    for index in {index for word in known for index in _BY_WORD.get(word, ())}:
        rule = _RULES[index]
        for hit in rule.pattern.finditer(folded):
            found.append(Evidence(hit.start(), hit.group(), rule.points, rule.group))
    if found:
        found = _unquoted(found, folded)
    if not found:
        return found
    if sorry := _APOLOGY.match(folded):
        found.append(Evidence(sorry.start(), sorry.group(), 1, "apology"))
    if any(piece.group in _PERSONAL for piece in found):
        for rule in _CONTEXT:
            hits = rule.pattern.finditer(folded)
            found += [Evidence(hit.start(), hit.group(), rule.points, rule.group) for hit in hits]
    return found


def _fold(text: str) -> str:
    """Lower case, straight quotes, single spaces."""
    folded = text.lower()
    if not folded.isascii():
        for curly, straight in _STRAIGHT:
            folded = folded.replace(curly, straight)
        return " ".join(folded.split())
    # most rows of a file are one line of words a space apart: splitting them would cost as much as all the rest
    return folded if folded.isprintable() and "  " not in folded else " ".join(folded.split())


def _declined(folded: str, bare: str) -> list[Evidence]:
    """Acts of writing or answering that the first person declines; `bare` is `folded` with spaces for its marks."""
    found: list[Evidence] = []
    spaced = " " + (bare if bare[0] != "'" else " " + bare[1:])  # one character longer than `folded`
    hits = [(hit.start(), hit.end() - 1) for pattern in _DECLINE for hit in pattern.finditer(spaced)]
    for start, end in hits:
        for points, opening, act in _ACTS:
            what = act.match(folded, end)
            if what is None or (points < ENOUGH and _REVIEWER.match(folded, what.end())):
                continue
            sorry = _SORRY.search(folded, max(0, start - 60), start)
            begin = sorry.start() if sorry else start
            points += bool(sorry) + (opening and begin < _OPENING)
            if points:
                group = "declined again" if found else "declined"  # two acts are more than one
                found.append(Evidence(start, folded[start : what.end()], points, group))
            break
    return found


def _unquoted(found: list[Evidence], folded: str) -> list[Evidence]:
    """What does not stand in quotation marks, unless they enclose the whole text."""
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

    return [piece for piece in found if not quoted(piece.start)]
