"""Free answers in gold files: a text or a number, or several of which each is right."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from s3exp.settings.labels import text_of_value
from s3exp.settings.task import TaskConfig
from s3exp.tasks.answered import key_of
from s3exp.tasks.columns import warn_once
from s3exp.tasks.fingerprints import content
from s3exp.tasks.labels import Unusable, listed
from s3exp.types import Example, Target, UserError

Tidy = Callable[[str], str]


def text_of(target: Target) -> str:
    """The target as a text.

    Raises:
        TypeError: it is of another type.
    """
    if not isinstance(target, str):
        raise TypeError(f"{target!r} is no text")
    return target


def read_target(config: TaskConfig, row: Mapping[str, Any], tidy: Tidy, where: str) -> str:
    """The answer of a gold row; of several right ones the first that can be compared.

    Raises:
        Unusable: it has none, or no number where numbers are compared.
        UserError: it is no text.
    """
    texts, options = _answers(config, row, tidy, where), config.answer
    text = next((text for text in texts if key_of(text, options.score, options.lines) is not None), None)
    if text is not None:
        return text
    column = options.column
    if options.score != "number" or not texts:
        raise Unusable(f"{where}: column {column} has no answer", "unlabelled", row.get(column))
    raise Unusable(
        f"{where}: column {column} has {texts[0][:60]!r}, in which no number can be read (1,200 and 3.5 can)",
        "unlabelled",
        texts[0][:60],
        "have an answer in which no number can be read (1,200 and 3.5 can)",
        ", or set task.answer.score=exact",
    )


def read_also(config: TaskConfig, row: Mapping[str, Any], tidy: Tidy, where: str) -> tuple[str, ...]:
    """The other right answers of a gold row, each once."""
    options, target = config.answer, read_target(config, row, tidy, where)
    texts = dict.fromkeys(_answers(config, row, tidy, where))
    return tuple(
        one for one in texts if one != target and key_of(one, options.score, options.lines) is not None
    )


def unit(config: TaskConfig, row: Example) -> str:
    """The hash of a row: no row stands in two roles."""
    return content(row.fields.values())


def several_in(value: Any) -> Sequence[Any] | None:
    """The right answers of a cell that holds a list of them: a list, {text: [...]} as in SQuAD, {value: ..., aliases:
    [...]}, or one of these as JSON; None: it holds no list."""
    if isinstance(value, str):
        value = _json(value)
    if isinstance(value, Mapping) and "text" in value:
        value = value["text"]
    elif isinstance(value, Mapping) and "value" in value:
        value = [value["value"], *(value.get("aliases") or [])]
    if not isinstance(value, (list, tuple)):
        return None
    texts = [one["text"] if isinstance(one, Mapping) and "text" in one else one for one in value]
    return None if any(isinstance(one, (list, tuple, dict)) for one in texts) else texts


def _json(text: str) -> Any:
    if not (text.startswith("{") and text.endswith("}")):
        return listed(text)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _answers(config: TaskConfig, row: Mapping[str, Any], tidy: Tidy, where: str) -> list[str]:
    """The texts of all right answers of a row, in order, without empty ones."""
    texts = []
    for name in (config.answer.column, *config.answer.also):
        value = row.get(name)
        if config.answer.several:
            found = several_in(value)
            values = [value] if found is None else list(found)
        else:
            values = [value]
        if any(isinstance(one, (list, tuple, dict)) for one in values):
            several = several_in(value) is not None and not config.answer.several
            raise UserError(
                f"{where}: column {name} holds no text"
                + (
                    " but a list: if each text in it is a right answer, set task.answer.several=true"
                    if several
                    else ": one answer is read, as a text or a number"
                )
            )
        texts += [text for one in values if (text := _text(one, tidy))]
        if not config.answer.lines and any(isinstance(one, str) and "\n" in one.strip() for one in values):
            warn_once(
                f"column {name}: line breaks in answers are read as spaces: set task.answer.lines=true to keep them, "
                "as code needs it"
            )
    return texts


def _text(value: Any, tidy: Tidy) -> str:
    """A cell as a text: digits of a text stay as they are, 007 and 1.0 too."""
    if value is None or value != value:
        return ""
    if not isinstance(value, str):
        return tidy(text_of_value(value))
    return tidy(unicodedata.normalize("NFC", value).replace("\ufeff", ""))
