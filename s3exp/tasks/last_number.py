"""The number at the end of a free answer, exactly, however it is written."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from s3exp.tasks.sums import CURRENCIES, OPERATOR, WHOLE, bare, value_of

_NUMBER = re.compile(
    r"(?P<sign>(?<![\w)\]}%])[-−–－‐‑]|(?<=[=≈({])\s?[-−–]\s|(?<![\d)\]}%]\s)\b(?i:minus|negative)\s)?"
    rf"(?P<money>[{CURRENCIES}]\s?)?(?:(?<![\d.,/])(?P<whole>{WHOLE}) (?=\d+\s?/\s?\d))?"
    rf"(?P<number>{WHOLE}(?:\.\d+)?|(?<!\w)\.\d+)"
    r"(?:\s?/\s?(?P<below>\d+)(?!\d|\s?/\s?\d)"
    r"|(?:\s?(?:[×*·x]|\\times|\\cdot)\s?10(?:\s?\^\s?|\*\*)|[eE])(?P<ten>\{?[-−+]?\d{1,3}\}?)(?!\w)"
    r"|(?:\s?\^\s?|\*\*)(?P<power>\{?[-−+]?\d{1,3}\}?)(?!\w|\*\*))?"
)
_MANY = {
    **{"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"lakh": 10**5, "crore": 10**7, "k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9},
}
_WORDS = r"[\s-]?(?i:hundred|thousand|million|billion|trillion|lakh|crore)(?i:s?)\b"
_SCALE = re.compile(rf"(?:{_WORDS})+|(?:k|K|M|B|\s?bn)(?!\w)")
_OF_MONEY = re.compile(rf"(?:{_WORDS})+|\s?(?:[kKmMbB]|mn|bn)(?!\w|\s?[$\\^])")
_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ӿ"  # of scripts with spaces between words, where no number stands behind one
_HYPHENS = "-‐‑"
# a word whose digits are a part of it (CO2, H2SO4, COVID-19, B12, v1.2, x_2), but for codes of currencies (Rs500),
# functions (log2), operators (6 x10^3) and words that say which number it is (mid-1990s, 1-in-5)
_NAME = re.compile(
    r"(?!(?i:(?:usd|eur|gbp|chf|jpy|cny|rmb|inr|aud|cad|rs|rm|kr|sqrt|(?<=[\d)]\s)x)\d|(?:log|ln|sin|cos|tan)_?\{?\d"
    rf"|(?:mid|early|late|pre|post|under|over|top|ans|answer|result|total|(?<=\d[{_HYPHENS}])[a-z]+)[{_HYPHENS}]))"
    rf"(?:(?<![{_LETTERS}\d\\])[{_LETTERS}]+[{_HYPHENS}_]?|(?<=\}})_)\{{?"
    rf"\d(?:[{_LETTERS}\d]|[{_HYPHENS}._/](?=[{_LETTERS}\d]))*"
)
# what stands before digits that are a part of a number in another form (3,5 7:30 1.200.000 √2 5ft3), which is none
_PART = re.compile(
    r"(?:\d[,.:'’′_h]|[\w)\]}]\s?/\s?|\d{4}-\d\d?-|√|(?:sqrt|\b(?:log(?:_\{?\d+\}?)?|ln|sin|cos|tan))\s?[({]?|\^[({]?|\)_\{?|\}\{"
    rf"|\d\.\(|\\(?:overline|bar)\{{|\d{_WORDS},?\s(?:and\s)?|\d(?!x\Z)[{_LETTERS}]+)\Z"
)
_SPACED = re.compile(r"(?<!\d)\d{1,3}[ \u00a0\u2009\u202f]\Z")  # as in 1 200, which may be one number or two
_AND = re.compile(r"\d(?: and |-)\Z")  # as in 3 and 1/2, which may be two numbers, too
# of an amount in two units, as 2 hours 30 minutes
_LARGER = re.compile(
    r"\d[\s-]?(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|yrs?|feet|foot|ft|yards?|pounds?|lbs?|dollars?"
    r"|euros?)\.?,?\s?(?:and\s)?\Z",
    re.IGNORECASE,
)
_SMALLER = re.compile(
    r"[\s-]?(?:hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|days?|weeks?|months?|inch(?:es)?|in|feet|foot|ft|ounces?|oz"
    r"|cents?|pence)(?!\w)",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = re.compile(
    rf"\b{_MONTH}\s(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s)?\Z"
)  # before the day or the year of a date
_OF_MONTH = re.compile(rf"(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?!\w)")
_FRACTION = re.compile(r"(?P<behind>(?<=\d)\s?)?\\[dtc]?frac\s?(?:\{(-?\d+)\}|(\d))\s?(?:\{(\d+)\}|(\d))")
_VULGAR = re.compile(r"(?P<whole>(?<=\d)\s?)?([¼-¾⅐-⅞])")
_RAISED = re.compile(r"(?<=[\d)])⁻?[⁰¹²³⁴-⁹]+")
_RAISED_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
# marks of other scripts between digits
_MARKS = {re.compile(rf"(?<=\d)[{marks}](?=\d)"): mark for marks, mark in (("٫．", "."), ("٬，", ","))}
# behind a number that is a part of another one
_COUNTED = re.compile(
    r"\s?(?:π|\\pi\b|pi\b|[十百万萬亿億만억]|千(?![克米瓦])|(?:тыс|млн|млрд|(?i:mil|mille|mio|mrd|tsd|tausend|millionen"
    r"|milliarden?|milliards?|millones|milioni|miliardi))\b)|i(?!\w)|\sand (?:a|one)[ -](?:half|third|quarter)\b"
)
_DATE = re.compile(r"\d/\d+/\d")
_JOINED = re.compile(
    r"\s*\d+(?:[.,]\d+)*(?:[-−]\d+(?:[.,]\d+)*)+\W*"
)  # 2020-01-05, 5-10, 555-1234: no difference
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\\,)(?=\d{3})")  # in LaTeX
_OF_UNIT = re.compile(
    r"(?:(?<![A-Za-z])([kcdm]?m|ft|in|yd|mi|s)[23](?![\w.])|(?<=[A-Za-z}])()\s?\^\{?\d+\}?)"
)
_BOX = "\\boxed{"
_LONGEST = 60  # characters before a number that are looked at
_MOST_DIGITS = 1000  # of a number; one with more is none that anybody means
_TAIL = 2000  # characters in which the last number mostly stands


def number_at_end(text: str) -> Fraction | None:
    """The last number of a text, exactly; None: it has none.

    Digits of any script, with decimals behind a point, commas between thousands (1,200), as a fraction (3/4, 3 1/2, ½,
    that of LaTeX) or with a power (1.2e-5, 6 × 10^23, 2**10). A minus is a sign where it stands directly before the
    number, and behind no word, number or bracket. Digits in a word that begins with letters are a part of it (CO2,
    COVID-19, B12, v1.2), and those before letters are a number (5th, 10-year-old, 3D). Signs of currencies and percent,
    and the power of a unit (m^2, m2) are passed over; 5 million, 5k, 5K and $5M count as much. A text that ends in =
    and a sum (= 2 * 4) has its value, one with a \\boxed that of the last box. Digits that are a part of something else
    (3,5 7:30 1.200.000 1 200 √2 2π, 2 hours 30 minutes, May 5) are no number: they may mean another one.
    """
    text = _boxed(text)
    computed = _computed(text[-_TAIL:])
    if computed is not None:
        return computed
    last = _last(text[-_TAIL:])
    if len(text) > _TAIL and (last is None or last.start() == 0):  # it may begin before
        last = _last(text)
    if last is None or len(last.group()) > _MOST_DIGITS or _is_part(last):
        return None
    value, below = Fraction(last["number"].replace(",", "")), int(last["below"] or 1)
    ten, power = _exponent(last["ten"], 0), _exponent(last["power"], 1)
    if not below or len(last["number"]) * abs(power) > _MOST_DIGITS or (not value and power < 0):
        return None
    value = value**power * Fraction(10) ** ten / below
    if last["whole"] and value < 1:
        value += int(last["whole"].replace(",", ""))
    for word in _scale(last).split():
        value *= _MANY[word.lower().removesuffix("s")]
    return -value if last["sign"] else value


def written_out(text: str) -> str:
    """A text with powers and fractions of one character in digits, as ^2 and 1/2."""
    powers = _RAISED.sub(lambda hit: f"^{hit[0].translate(_RAISED_DIGITS)}", text)
    return _VULGAR.sub(_apart, powers)


def _boxed(text: str) -> str:
    """What the last box of LaTeX holds, with its brackets; a text without one as it is."""
    start = text.rfind(_BOX) + len(_BOX) - 1
    if start < len(_BOX) - 1:
        return text
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return text[start : place + 1]
    return text[start:]


def _scale(last: re.Match[str]) -> str:
    """What multiplies a number, as million or k; empty: nothing does."""
    hit = (_OF_MONEY if last["money"] else _SCALE).match(last.string, last.end())
    return "" if hit is None else hit[0].replace("-", " ")


def _computed(text: str) -> Fraction | None:
    """The value of the sum that stands behind the last = of a text."""
    side = bare(text.rpartition("=")[2]) if "=" in text else ""
    other = "\n" in side or _DATE.search(side) or _JOINED.fullmatch(side)
    return None if other or not OPERATOR.search(side) else value_of(side)


def _is_part(last: re.Match[str]) -> bool:
    """Whether the digits are a part of something else than a number that is read here."""
    before = last.string[max(0, last.start() - _LONGEST) : last.start()]
    behind = last.string[last.end() + len(_scale(last)) :]
    digits = last.group().strip()
    parts = (
        _PART.search(before),
        _COUNTED.match(behind),
        re.fullmatch(r"\d{3}(?:\.\d+)?", last["number"]) and _SPACED.search(before),
        last["below"] and _AND.search(before),
        _LARGER.search(before) and _SMALLER.match(behind),
        re.fullmatch(r"\d{1,2}|\d{4}", digits) and _DAY.search(before),
        re.fullmatch(r"\d{1,2}", digits) and _OF_MONTH.match(behind),
    )
    return any(parts)


def _exponent(text: str | None, default: int) -> int:
    return int(text.strip("{}").replace("−", "-")) if text else default


def _last(text: str) -> re.Match[str] | None:
    digits = "".join(str(unicodedata.digit(one)) if one.isdecimal() else one for one in text)
    digits = digits.replace("⁄", "/").replace("∕", "/")
    for marks, mark in _MARKS.items():
        digits = marks.sub(mark, digits)
    digits = written_out(digits)
    digits = _FRACTION.sub(_in_line, digits)
    digits = _NAME.sub("name", _OF_UNIT.sub(r"\1", _THOUSANDS.sub(",", digits)))
    last = None
    for last in _NUMBER.finditer(digits):  # noqa: B007 - the last one is meant
        pass
    return last


def _apart(hit: re.Match[str]) -> str:
    """A fraction of one character as 1/2, behind a whole number with a space: a sign before it stays its sign."""
    fraction = unicodedata.normalize("NFKC", hit[2]).replace("⁄", "/")
    return fraction if hit["whole"] is None else f" {fraction}"


def _in_line(hit: re.Match[str]) -> str:
    """A fraction of LaTeX as 1/2, behind a whole number with a space."""
    _, *above, below, short = hit.groups()
    return f"{'' if hit['behind'] is None else ' '}{above[0] or above[1]}/{below or short}"
