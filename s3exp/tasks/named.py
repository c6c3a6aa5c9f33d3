"""Texts in lines with their names before them, `Query: ...`, where no JSON is asked for: what a small LLM can write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from s3exp.settings.task import TaskConfig
from s3exp.tasks.parsing import EPILOGUE, PREAMBLE, SEVERAL, says_more

_JUNK = r"[^\w\n]*(?:\d{1,3}\s*[.):]\s*)?[^\w\n]*"  # of lists and bold type, at the beginning of a line
# words beside a name, which say no more than the name does: "Hard negative passage: ..." of the column negative
_BEFORE = r"(?:(?:the|a|an|new|another|hard|right|relevant|answering|positive)[ -]+){0,2}"
_BEHIND = r"(?: +(?:passage|text|document|example))?"


def title(name: str) -> str:
    """The name of a column as it stands before its text."""
    return name.replace("_", " ").strip().capitalize()


def form_of_lines(task: TaskConfig) -> str:
    """The form of an answer."""
    return "\n".join(f"{title(name)}: ..." for name in task.asked)


def lines_of(task: TaskConfig, values: Mapping[str, str]) -> str:
    """The texts that the LLM writes: one as it is, several in lines with their names."""
    if len(task.asked) == 1:
        return values[task.asked[0]]
    return "\n".join(f"{title(name)}: {values[name]}" for name in task.asked)


def named_texts(text: str, names: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The texts behind the names of columns, each the first of its name, and the names of what is left out.

    A text goes on to the next name, or to an empty line once it has begun.
    """
    hits = list(_pattern(tuple(names)).finditer(text))
    by_title = {title(name).casefold(): name for name in names}
    found: dict[str, str] = {}
    rules = [PREAMBLE] if hits and says_more(text[: hits[0].start()]) else []
    for place, hit in enumerate(hits):
        end = hits[place + 1].start() if place + 1 < len(hits) else len(text)
        name = by_title[" ".join(hit.group("name").casefold().split())]
        if name in found:  # another row begins: one was asked for
            rules.append(SEVERAL)
            break
        one, _, behind = text[hit.end() : end].strip().partition("\n\n")
        rules += [EPILOGUE] * says_more(behind)
        found[name] = one.strip().strip("*")
    return found, tuple(dict.fromkeys(rules))


@lru_cache(32)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    titles = sorted(map(title, names), key=len, reverse=True)
    known = "|".join(r"\s+".join(map(re.escape, one.split())) for one in titles)
    return re.compile(
        rf"^{_JUNK}{_BEFORE}(?P<name>{known}){_BEHIND}[^\w\n:：]*[:：][*\"”]*[ \t]*",
        re.IGNORECASE | re.MULTILINE,
    )
