"""Gold answers of a row as they stand in a file, moved to where they stand in the cleaned text.

The column is as on the hub: {text: [...], answer_start: [...]}, offsets counted in characters of the text as given.
Knows one cell of a table; does not know files, roles or scores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from s3exp.types import Answer, UserError


def read_answers(value: Any, text: str, clean: Callable[[str], str], where: str) -> tuple[Answer, ...]:
    """All gold answers of a row, each once, as spans of `clean(text)`.

    Args:
        value: the cell; in a .csv file it is the same as JSON.
        text: the text that the answers are spans of, before it was cleaned.
        clean: what is done to every text of the row.
        where: file and row, for messages.

    Raises:
        UserError: there is no answer, or one does not stand where the row says.
    """
    texts, starts = _columns(value, where)
    answers: dict[Answer, None] = {}
    for said, start in zip(texts, starts, strict=True):
        if text[start : start + len(said)] != said:
            raise UserError(f"{where}: the answer {said[:60]!r} does not stand at answer_start {start}")
        answers[_moved(said, start, text, clean, where)] = None
    return tuple(answers)


def _columns(value: Any, where: str) -> tuple[list[str], list[int]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise UserError(f"{where}: the answers are not JSON: {error.msg}") from error
    if not isinstance(value, Mapping) or not {"text", "answer_start"} <= value.keys():
        raise UserError(f"{where}: answers are needed as {{text: [...], answer_start: [...]}}")
    texts, starts = value["text"], value["answer_start"]
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        raise UserError(f"{where}: answers need as many text as answer_start, in two lists")
    if not texts:
        raise UserError(f"{where}: no answer; every row needs one")
    for said, start in zip(texts, starts, strict=True):
        if not isinstance(said, str) or not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise UserError(f"{where}: an answer is a text and the number of the character where it begins")
    return texts, starts


def _moved(said: str, start: int, text: str, clean: Callable[[str], str], where: str) -> Answer:
    """The answer in the cleaned text: as far in as the cleaned beginning is long, give or take a space.

    A mark of any kind after the beginning keeps its last space from being cleaned away.
    """
    wanted, cleaned = clean(said), clean(text)
    begins = len(clean(text[:start] + "|")) - 1
    for place in (begins, begins + 1):
        if wanted and cleaned.startswith(wanted, place):
            return Answer(wanted, place)
    raise UserError(f"{where}: the answer {said[:60]!r} is white space, or cut out of a line break")
