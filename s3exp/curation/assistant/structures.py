"""A row inside JSON or tags: whole or cut off, beside other fields, or the first of several.

Of several fields the row is the one that has the name of the column to write, or else the most likely one by its
English name.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.curation.assistant import patterns
from s3exp.language.words import count

LEAST = 3  # words of a row that is taken out of a list, or of half a structure
_DEPTH = 4
_LONGEST = 200_000  # characters that are parsed; no row is longer
_NAME = re.compile(r"[a-z]+")
_RANK = {name: rank for names, rank in patterns.RANKS.items() for name in names.split()}
_COMMA = re.compile(r",(\s*[\]}])")
_TYPED = re.compile(r"(?<=[{\[,:])(\s*)[“„”]|[“”](\s*)(?=[}\],:])")  # marks of prose in place of JSON's
_REMARK = re.compile(r"^\s*//[^\n]*$", re.MULTILINE)
_BARE = re.compile(r"([{,]\s*)([A-Za-z_]{2,20})(\s*:\s*[\"\[{])")  # a key without its marks
_PAIR = re.compile(r'"([^"\n\\]{1,40})"\s*:\s*"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_CSV_HEAD = re.compile(r"[\w \"]{1,40}(?:,[\w \"]{1,40}){1,5}")
_GIVEN = re.compile(r"(?:(?:const|let|var|str|String) )?(\w{2,30})\s?=\s?(\"{1,3}|')(.+?)\2;?", re.DOTALL)
_KEY = re.compile(r'"([^"\n\\]{1,40})"\s*:')
_JSON = re.compile(
    r"(?:\"\s*(?=[{\[]\s*\\\"))?\{\s*(?:[\"'{“„]|\\\"|//|[a-z_]{2,20}\s*:\s*\")|\[\s*(?:\{|\[|\"[^\"]*\"\s*[,\]]|'[^']*'\s*[,\]])"
)
# tags of HTML's text, which may be the row's own
_MARKUP = frozenset(
    "b i em strong u p br a span div h1 h2 h3 h4 h5 h6 ul ol li s small sub sup font code pre blockquote q cite img hr"
    " center html body head table tr td th tbody".split()
)
_OPENING = re.compile(r"<([^\W\d][\w:.-]{0,30})(?:\s+[\w:.-]{1,30}\s?=\s?[^<>]{1,200})?\s?>")
_ITEM = re.compile(r"<li>(.*?)</li>", re.DOTALL)
_CLOSING = re.compile(r"\s*</([^\W\d][\w:.-]{0,30})\s?>\s*\Z")


@dataclass(frozen=True)
class Expected:
    """What is known of a row: the names of the columns that are written, the texts that are given with it.

    `habits` are rules of repair that fire on gold rows: such a form belongs to the rows. `label` are the words for the
    label that was asked for.
    """

    names: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    habits: frozenset[str] = frozenset()
    label: tuple[str, ...] = ()

    def not_given(self, values: Sequence[str]) -> list[str]:
        """The values that repeat no given text."""
        given = {" ".join(text.split()).casefold() for text in self.given}
        return [value for value in values if " ".join(value.split()).casefold() not in given]


PLAIN = Expected()


def main(fields: Sequence[tuple[str, str]], expected: Expected) -> str | None:
    """The one of the named values that is the row, or None where all are premises or remarks."""
    named = {name.strip().casefold(): value for name, value in reversed(fields) if value}
    for name in expected.names:
        if value := named.get(name.casefold()):
            return value
    ranked = [(rank(name) or 0, at) for at, (name, value) in enumerate(fields) if value]
    best, at = max(ranked, default=(0, 0))
    return fields[at][1] if best > 0 else None


def rank(name: str) -> int | None:
    """How likely a field of that name ("Sentence 2", "rewritten_text") is the row: 0 is never, None is not known."""
    words = _NAME.findall(name.lower())
    if "original" in words:
        return 1
    return next((_RANK[word] for word in reversed(words) if word in _RANK), None)


def like_json(text: str) -> bool:
    """Whether a text begins as an object or a list of JSON does, or of Python."""
    return _JSON.match(text) is not None


def json_within(text: str) -> tuple[int, int]:
    """Where JSON begins and ends amid other words; 0, 0: there is none."""
    hit = _JSON.search(text)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    return (hit.start(), end) if hit and end > hit.start() else (0, 0)


def in_json(text: str, expected: Expected) -> tuple[str, str] | None:
    """The name of the wrapper, and the row in JSON, in several objects a line each, or in half of it."""
    value = _parsed(text[:_LONGEST])
    if value is not None:
        rows = _rows_in(value, expected, _DEPTH)
        several = len(rows) > 1
        if not rows or (several and count(rows[0]) < LEAST):
            return None
        return ("several" if several else "json"), rows[0]
    return _half_json(text[:_LONGEST], expected)


def _parsed(text: str) -> Any:
    """The value of JSON, of several values a line each, or of a literal of Python; None: it is none."""
    for tidied in (
        text,
        _COMMA.sub(r"\1", text),
        _BARE.sub(r'\1"\2"\3', text),
        f"[{','.join(filter(None, text.splitlines()))}]",
        _TYPED.sub(r'\1"\2', text),
        _REMARK.sub("", text),
        text.replace('\\"', '"').strip('"'),  # a string of JSON in a string of JSON
    ):
        try:
            value = json.loads(tidied, strict=False)  # models write newlines into strings as they are
            if "\\ud" in text.lower():
                json.dumps(
                    value, ensure_ascii=False
                ).encode()  # half a character could not be written to a file
            return value
        except (ValueError, RecursionError):
            continue
    if "'" in text[:3] and text[-1] in "]}" and text.count("{") + text.count("[") < 100:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    return None


def _rows_in(value: Any, expected: Expected, depth: int) -> list[str]:
    """The rows in a parsed value, in order: one of an object, one of each item of a list."""
    if depth == 0:
        return []
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, list):
        return [row for item in value for row in _rows_in(item, expected, depth - 1)]
    if not isinstance(value, Mapping):
        return []
    texts = [(str(key), inner.strip()) for key, inner in value.items() if isinstance(inner, str)]
    if (row := main(texts, expected)) is not None:
        return [row]
    if len(value) == 1 and texts:
        name, only = texts[0]
        return [] if not only or (rank(name) == 0 and "answer" not in name.lower()) else [only]
    inside = [inner for inner in value.values() if isinstance(inner, (list, Mapping))]
    if len(inside) == 1:
        return _rows_in(inside[0], expected, depth - 1)
    answers = [inner for name, inner in texts if "answer" in name.lower() or "response" in name.lower()]
    return answers[:1] if count("".join(answers[:1])) >= LEAST else []


def _half_json(text: str, expected: Expected) -> tuple[str, str] | None:
    """The row in JSON that was cut off, or that has quotation marks inside a text."""
    keys = _KEY.findall(text)
    if len(keys) == 1 and (end := re.search(r'"\s*[\]}]+\s*\Z', text)):
        begin = re.compile(r'"\s*:\s*"').search(text)
        row = text[begin.end() : end.start()] if begin and begin.end() <= end.start() else ""
        return _taken("json", row if rank(keys[0]) != 0 else "")
    pairs = _PAIR.findall(text)
    row = main([(name, inner) for name, inner, _ in pairs], expected) or ""
    if not row and len(pairs) == 1 and rank(pairs[0][0]) != 0:
        row = pairs[0][1]
    closed = any(inner == row and mark for _, inner, mark in pairs)
    return _taken("json" if closed else "half_json", row)


def _taken(name: str, inner: str) -> tuple[str, str] | None:
    """The wrapper's name and the text that a string of JSON says; None if that is no row or half a character."""
    if count(inner) < LEAST:
        return None
    try:
        inner = json.loads(f'"{inner}"', strict=False)
        inner.encode()
    except UnicodeEncodeError:
        return None
    except ValueError:  # quotation marks that are not escaped
        inner = inner.replace('\\"', '"').replace("\\n", "\n")
    return name, inner.strip()


def in_code(text: str, expected: Expected) -> tuple[str, str] | None:
    """The row in a string that code gives to a variable which is named as a row is."""
    given = _GIVEN.fullmatch(text)
    if given is None or not _names_row(given.group(1), expected) or given.group(2) in given.group(3):
        return None
    return "code", given.group(3).strip()


def in_table(text: str, expected: Expected) -> tuple[str, str] | None:
    """The row in the first line of a table of Markdown or CSV, in the column that is named as a row is."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    if len(lines) > 2 and lines[0][:1] == "|" and re.fullmatch(r"\|(?:\s?:?-+:?\s?\|)+", lines[1]):
        heads, cells = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], lines[2])
        )
        lines = lines[1:]
    elif len(lines) > 1 and _CSV_HEAD.fullmatch(lines[0]):
        heads, cells = next(csv.reader([lines[0]])), next(csv.reader([lines[1]]))
        known = {*expected.names, *_RANK}
        if not {name.strip().casefold() for name in heads} <= known or len(heads) != len(cells):
            return None
    else:
        return None
    row = main(list(zip(heads, cells, strict=False)), expected)
    return None if row is None or count(row) < LEAST else ("several" if len(lines) > 2 else "fields", row)


def like_tag(text: str) -> bool:
    """Whether a text begins with a tag."""
    return _OPENING.match(text) is not None


def in_tags(text: str, expected: Expected) -> tuple[str, str] | None:
    """The name of the wrapper, and the row in a tag at the start of a text, of which there may be more behind it."""
    pairs, at = list[tuple[str, str]](), 0
    while (opening := _OPENING.match(text, at)) and len(pairs) < 12:
        name = opening.group(1)
        end = text.find(f"</{name}>", opening.end())
        if end < 0:
            break
        pairs.append((name, text[opening.end() : end].strip()))
        at = end + len(name) + 3
        while at < len(text) and text[at].isspace():
            at += 1
    if len(pairs) == 1 and pairs[0][0] in ("ol", "ul") and (items := _ITEM.findall(pairs[0][1])):
        return "several", items[0].strip()
    names = {name for name, _ in pairs}
    if not pairs or (names <= _MARKUP and (len(pairs) > 1 or at < len(text))):
        return _half_tag(text) if not pairs else None
    if len(pairs) == 1:
        name, row = pairs[0]
        return ("tag", row) if at == len(text) or _names_row(name, expected) else None
    if len(names) == 1:
        rows = expected.not_given([inner for _, inner in pairs])
        return ("several", rows[0]) if rows and count(rows[0]) >= LEAST else None
    best = main(pairs, expected)
    return None if best is None else ("tag", best)


def _half_tag(text: str) -> tuple[str, str] | None:
    """The text behind a tag that is opened and never closed."""
    opening = _OPENING.match(text)
    if opening is None or opening.group(1).lower() in _MARKUP or count(text[opening.end() :]) < LEAST:
        return None
    return "half_tag", text[opening.end() :].strip()


def tag_within(text: str, expected: Expected) -> tuple[str, str] | None:
    """The row in a tag that is named as a row is, with other words before it."""
    for opening in _OPENING.finditer(text):
        if _names_row(opening.group(1), expected):
            end = text.find(f"</{opening.group(1)}>", opening.end())
            row = text[opening.end() : end].strip() if end >= 0 else ""
            return ("tag", row) if count(row) >= LEAST else None
    return None


def _names_row(name: str, expected: Expected) -> bool:
    known = {written.casefold() for written in expected.names}
    return name.casefold() in known or (rank(name.replace("-", "_")) or 0) > 1


def closing_tag(text: str) -> str | None:
    """The text before a tag that is closed and never opened; None: there is none."""
    closing = _CLOSING.search(text, max(0, len(text) - 60)) if "</" in text[-60:] else None
    if closing is None or closing.group(1).lower() in _MARKUP or f"<{closing.group(1)}" in text:
        return None
    return text[: closing.start()].strip()
