"""Wrappers of a whole row: quotes, code, bold, brackets, a tag, a list marker, a JSON object, or named fields.

Functions of one text, in linear time. Of several named fields (in English) the row is the most likely one.
"""

from __future__ import annotations

import json
import re
from itertools import islice

from s3exp.curation.assistant import patterns

_CLOSERS = ('"', "”", "“”", "»", "«", "’", "'", "」", "』", "'")
_QUOTES = dict(zip("\"“„«»‘'「『`", _CLOSERS, strict=True))
_BRACKETS = {"(": ")", "[": "]", "<": ">", "【": "】"}
_EMPHASIS = ("***", "**", "__", "*", "_")
_TAG = re.compile(r"<(\w{1,30})>(.*)</(\w{1,30})>", re.DOTALL)
_LANGUAGE = re.compile(r"[\w+-]{0,20}[ \t]{0,9}\n")
_NAME = re.compile(r"[a-z]+")
_RANK = {name: rank for names, rank in patterns.RANKS.items() for name in names.split()}
_MOST_FIELDS = 12  # of one row
_JSON_DEPTH = 4


def unwrapped(text: str) -> tuple[str, str] | None:
    """The name of the wrapper of a stripped text, and the text inside; None if it has none."""
    if len(text) < 3:
        return None
    first, last = text[0], text[-1]
    if first in "`\"'" and (fenced := _fenced(text)):
        return fenced
    if first == "`" == last:
        return ("code", text[1:-1].strip()) if text.count("`") == 2 else None
    if first == "{" or (first == "[" and text[1:].lstrip()[:1] == "{"):
        inner = _in_json(text)
        return None if inner is None else ("json", inner)
    if first == "<" and last == ">" and (tag := _TAG.fullmatch(text)):
        name, inner, closing = tag.groups()
        return ("tag", inner.strip()) if name == closing and f"</{name}>" not in inner else None
    for kind, pairs in (("brackets", _BRACKETS), ("quotes", _QUOTES)):
        if last in pairs.get(first, ""):
            return (kind, text[1:-1].strip()) if _encloses(text, first, last) else None
    for mark in _EMPHASIS if first in "*_" else ():
        inner = text[len(mark) : -len(mark)]
        if text == mark + inner + mark and inner == inner.strip("*_ ") != "" and mark not in inner:
            return "bold", inner
    return _listed(text)


def field(text: str) -> str | None:
    """The row among named fields ("Label: …", "Sentence: …"), each on a line of its own; None if there are none.

    One field alone is a heading and no business of this function, nor are several rows under one name.
    """
    hits = list(islice(patterns.FIELD.finditer(text), _MOST_FIELDS + 1)) if patterns.FIELD.match(text) else []
    names = [" ".join(hit.groups("")).lower() for hit in hits]
    if not 2 <= len(hits) <= _MOST_FIELDS or len(set(names)) < len(names):
        return None
    ends = [hit.start() for hit in hits[1:]] + [len(text)]
    values = [text[hit.end() : end].strip() for hit, end in zip(hits, ends, strict=True)]
    return _main(list(zip(names, values, strict=True)))


def _main(fields: list[tuple[str, str]]) -> str | None:
    """The one of the named values that is the row, or None where all are premises or remarks."""
    ranked = [(_rank(name) or 0, at) for at, (name, value) in enumerate(fields) if value]
    best, at = max(ranked, default=(0, 0))
    return fields[at][1] if best > 0 else None


def _rank(name: str) -> int | None:
    """How likely a field of that name ("Sentence 2", "rewritten_text") is the row: 0 is never, None is not known."""
    words = _NAME.findall(name.lower())
    if "original" in words:
        return 1
    return next((_RANK[word] for word in reversed(words) if word in _RANK), None)


def _in_json(text: str) -> str | None:
    """The row in a JSON object: its only text, or the main one by its name."""
    try:
        value = json.loads(text, strict=False)  # models write newlines into strings as they are
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half a character could not be written to a file
    except (ValueError, RecursionError):
        return None
    for _ in range(_JSON_DEPTH):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, dict):
            return None
        texts = [(str(key), inner.strip()) for key, inner in value.items() if isinstance(inner, str)]
        if (main := _main(texts)) is not None or len(value) != 1:
            return main
        if texts:
            name, only = texts[0]
            return None if _rank(name) == 0 and "answer" not in name.lower() else only
        (value,) = value.values()
    return None


def _fenced(text: str) -> tuple[str, str] | None:
    """A text between a pair of three backticks, or of three quotes as in Python."""
    fence = text[:3]
    if fence != text[0] * 3 or not text.endswith(fence) or text.count(fence) != 2:
        return None
    language = _LANGUAGE.match(text, 3) if fence == "```" else None
    return "code" if fence == "```" else "quotes", text[language.end() if language else 3 : -3].strip()


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
