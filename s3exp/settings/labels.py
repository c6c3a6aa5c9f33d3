"""One text for one value of a label, whatever the format that it was read from, and the check of a task's labels."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from numbers import Integral, Rational, Real
from typing import Any

from s3exp.types import UserError

LARGEST_PLAIN = 9  # a larger number in YAML may have been written as 012, 1_0 or 1:30


def text_of_value(value: Any) -> str:
    """The text of a cell: 1, 1.0, "1" and " 1.0 " are one text, and so are true and "True".

    Letters are composed (NFC) and runs of white space become one space; their case stays.
    """
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "replace")
    text = " ".join(unicodedata.normalize("NFC", str(value)).replace("\ufeff", "").split())
    if isinstance(value, (Integral, Rational, Real)) or _is_number(text):
        return _number(text)
    return text


def folded(text: str) -> str:
    """A text up to case."""
    return unicodedata.normalize("NFC", text.casefold())


def is_index(text: str) -> bool:
    """Whether a text is a whole number of at least 0, as `text_of_value` writes it."""
    return text.isdecimal()


def as_names(values: Sequence[Any]) -> list[Any]:
    """Names of a YAML list: a whole number that YAML cannot have misread becomes a text, anything else stays."""
    return [str(value) if type(value) is int and 0 <= value <= LARGEST_PLAIN else value for value in values]


def check_names(key: str, values: Sequence[Any]) -> None:
    """Refuse names that YAML did not read as texts.

    Raises:
        UserError: says how to quote them.
    """
    for value in values:
        if isinstance(value, bool):
            words = "yes, on and true" if value else "no, off and false"
            quoted = "yes" if value else "no"
            raise UserError(
                f'{key} has {value}, as YAML reads {words}: names are texts: write them in quotes, as "{quoted}"'
            )
        if value is None:
            raise UserError(f'{key} has null: names are texts: write them in quotes, as "null" or "none"')
        if not isinstance(value, str):
            raise UserError(
                f'{key} has the number {value}: names are texts: write them in quotes, as "{value}" '
                "(YAML reads 1e3, 010 and 12:30 as numbers)"
            )


def check_labels(labels: Sequence[str], values: Sequence[Any] | None) -> None:
    """Refuse labels that a cell of a gold file could not name without doubt.

    Raises:
        UserError: labels are equal, are numbers beside their places, or do not fit `task.label_values`.
    """
    check_names("task.labels", labels)
    if len(labels) < 2 or len(set(map(text_of_value, labels))) < len(labels):
        raise UserError(f"task.labels={list(labels)}: at least two different names are needed")
    texts = None if values is None else [text_of_value(value) for value in values]
    if texts is not None and (len(texts) != len(labels) or len(set(texts)) < len(texts)):
        raise UserError(
            f"task.label_values={list(values or ())}: {len(labels)} different values are needed, one for each of "
            "task.labels"
        )
    for index, label in enumerate(map(text_of_value, labels)):
        right = str(index) if texts is None else texts[index]
        if _is_number(label) and label != right:
            raise UserError(
                f"task.labels={list(labels)}: {label} could be a name or a class index: give names in words, and "
                f"the numbers of the files as task.label_values, in the same order: task.labels=[low,high] "
                "task.label_values=[1,2]"
            )


def _is_number(text: str) -> bool:
    head, dot, tail = text.removeprefix("-").partition(".")
    return head.isdecimal() and (not dot or tail == "" or tail.isdecimal())


def _number(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(text)) if text.lstrip("-").isdecimal() else str(int(value)) if value.is_integer() else text
