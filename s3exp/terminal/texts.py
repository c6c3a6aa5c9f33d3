"""Texts and numbers for the reader. A text may come from an LLM, a data set or a user; markup is escaped elsewhere:
by the template (HTML), json (the page's data) and export.py (LaTeX, Markdown)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_HIGH = re.compile("[\x7f-\x9f\ufffe\uffff\ud800-\udfff]")  # ends of a block, halves of a pair


def clean(text: str) -> str:
    """The text with control characters made visible; lone surrogates, which no file can hold, become U+FFFD."""
    text = text.replace("\r\n", "\n")
    return _HIGH.sub("\ufffd", _CONTROL.sub(lambda control: chr(0x2400 + ord(control.group())), text))


def printable(text: str) -> str:
    """The text on one line, with a space for every control character, mark of direction and unprintable character."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def cut(text: str, most: int) -> str:
    """The text, or its first characters and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def short(name: str, most: int) -> str:
    """The name, or its two ends: names of arms may differ at either."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"


def percent(share: float) -> str:
    """A score between 0 and 1 as a percentage with one digit, without the sign."""
    return f"{100 * share:.1f}"


def points(share: float) -> str:
    """A difference of two scores in percentage points, with its sign; no sign where it is shown as 0."""
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def chance(p: float) -> str:
    """A p-value."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def spelled(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def plural(count: int, word: str) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def file_names(tasks: Sequence[str]) -> dict[str, str]:
    """A file name for each of several tasks; where two would be alike, a later one gets a number."""
    names: dict[str, str] = {}
    for task in dict.fromkeys(tasks):
        name, number = file_name(task), 2
        while name in names.values():
            name, number = f"{file_name(task)}-{number}", number + 1
        names[task] = name
    return names


def file_name(task: str) -> str:
    """The task's name in names of files."""
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in task) or "task"
