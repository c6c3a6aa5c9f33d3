"""Gold answers of a row in the hub's format, {text: [...], answer_start: [...]}, moved to the cleaned text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from s3exp.tasks.labels import Unusable
from s3exp.types import Answer, UserError


def read_answers(value: Any, text: str, clean: Callable[[str], str], where: str) -> tuple[Answer, ...]:
    """All gold answers of a row, each once, as spans of `clean(text)`.

    Args:
        value: the cell, as JSON in a .csv file.
        text: the text of the answers, before cleaning.
        clean: cleans a text.
        where: file and row, for messages.

    Raises:
        UserError: there is no answer, or one does not stand at its place.
    """
    texts, starts = _columns(value, where)
    answers: dict[Answer, None] = {}
    for answer, start in zip(texts, starts, strict=True):
        if text[start : start + len(answer)] != answer:
            raise UserError(f"{where}: the answer {answer[:60]!r} does not stand at answer_start {start}")
        answers[_move(answer, start, text, clean, where)] = None
    return tuple(answers)


def _columns(value: Any, where: str) -> tuple[list[str], list[int]]:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise UserError(f"{where}: the answers are not JSON: {error.msg}") from error
    if value is None or value != value or value in ("", [], {}):
        raise Unusable(f"{where}: no answer; every row needs one", "unlabelled", value)
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):  # as SQuAD itself has them
        value = {name: [one.get(name) for one in value] for name in ("text", "answer_start")}
    if not isinstance(value, Mapping) or not {"text", "answer_start"} <= value.keys():
        raise UserError(f"{where}: answers are needed as {{text: [...], answer_start: [...]}}")
    texts, starts = value["text"], value["answer_start"]
    if isinstance(texts, str) and not isinstance(starts, list):
        texts, starts = [texts], [starts]
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        raise UserError(f"{where}: answers need as many text as answer_start, in two lists")
    if not texts:
        raise Unusable(f"{where}: no answer; every row needs one", "unlabelled", value)
    starts = [int(start) if isinstance(start, float) and start.is_integer() else start for start in starts]
    for answer, start in zip(texts, starts, strict=True):
        if not isinstance(answer, str) or not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise UserError(f"{where}: an answer is a text and the number of the character where it begins")
    return texts, starts


def _move(answer: str, start: int, text: str, clean: Callable[[str], str], where: str) -> Answer:
    """The answer in the cleaned text: after the cleaned beginning, give or take a space."""
    span, cleaned = clean(answer), clean(text)
    begins = len(clean(text[:start] + "|")) - 1  # the mark protects a last space
    for place in (begins, begins + 1):
        if span and cleaned.startswith(span, place):
            return Answer(span, place)
    raise UserError(f"{where}: the answer {answer[:60]!r} is white space, or cut out of a line break")
