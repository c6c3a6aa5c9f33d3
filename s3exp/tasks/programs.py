"""Programs that check the answer to a problem, by their names in `task.answer.program`. None of them asks an LLM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from s3exp.embedded.word_problems import solved
from s3exp.settings.task import TaskConfig
from s3exp.tasks.last_number import number_at_end
from s3exp.tasks.sums import CURRENCIES, OPERATOR, bare, value_of
from s3exp.types import Example


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether an answer is right; None: the program cannot tell. `answer` is its own, where it solves the problem."""

    right: bool | None
    answer: str | None = None


Program = Callable[[str, str], Checked]  # of the text of a problem, and an answer to it

_SUMS = re.compile(rf"[\d{CURRENCIES}(.−-][\d\s.,(){CURRENCIES}+*/x×÷=−-]*")  # where equations may stand
# where a side goes on outside of them: 20% of 50 = 10, 2^3 = 8, 3 hours * 60 + 5 = 185, 1/4 = 25%, 1e3 + 1 = 1001,
# 7 / 2 = 3½, 7 / 2 = 3 R 1
_BEFORE = re.compile(
    r"(?:[%^\\]|[^\W\d_]\Z|[\w)]\s*[*×÷·/+]|\b(?:of|half|double|triple|twice|x|times|cdot|div|plus|minus|by|over))\s*\Z",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\s*(?:[%^:¼-¾⅐-⅞⁰¹²³⁴-⁹]|\\[a-z]|(?i:r|rem|remainder)\b)")
_ENDS = re.compile(r"[.,](?=\s)")  # of a sentence or clause
_BULLET = re.compile(r"\A[-−]\s+")  # of a list


def word_problems(question: str, answer: str) -> Checked:
    """Solves the problems of the grammar of embedded/word_problems.py, with any names, things and numbers."""
    own = solved(question)
    return Checked(None) if own is None else Checked(number_at_end(own) == number_at_end(answer), own)


def equations(question: str, answer: str) -> Checked:
    """Computes the equations of an answer: all must hold, and its last number must be what the last one gives.

    It does not know whether they are the right ones for the problem. A side that is rounded may be off by half of its
    last digit. A side that goes on in words or signs which are not read is passed over, and where the last one does, it
    cannot tell.
    """
    last: Fraction | None = None
    for left, right, digits in _equations(answer):
        if left is None or right is None:
            last = None
            continue
        if abs(left - right) > (Fraction(1, 2 * 10**digits) if digits else 0):
            return Checked(False)
        last = right
    return Checked(None if last is None else number_at_end(answer) == last)


PROGRAMS: Mapping[str, Program] = {"equations": equations, "word_problems": word_problems}


def checked(task: TaskConfig, row: Example) -> Checked:
    """What the task's program says of a row's answer; without a program it cannot tell."""
    if task.answer.program is None or not isinstance(row.target, str):
        return Checked(None)
    return PROGRAMS[task.answer.program](task.text_of(row.fields), row.target)


def _equations(text: str) -> Iterator[tuple[Fraction | None, Fraction | None, int]]:
    """Both sides of each equation, and the decimals of the right one; None is a side that is not read."""
    for hit in _SUMS.finditer(text):
        runs = [_BULLET.sub("", run).split("=") for run in _ENDS.split(bare(hit.group()))]
        for run in runs:  # a number alone may be the end of what a word says: half of 10 = 5
            run[0] = run[0] if OPERATOR.search(run[0]) else ""
        if _BEFORE.search(text, 0, hit.start()):
            runs[0][0] = ""
        if _BEHIND.match(text, hit.end()):
            runs[-1][-1] = ""
        for left, right in (pair for run in runs for pair in pairwise(run)):
            if right.strip():  # 48/2 = <<48/2=24>>24 says it again
                decimals = right.strip(" .,").partition(".")[2]
                yield value_of(left), value_of(right), len(decimals) if decimals.isdecimal() else 0
