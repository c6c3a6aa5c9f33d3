"""Free answers: when two are the same, the number at the end of one, and problems with their answers in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from s3exp.tasks.squad import normalise
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
# what stands before digits that are a part of a number in another form (3,5 7:30 1.200.000 1'000 √2), which is none
_PART = re.compile(
    r"(?:\d[,.:'’′_h]|[\w)\]}]\s?/\s?|\d{4}-\d\d?-|√|(?:sqrt|\b(?:log(?:_\{?\d+\}?)?|ln|sin|cos|tan))\s?[({]?|\^[({]?|\}\{"
    rf"|\d\.\(|\\(?:overline|bar)\{{|\d{_WORDS},?\s(?:and\s)?)\Z"
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
_ENDS = ".!?,;:… \"'`*_«»‹›「」『』。、؟،؛۔।¿¡"  # around an answer, without meaning
# marks that are typed in several ways
_TYPED = {ord(one): mark for mark, some in (("'", "‘’‚‛ʼ"), ('"', "“”„‟"), ("-", "‐‑–—−")) for one in some}
_QUESTIONS = ("question", "problem", "q", "input", "instruction", "task")
_ANSWERS = ("answer", "solution", "a", "output", "response")
_FENCES = re.compile(r"^```[^\n]*\n.*?^```[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```\s*", re.DOTALL)
_GAP = re.compile(r"[ \t]*\n| ")
_RULE = re.compile(r"[\s#*_=-]{2,}$")  # between two rows, at the end of the first
# behind an answer, and no part of it: its numbers are not what is asked for
_ASIDE = re.compile(
    r"(?<=\S)\s*\n[^\w\n]*(?:explanation|justification|note)s?[*_` ]*[:：].*\Z", re.DOTALL | re.IGNORECASE
)
_PREAMBLE = re.compile(r"\A(?:[^\n]{0,200}[:：]\s*\n\s*)+")


def normalised(text: str) -> str:
    """An answer for comparison: composed, in lower case, with single spaces, without marks and quotes at its ends.

    Quotes, apostrophes and dashes are those of ASCII. 2³ and 1½ are not 23 and 11⁄2, as which NFKC would write them.
    """
    apart = _VULGAR.sub(_written_out, _powers(text))
    folded = " ".join(unicodedata.normalize("NFKC", apart).casefold().translate(_TYPED).split())
    kept = folded.strip(_ENDS)
    # .5 is another answer than 5
    return f".{kept}" if kept[:1].isdecimal() and f".{kept}" in folded else kept


def number_at_end(text: str) -> Fraction | None:
    """The last number of a text, exactly; None: it has none.

    Digits of any script, with decimals behind a point, commas between thousands (1,200), as a fraction (3/4, 3 1/2, ½,
    that of LaTeX) or with a power (1.2e-5, 6 × 10^23, 2**10). A minus is a sign where it stands directly before the
    number, and behind no word, number or bracket. Signs of currencies and percent, and the power of a unit (m^2, m2)
    are passed over; 5 million, 5k, 5K and $5M count as much. A text that ends in = and a sum (= 2 * 4) has its value,
    one with a \\boxed that of the last box. Digits that are a part of something else (3,5 7:30 1.200.000 1 200 √2 2π,
    2 hours 30 minutes, May 5) are no number: they may mean another one.
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
    digits = _VULGAR.sub(_written_out, _powers(digits))
    digits = _FRACTION.sub(_in_line, digits)
    digits = _OF_UNIT.sub(r"\1", _THOUSANDS.sub(",", digits))
    last = None
    for last in _NUMBER.finditer(digits):  # noqa: B007 - the last one is meant
        pass
    return last


def _powers(text: str) -> str:
    return _RAISED.sub(lambda hit: f"^{hit[0].translate(_RAISED_DIGITS)}", text)


def _written_out(hit: re.Match[str]) -> str:
    """A fraction of one character as 1/2, behind a whole number with a space: a sign before it stays its sign."""
    fraction = unicodedata.normalize("NFKC", hit[2]).replace("⁄", "/")
    return fraction if hit["whole"] is None else f" {fraction}"


def _in_line(hit: re.Match[str]) -> str:
    """A fraction of LaTeX as 1/2, behind a whole number with a space."""
    _, *above, below, short = hit.groups()
    return f"{'' if hit['behind'] is None else ' '}{above[0] or above[1]}/{below or short}"


def key_of(text: str, score: str, lines: bool = False) -> str | None:
    """What any two right answers have in common, by `task.answer.score` and `lines`; None: nothing was answered."""
    if score == "number":
        number = number_at_end(text)
        return None if number is None else str(number)
    if score == "squad":
        return normalise(text) or normalised(text) or None  # an answer of articles alone, such as A
    if lines:
        return unfenced(lines_of(unicodedata.normalize("NFC", text))) or None
    return normalised(text) or None


def one_line(text: str) -> str:
    """A text without line breaks."""
    return " ".join(text.split())


def lines_of(text: str) -> str:
    """A text with its line breaks and indents, without white space at the ends of lines and blank lines around it."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def unfenced(text: str) -> str:
    """What stands in the one fence (```) that is all of a text; another text as it is."""
    fence = _FENCE.fullmatch(text)
    return text if fence is None or "\n```" in fence[1] else fence[1].strip("\n")


@dataclass(frozen=True, slots=True)
class Solved:
    """A row in a text: its cells by column, and the place in the text where it ends."""

    cells: Mapping[str, str]
    end: int


def form_of(names: Sequence[str], cells: Mapping[str, str]) -> str:
    """The text of a row: a line for each column, its name before it."""
    return "\n".join(f"{name}: {cells[name]}" for name in names)


def solved_in(text: str, written: Sequence[str], answer: str, *, lines: bool = False) -> list[Solved]:
    """The rows of a text, in order. A row ends where another column than the answer comes behind its answer.

    A cell is one line or, with `lines`, as it stands: what is fenced (```) or indented then names no column.

    Columns are known by their names before a colon; the answer, and a single column to write, by other words for them
    too. The first name may be missing: a prompt may have said it. A second name of the answer (a solution, then an
    answer) belongs to the answer; an explanation or a note behind it does not.
    """
    fences = [hit.span() for hit in _FENCES.finditer(text)] if lines else []
    marks = [
        (hit.start(), _behind(hit) if lines else hit.end(), _column(hit, written, answer))
        for hit in _marks(written, answer, text)
        if not lines
        or not (
            (hit["begin"] and hit[0][:1].isspace())
            or any(start <= hit.start() < end for start, end in fences)
        )
    ]
    if marks and marks[0][2] != written[0] and text[: marks[0][0]].strip():
        marks.insert(0, (0, 0, written[0]))
    rows: list[dict[str, list[str]]] = []
    ends: list[int] = []
    for place, (start, begin, name) in enumerate(marks):
        end = marks[place + 1][0] if place + 1 < len(marks) else len(text)
        if not rows or (name != answer and (answer in rows[-1] or (name in rows[-1] and len(written) > 1))):
            rows.append({})
            ends.append(end)
        again = name in rows[-1]
        part = text[start if again else begin : end]
        rows[-1].setdefault(name, []).append(part if lines or name != answer else _ASIDE.sub("", part))
        ends[-1] = end
    return [
        Solved({name: _joined(parts, lines) for name, parts in row.items()}, end)
        for row, end in zip(rows, ends, strict=True)
    ]


def _behind(hit: re.Match[str]) -> int:
    """Where the text of a cell begins, with the indent of its first line."""
    name = hit.start() + len(hit[0].rstrip())
    gap = _GAP.match(hit.string, name)
    return name if gap is None else gap.end()


def _joined(parts: Sequence[str], lines: bool) -> str:
    return lines_of("".join(parts).rstrip()) if lines else _tidy(" ".join(parts))


def _tidy(text: str) -> str:
    """One line, without an announcement before it, and marks of emphasis or a rule around it."""
    line = one_line(_RULE.sub("", _PREAMBLE.sub("", text.strip())))
    return line.strip("*_` ")


def _column(hit: re.Match[str], written: Sequence[str], answer: str) -> str:
    said = (hit["begin"] or hit["inside"]).casefold()
    known = {name.casefold(): name for name in (*written, answer)}
    return known.get(said) or (answer if said in _ANSWERS else written[0])


def _marks(written: Sequence[str], answer: str, text: str) -> list[re.Match[str]]:
    return list(_pattern(tuple(written), answer).finditer(text))


@lru_cache(32)
def _pattern(written: tuple[str, ...], answer: str) -> re.Pattern[str]:
    """The names of columns before a colon: at the beginning of a line, or that of the answer behind a sentence."""
    answers = [answer, *(one for one in _ANSWERS if one not in written)]
    others = [*written, *(one for one in _QUESTIONS if len(written) == 1 and one not in answers)]
    names = [
        "|".join(sorted(map(re.escape, some), key=len, reverse=True))
        for some in ([*others, *answers], answers)
    ]
    line = r"(?:\A|(?<=\n))[^\w\n]*(?:\d{1,3}\s*[.):]\s*)?[*_`]*(?:(?:new|another|similar|next|final|the)[ \t]+){0,2}"
    colon = r"(?:[ \t]*#?\d{1,3})?[*_`]*[ \t]*[:：][*_`]*\s*"
    return re.compile(
        rf"(?:{line}(?P<begin>{names[0]})|(?<=[.?!])[ \t]+[*_`]*(?P<inside>{names[1]})){colon}", re.IGNORECASE
    )
