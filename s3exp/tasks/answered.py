"""Free answers: when two are the same, and problems with their answers in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from s3exp.tasks.last_number import number_at_end, written_out
from s3exp.tasks.parsing import EPILOGUE, PREAMBLE, says_more
from s3exp.tasks.squad import normalise

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
_ANNOUNCED = re.compile(r"\A(?:[^\n]{0,200}[:：]\s*\n\s*)+")


def normalised(text: str) -> str:
    """An answer for comparison: composed, in lower case, with single spaces, without marks and quotes at its ends.

    Quotes, apostrophes and dashes are those of ASCII. 2³ and 1½ are not 23 and 11⁄2, as which NFKC would write them.
    """
    folded = " ".join(unicodedata.normalize("NFKC", written_out(text)).casefold().translate(_TYPED).split())
    kept = folded.strip(_ENDS)
    # .5 is another answer than 5
    return f".{kept}" if kept[:1].isdecimal() and f".{kept}" in folded else kept


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
    """A row in a text: its cells by column, where it ends, and the names of what was left out around them."""

    cells: Mapping[str, str]
    end: int
    rules: tuple[str, ...] = ()


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
    before = marks[:1] and says_more(text[: marks[0][0]])
    for place, (start, begin, name) in enumerate(marks):
        end = marks[place + 1][0] if place + 1 < len(marks) else len(text)
        if not rows or (name != answer and (answer in rows[-1] or (name in rows[-1] and len(written) > 1))):
            rows.append({})
            ends.append(end)
        again = name in rows[-1]
        rows[-1].setdefault(name, []).append(text[start if again else begin : end])
        ends[-1] = end
    solved = list[Solved]()
    for row, end in zip(rows, ends, strict=True):
        rules = [PREAMBLE] if before and not solved else []
        cells = {name: _bare(parts, lines, name == answer, rules) for name, parts in row.items()}
        solved.append(Solved(cells, end, tuple(dict.fromkeys(rules))))
    return solved


def _behind(hit: re.Match[str]) -> int:
    """Where the text of a cell begins, with the indent of its first line."""
    name = hit.start() + len(hit[0].rstrip())
    gap = _GAP.match(hit.string, name)
    return name if gap is None else gap.end()


def _bare(parts: Sequence[str], lines: bool, is_answer: bool, rules: list[str]) -> str:
    """A cell; on one line without an announcement before it, an explanation behind it and marks of emphasis around it.

    What is left out in words is named in `rules`.
    """
    if lines:
        return lines_of("".join(parts).rstrip())
    kept = [_ASIDE.sub("", part) for part in parts] if is_answer else list(parts)
    text = " ".join(kept).strip()
    bare = _ANNOUNCED.sub("", text)
    rules += [PREAMBLE] * (bare != text) + [EPILOGUE] * (kept != list(parts))
    return one_line(_RULE.sub("", bare)).strip("*_` ")


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
