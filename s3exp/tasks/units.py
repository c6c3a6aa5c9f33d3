"""Units of the numbers in a table's columns, such as $1,200 and 5 kg: cut off in files and answers, written in prompts.

A unit is written with its number's place, `$...` or `... kg`. It is no factor: 18 % is the number 18.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import regex

from s3exp.settings.columns import PLACE
from s3exp.tasks.columns import warn_once
from s3exp.tasks.numbers import MARKS, number

_SIGNS = "+-−"
_HALF = 0.5
_MONEY = frozenset("$€£¥%")
_CODES = "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RUB|SEK|SGD|TRY|USD|ZAR|Rs"
_BEFORE = regex.compile(rf"(?:(?:[A-Z]{{0,3}}\p{{Sc}}|(?:{_CODES})\.?)\s?)?")
# letters and signs, of several words too; digits as powers alone (kg/m2). Of the hour and the rank are no units
_BEHIND = regex.compile(
    r"(?!\s?(?:[ap]\.?m\.?|st|nd|rd|th)$)"
    r"\s?[\p{L}\p{Sc}%‰°′″][\p{L}\p{M}\p{Sc}\p{No}%‰°′″/·.^ ]{0,14}(?:(?<=[\p{L}^])[23])?",
    regex.IGNORECASE,
)
_PLURAL = regex.compile(r"(.*[A-Za-z]{2}(?:ch|sh|x|z|ss))es|(?:(.*[A-Za-z]{2}[A-Za-rt-z]))s")
_WORD, _HISSING = regex.compile(r"[A-Za-z]{3}$"), regex.compile(r"(?:ch|sh|x|z|s)$")
_PARTED = regex.compile(
    r"(?P<before>\D*?)(?P<number>[-+−]?\.?\d(?:[\d.,'’\s]*\d)?(?:[eE][-+]?\d+)?)(?P<behind>\D.*)?",
    regex.DOTALL,
)


def without_unit(text: str, unit: str) -> str:
    """A text without the signs of a unit, before or behind its number; as it is where it has none."""
    rest = unicodedata.normalize("NFC", text.strip())
    sign = rest[: rest[:1] in _SIGNS]
    rest = rest[len(sign) :].lstrip()
    before = len(rest)
    for forms in map(_forms, _signs(unit)):
        if (part := next(filter(rest.startswith, forms), None)) is not None:
            rest = rest[len(part) :].lstrip()
        elif (part := next(filter(rest.endswith, forms), None)) is not None:
            rest = rest[: -len(part)].rstrip()
    return text if len(rest) == before else sign + rest


def with_unit(text: str, unit: str) -> str:
    """A number in digits with its unit; a minus stands before a sign that touches the number, as in -$5."""
    before, _, behind = unit.partition(PLACE)
    if not before or before != before.rstrip():
        return f"{before}{text}{behind}"
    return f"-{before}{text[1:]}{behind}" if text.startswith("-") else f"{before}{text}{behind}"


def without_units(row: Mapping[str, Any], units: Mapping[str, str], source: str) -> Mapping[str, Any]:
    """The row with bare numbers in the columns that have units; what is no number then stays as it is."""
    cells = {name: bared(row[name], unit) for name, unit in units.items() if name in row}
    for name, text in cells.items():
        if isinstance(text, str) and text == row[name] and _is_number(text):
            _say_bare(source, name, units[name])
    return {**row, **cells}


def bared(value: Any, unit: str) -> Any:
    """The number of a cell without its unit; what is none stays."""
    if isinstance(value, bytes):  # as other tools write texts into Parquet
        value = value.decode("utf-8", "surrogateescape")
    bare = without_unit(value, unit) if isinstance(value, str) else value
    return bare if isinstance(bare, str) and _is_number(bare) else value


@cache
def _say_bare(source: str, name: str, unit: str) -> None:
    warn_once(f"{source}: column {name} has numbers without a unit: they are read as {unit!r}")


def unit_of(text: str) -> str | None:
    """The unit of a number, with the number's place; "" of a bare number, None of what is no number with one unit."""
    text = unicodedata.normalize("NFC", text.strip())
    if _is_number(text):
        return ""
    sign = text[: text[:1] in _SIGNS]
    found = _PARTED.fullmatch(text[len(sign) :].lstrip())
    if found is None or not _is_number(found["number"]) or (sign and found["number"][0] in _SIGNS):
        return None
    before, behind = found["before"], found["behind"] or ""
    if _BEFORE.fullmatch(before) is None or (behind and _BEHIND.fullmatch(behind) is None):
        return None
    return f"{before}{PLACE}{behind}"


def units_in(texts: Sequence[str]) -> Counter[str]:
    """How many texts have each unit, in its most frequent way of writing; "" are bare numbers.

    $5, 5 $ and 5$ have the same one, and so have 1 day and 2 days. Texts that are no number with at most one unit are
    not counted.
    """
    same: dict[tuple[str, ...], Counter[str]] = {}
    for unit, count in Counter(unit_of(text) for text in texts).items():
        if unit is not None:
            same.setdefault(tuple(map(_singular, _signs(unit))), Counter())[unit] = count
    return Counter({some.most_common(1)[0][0]: some.total() for some in same.values()})


@cache
def _signs(unit: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, unit.split(PLACE)) if part)


def _singular(sign: str) -> str:
    """An English word without the s of its plural; short ones are signs, of which ms is none of m."""
    found = _PLURAL.fullmatch(sign)
    return sign if found is None else found[1] or found[2]


@cache
def _forms(sign: str) -> tuple[str, ...]:
    """A sign and, of an English word, its singular and plural: the longest first."""
    one = _singular(sign)
    words = {sign, one}
    if _WORD.search(one):
        words.add(f"{one}es" if _HISSING.search(one) else f"{one}s")
    return tuple(sorted(words, key=len, reverse=True))


def _is_number(text: str) -> bool:
    return any(number(text, mark) is not None for mark in MARKS)


def advice(texts: Sequence[str], key: str) -> tuple[str, str] | None:
    """The first text that is a number with a decimal comma, a currency or a percent sign, and what to do with it.

    `key` is the option of the column. None: fewer than half of the texts are.
    """
    units = {text: unit_of(text) for text in texts if number(text) is None}
    money = {text: unit for text, unit in units.items() if unit and set("".join(_signs(unit))) <= _MONEY}
    found = [text for text in texts if text in money or (text in units and number(text, ",") is not None)]
    if len(found) <= len(texts) * _HALF:
        return None
    others = {_signs(unit): unit for unit in money.values()}
    if len(others) > 1:
        return found[0], f"it has several units ({', '.join(others.values())}): write one in the file"
    sets = [f"{key}.unit={unit!r}" for unit in others.values()]
    bare = [without_unit(text, unit) for unit in (*others.values(), "") for text in found]
    commas = any(number(text) is None and number(text, ",") is not None for text in bare)
    return found[0], " and ".join(
        f"set {one}" for one in (*sets, *(["task.table.decimal=','"] if commas else []))
    )
