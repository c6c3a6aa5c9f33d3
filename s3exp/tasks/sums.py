"""The value of a sum in digits, such as 2 * (3 + 4), exactly."""

from __future__ import annotations

import re
from fractions import Fraction

OPERATOR = re.compile(r"[\d)]\s*[-+*/x×÷−]")
CURRENCIES = "$¢-¥฿₠-₿"  # as a class of a pattern has them
WHOLE = r"(?:(?:[1-9]\d{0,2}(?:,\d{3})+|0(?:,000)+)(?!\d)|\d+)"  # 0,200 is no 200
_TOKEN = re.compile(rf"\s*(?:({WHOLE}(?:\.\d+)?|\.\d+)|([-+*/x×÷−()]))")
_SIGNS = re.compile(f"[{CURRENCIES}]")
_MOST = 200  # characters of a sum


def bare(text: str) -> str:
    """A text without the signs of currencies in it."""
    return _SIGNS.sub("", text)


def value_of(text: str) -> Fraction | None:
    """The value of a sum in bare digits; None: it is none."""
    text = text.strip().rstrip(".,* ")
    tokens, place = list[str](), 0
    while place < len(text) and len(text) <= _MOST:
        hit = _TOKEN.match(text, place)
        if hit is None:
            return None if text[place:].strip() else _value(tokens)
        tokens.append(hit.group().strip())
        place = hit.end()
    return _value(tokens)


def _value(tokens: list[str]) -> Fraction | None:
    try:
        value, rest = _sum(tokens)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    return None if rest or not tokens else value


def _sum(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, rest = _product(tokens)
    while rest and rest[0] in "+-−":
        term, after = _product(rest[1:])
        value, rest = (value + term if rest[0] == "+" else value - term), after
    return value, rest


def _product(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, rest = _factor(tokens)
    while rest and rest[0] in "*x×/÷":
        factor, after = _factor(rest[1:])
        value, rest = (value / factor if rest[0] in "/÷" else value * factor), after
    return value, rest


def _factor(tokens: list[str]) -> tuple[Fraction, list[str]]:
    first, *rest = tokens
    if first in "-−":
        value, after = _factor(rest)
        return -value, after
    if first == "(":
        value, after = _sum(rest)
        if after[0] != ")":
            raise ValueError("a bracket is not closed")
        return value, after[1:]
    return Fraction(first.replace(",", "")), rest
