"""The class index of a label's cell, the same in every format, and the class names that a file declares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from s3exp.settings.labels import folded, is_index, text_of_value
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError

NOTHING = frozenset(("", "-1", "nan", "null", "none", "na", "n/a", "<na>", "-100"))


class Unusable(UserError):
    """A row that cannot be used: `kind` is the option of task.gold that drops such rows, `value` its cell.

    `what` says more exactly than the kind what is wrong with it, and `hint` what else may be done.
    """

    def __init__(self, message: str, kind: str, value: Any = None, what: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.kind, self.value, self.what, self.hint = kind, value, what, hint


class WrongLabel(UserError):
    """A cell that holds none of the task's labels."""


@dataclass(frozen=True, slots=True)
class _Meanings:
    """Class indices by the text of a cell: exactly, and up to case where that leaves no doubt."""

    exact: Mapping[str, int]
    folded: Mapping[str, int]
    by_index: bool


@lru_cache(64)
def _meanings(labels: tuple[str, ...], values: tuple[str, ...] | None) -> _Meanings:
    exact = {text_of_value(label): index for index, label in enumerate(labels)}
    exact |= {value: index for index, value in enumerate(values or ())}
    of_case: dict[str, set[int]] = {}
    for text, index in exact.items():
        of_case.setdefault(folded(text), set()).add(index)
    return _Meanings(
        exact, {text: next(iter(found)) for text, found in of_case.items() if len(found) == 1}, values is None
    )


def to_label(value: Any, labels: Sequence[str], where: str, values: Sequence[Any] | None = None) -> int:
    """Class index of a cell: one of `values`, a label name in any case, or (without `values`) a class index.

    Raises:
        Unusable: the cell holds no label.
        WrongLabel: it holds none of the task's.
        UserError: it holds several.
    """
    value = listed(value)
    if isinstance(value, (list, tuple)):
        if len(value) > 1 and len(set(map(repr, value))) > 1:
            raise UserError(
                f"{where}: label {_shown(value)} is not the task's: {len(value)} labels, and a row has one"
            )
        value = value[0] if value else None
    if isinstance(value, (Mapping, list, tuple)):
        raise UserError(f"{where}: label {_shown(value)} is not the task's: a label is one value")
    texts = None if values is None else tuple(map(text_of_value, values))
    meanings, text = _meanings(tuple(labels), texts), text_of_value(value)
    index = meanings.exact.get(text, meanings.folded.get(folded(text)))
    if index is not None:
        return index
    if meanings.by_index and is_index(text) and int(text) < len(labels):
        return int(text)
    known = texts or [f"{index} {name}" for index, name in enumerate(labels)]
    says = f"{where}: label {_shown(value)} is not the task's ({', '.join(known)})"
    if folded(text) in NOTHING:
        raise Unusable(f"{says}: the row has no label", "unlabelled", value)
    if values is None:
        says += ": task.label_values names the cells that stand for the labels"
    raise WrongLabel(says)


def listed(value: Any) -> Any:
    """A cell that a table has as the text of a list, `["a"]` or `['a']`, as that list."""
    if not isinstance(value, str) or not (value.startswith("[") and value.endswith("]")):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        items = re.fullmatch(r"\[('[^']*'(, '[^']*')*)?\]", value)
        return re.findall(r"'([^']*)'", value) if items else value
    return found if isinstance(found, list) else value


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."


def to_names(
    column: Sequence[Any], names: Sequence[str], task: TaskConfig, where: str
) -> tuple[Sequence[Any], str | None]:
    """The cells of a label column whose class indices have `names` in the file itself, as the task can read them.

    Returns the cells, as names where the file's names are the task's, and a note if the order differs.

    Raises:
        UserError: the file's names contradict the task's.
    """
    indices = {text_of_value(cell) for cell in column if not isinstance(cell, (list, tuple))}
    if task.label_values is not None or not any(map(is_index, indices)):
        return column, None
    own = [_index(name, task.labels) for name in names]
    said = ", ".join(f"{index} {name}" for index, name in enumerate(names))
    asked = ", ".join(f"{index} {name}" for index, name in enumerate(task.labels))
    used = [own[int(text)] for text in indices if is_index(text) and int(text) < len(own)]
    if (None not in own and len(set(own)) == len(own)) or (
        len(names) > len(task.labels) and None not in used
    ):
        if own == list(range(len(own))):
            return column, None
        note = (
            f"{where}: the file's own names are used for its class indices ({said}); the task's are {asked}"
        )
        words = [
            name if index is None else task.labels[index] for name, index in zip(names, own, strict=True)
        ]
        return [_named(cell, words) for cell in column], note
    if len(names) != len(task.labels) or any(
        index is not None and index != place for place, index in enumerate(own)
    ):
        raise UserError(
            f"{where}: the file names its classes {said}, and task.labels are {asked}: set task.labels to the "
            "file's names, in any order"
        )
    if any(index is not None for index in own):
        return column, None
    return column, f"{where}: the file names its classes {said}; they are read as {asked}"


def _index(name: str, labels: Sequence[str]) -> int | None:
    """The label that a file's name means: the same up to case and signs, or the only one that begins so."""
    word = _word(name)
    same = [index for index, label in enumerate(labels) if _word(label) == word]
    near = [
        index
        for index, label in enumerate(labels)
        if word and _word(label) and (_word(label).startswith(word) or word.startswith(_word(label)))
    ]
    found = same or near
    return found[0] if len(found) == 1 else None


def _word(name: str) -> str:
    return "".join(c for c in folded(text_of_value(name)) if c.isalnum()) or folded(name)


def _named(cell: Any, names: Sequence[str]) -> Any:
    text = text_of_value(cell)
    return names[int(text)] if is_index(text) and int(text) < len(names) else cell
