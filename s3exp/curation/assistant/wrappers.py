"""Wrappers of a whole row: quotes, code, bold, brackets, a list marker, or named fields. JSON and tags: structures.py.

Functions of one text, in linear time. Of several named fields the row is the one that the task names, or the most
likely one by its English name.
"""

from __future__ import annotations

import re
from itertools import islice

from s3exp.curation.assistant import patterns, structures
from s3exp.curation.assistant.structures import PLAIN, Expected
from s3exp.language.words import count

_CLOSERS = (
    *('"', "”", "“”", "»", "«", "’", "'", "」", "』", "'"),
    *("›", "‹", "＂", "″", "”", "‘’"),
)
_QUOTES = dict(zip("\"“„«»‘'「『`‹›＂″”‚", _CLOSERS, strict=True))
_CDATA = re.compile(r"<!\[CDATA\[(.*)\]\]>", re.DOTALL)
_BLOCK = re.compile(r"\A[|>][+-]?[ \t]*\n")  # of YAML: the text begins on the next line
_BRACKETS = {"(": ")", "[": "]", "<": ">", "【": "】"}
_BOXED = re.compile(r"\${0,2}\\boxed\{(?:\\text\{([^{}]*)\}|([^{}]*))\}\${0,2}")
_EMPHASIS = ("***", "**", "__", "*", "_")
_LANGUAGE = re.compile(r"[\w+-]{0,20}[ \t]{0,9}\n")
_ORDINAL = re.compile(r"\b(?:first|second|next)\b", re.IGNORECASE)
_MOST_FIELDS = 12  # of one row
_AROUND = 60  # words of an assistant around a fence


def unwrapped(text: str, expected: Expected = PLAIN) -> tuple[str, str] | None:
    """The name of the wrapper of a stripped text, and the text inside; None if it has none."""
    if len(text) < 3:
        return None
    first, last = text[0], text[-1]
    if first in "`~\"'" and (fenced := _fenced(text)):
        return fenced
    if boxed := _BOXED.fullmatch(text):
        return "brackets", (boxed.group(1) or boxed.group(2) or "").strip()
    if first == "`" == last:
        return ("code", text[1:-1].strip()) if text.count("`") == 2 else None
    if cdata := _CDATA.fullmatch(text):
        return "tag", cdata.group(1).strip()
    if structures.like_json(text):
        return structures.in_json(text, expected)
    if last in "\"';" and (code := structures.in_code(text, expected)):
        return code
    if first == "<" and structures.like_tag(text):
        return structures.in_tags(text, expected)
    for kind, pairs in (("brackets", _BRACKETS), ("quotes", _QUOTES)):
        if last in pairs.get(first, ""):
            return (kind, text[1:-1].strip()) if _encloses(text, first, last) else None
    for mark in _EMPHASIS if first in "*_" else ():
        inner = text[len(mark) : -len(mark)]
        if text == mark + inner + mark and inner == inner.strip("*_ ") != "" and mark not in inner:
            return "bold", inner
    return _listed(text)


def main_field(text: str, expected: Expected = PLAIN) -> str | None:
    """The row among named fields ("Label: …", "Sentence: …"), each on a line of its own; None if there are none.

    One field alone is a heading and no business of this function, nor are several rows under one name.
    """
    hits = list(islice(patterns.FIELD.finditer(text), _MOST_FIELDS + 1)) if patterns.FIELD.match(text) else []
    names = [" ".join(hit.groups("")).lower() for hit in hits]
    if not 2 <= len(hits) <= _MOST_FIELDS or 1 < len(set(names)) < len(names):
        return None
    ends = [hit.start() for hit in hits[1:]] + [len(text)]
    values = [
        _BLOCK.sub("", text[hit.end() : end].strip()).strip() for hit, end in zip(hits, ends, strict=True)
    ]
    if len(set(names)) == 1:  # "Review: … Review: …"
        return values[0] if structures.rank(names[0]) and count(values[0]) >= structures.LEAST else None
    if len({(hit[1] + hit[2]).lower() for hit in hits}) == 1 and all(
        hit[3] for hit in hits
    ):  # "Review 1", "Review 2": several rows, or a pair of texts
        values = expected.not_given(values)
        return values[0] if len(values) == 1 else None
    if all(_ORDINAL.search(hit[1]) for hit in hits):  # "First review", "Second review": several.py
        return None
    nouns = [hit[2].lower() for hit in hits]
    for name, noun, value in zip(names, nouns, values, strict=True):  # "Positive review", "Negative review"
        if nouns.count(noun) > 1 and any(
            re.search(rf"\b{re.escape(word)}\b", name) for word in expected.label
        ):
            return value
    return structures.main(list(zip(names, values, strict=True)), expected)


def _fenced(text: str) -> tuple[str, str] | None:
    """A text between a pair of three backticks, or of three quotes as in Python."""
    fence = text[:3]
    if fence != text[0] * 3 or not text.endswith(fence) or text.count(fence) != 2:
        return None
    code = fence in ("```", "~~~")
    language = _LANGUAGE.match(text, 3) if code else None
    return "code" if code else "quotes", text[language.end() if language else 3 : -3].strip()


def _listed(text: str) -> tuple[str, str] | None:
    """A list of one item, or a block quotation."""
    if text[0] == ">":
        lines = text.split("\n")
        if not patterns.CITED.match(text) or not all(
            line.startswith(">") or not line.strip() for line in lines
        ):
            return None
        return "cited", "\n".join(line[1:].removeprefix(" ") for line in lines).strip()
    marker = patterns.MARKER.match(text)
    if marker is None or "\n" in text or patterns.MORE_ITEMS.search(text, marker.end()):
        return None
    return "item", text[marker.end() :].strip()


def _encloses(text: str, opener: str, closer: str) -> bool:
    """Whether the first character of `text` is closed by its last one and by none before.

    Where one character opens and closes, the one beside it tells which: quotes open before a word, close after one.
    """
    depth, opens = 0, True
    for hit in re.finditer(f"[{re.escape(opener + closer)}]", text):
        at = hit.start()
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if before.isalnum() and after.isalnum() and closer in "'’":
            continue  # an apostrophe
        if opener != closer:
            opens = hit.group() == opener
        elif before != opener:
            opens = at == 0 or (
                after != "" and not after.isspace() and (before.isspace() or before in "([{—–-/")
            )
        elif after == "":
            opens = False
        depth += 1 if opens else -1
        if depth == 0:
            return at == len(text) - 1
    return False


def within(text: str, expected: Expected) -> tuple[str, str] | None:
    """The name of the wrapper and the row inside, where a fence or a tag stands amid an assistant's words."""
    if text.count("```") == 2:
        before, inner, after = text.split("```")
        language = _LANGUAGE.match(inner)
        inner = inner[language.end() :] if language else inner
        around = count(before) + count(after)
        return ("code", inner.strip()) if around < _AROUND and count(inner) >= structures.LEAST else None
    if text.startswith("```") and text.count("```") > 2:
        inner = text.split("```")[1]
        language = _LANGUAGE.match(inner)
        inner = inner[language.end() :] if language else inner
        return ("several", inner.strip()) if count(inner) >= structures.LEAST else None
    if text.count("```") == 1 and text.startswith("```"):  # cut off
        language = _LANGUAGE.match(text, 3)
        return "half_code", text[language.end() if language else 3 :].strip()
    if (row := structures.closing_tag(text)) is not None:
        return "tag", row
    return (
        structures.in_table(text, expected)
        or structures.tag_within(text, expected)
        or _json_within(text, expected)
    )


def _json_within(text: str, expected: Expected) -> tuple[str, str] | None:
    """The row in JSON with an assistant's words before it."""
    begin, end = structures.json_within(text)
    if not begin or count(text[:begin]) + count(text[end:]) >= _AROUND:
        return None
    return structures.in_json(text[begin:end], expected)
