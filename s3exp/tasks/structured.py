"""Answers in JSON: the schema of a row or several, the words that ask for it, and the texts of the rows in an answer.

Not every server holds an answer to its schema, and every LLM may be cut off. So an answer is read as one that may have
words around the JSON, other keys, or half of a row at its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from s3exp.language.words import folded_words
from s3exp.settings.llm import LLMConfig, is_structured
from s3exp.settings.task import TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.parsing import CUT_OFF
from s3exp.tasks.prompts import fill, label_words
from s3exp.tasks.reasoning import without_reasoning
from s3exp.types import NO_ANSWER, Completion, Prompt, Target

ROWS = "rows"  # the key of several rows
NOT_JSON, OTHER_KEYS = "not_json", "other_keys"  # reasons of rejection
FORM = "Answer in JSON: {form}"
FORM_OF_SEVERAL = "Write {count} of them, each another one. Answer in JSON: {form}"
_LABEL_FIELDS = ("label", "sentiment", "class", "category")
_DECODER = json.JSONDecoder(strict=False)  # small LLMs write line breaks into strings as they are
_OBJECT = re.compile(r'\{\s*"')
_SEPARATOR = re.compile(r"[\s,]*")
_LIST = re.compile(rf'\{{\s*"{ROWS}"\s*:\s*\[')


@dataclass(frozen=True, slots=True)
class Part:
    """The text of one row in an answer, as if it were a completion of its own: `cut_off`, or `problem` if it is none.

    `rules` name what was taken off around the JSON.
    """

    text: str
    cut_off: bool = False
    problem: str | None = None
    rules: tuple[str, ...] = ()


def no_row(text: str, rules: tuple[str, ...]) -> list[Part]:
    """The part of an answer in which no row is found; `rules` name what was taken off before."""
    why = "no_row" if text else "only_reasoning" if "reasoning" in rules else "empty"
    return [Part(text, problem=why, rules=rules)]


def schema_of(task: TaskConfig) -> dict[str, Any]:
    """The schema of an answer: an object with what is to be written, or a list of `task.rows_per_answer` of them."""
    row = _object({name: {"type": "string"} for name in task.asked})
    count = task.rows_per_answer
    if count == 1:
        return row
    return _object({ROWS: {"type": "array", "items": row, "minItems": count, "maxItems": count}})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    # strict servers want every key required and no others
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def in_json(task: TaskConfig, llm: LLMConfig, prompt: Prompt) -> Prompt:
    """The prompt of a row as one that asks for JSON, if the LLM's options say so; every row has its own tokens."""
    if not is_structured(llm):
        return prompt
    count = task.rows_per_answer
    row = json.dumps(dict.fromkeys(task.asked, "..."), ensure_ascii=False)
    values = {"form": row if count == 1 else f'{{"{ROWS}": [{row}, ...]}}', "count": str(count)}
    form = fill(form_of(task), values)
    text = f"{prompt.text}\n\n{form}"
    return replace(prompt, text=text, schema=schema_of(task), max_tokens=prompt.max_tokens * count)


def form_of(task: TaskConfig) -> str:
    """The template of the words that ask for JSON."""
    own = task.prompt_sets[task.prompts].form
    return own or (FORM if task.rows_per_answer == 1 else FORM_OF_SEVERAL)


def parts_of(task: TaskConfig, completion: Completion, target: Target = None) -> list[Part]:
    """The rows of an answer in JSON, in order, or one part that says why there is none.

    A row that is cut off is the last part. Where a row has several columns, its part is the JSON of it. Keys that were
    not asked for are left out (`fields`); one that says another label than `target` rejects the row.
    """
    if completion.finish_reason in NO_ANSWER:
        return [Part("", problem=NO_ANSWER[completion.finish_reason])]
    seen = plain(completion.text)
    text, rules = _bare(seen)
    rules = ("characters",) * (seen.split() != completion.text.split()) + rules
    if not text and "reasoning" in rules:
        return [Part("", problem="only_reasoning", rules=rules)]
    cut_off = completion.finish_reason == CUT_OFF
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        half = cut_off and text.startswith("{")
        found = _half(task, text, target) if half else [Part(text, problem=NOT_JSON if text else "empty")]
    else:
        rules += ("json",) if text[end:].strip() else ()
        found = _rows(task, value, target)
    return [replace(part, rules=(*rules, *part.rules)) for part in found]


def _bare(text: str) -> tuple[str, tuple[str, ...]]:
    """The text from its JSON on, and the names of what stood before it: reasoning, or other words."""
    text, rules = text.strip(), list[str]()
    if not text.startswith("{"):
        answer = without_reasoning(text)
        rules += [] if answer is None else ["reasoning"]
        text = text if answer is None else answer
        begin = _OBJECT.search(text)
        rules += ["json"] if begin and begin.start() else []  # behind a fence, or "Here it is:"
        text = text[begin.start() :] if begin else text
    return text, tuple(rules)


def _rows(task: TaskConfig, value: Any, target: Target) -> list[Part]:
    """The rows of a whole value."""
    if task.rows_per_answer > 1:
        listed = value.get(ROWS) if isinstance(value, Mapping) else None
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            return [Part(json.dumps(value, ensure_ascii=False), problem=OTHER_KEYS)]
        return [_row(task, one, target) for one in listed] or [Part("", problem="empty")]
    return [_row(task, value, target)]


def _row(task: TaskConfig, value: Any, target: Target) -> Part:
    whole, cells = json.dumps(value, ensure_ascii=False), value if isinstance(value, Mapping) else {}
    texts = {name: cells[name] for name in task.asked if isinstance(cells.get(name), str)}
    if len(texts) < len(task.asked):
        return Part(whole, problem=OTHER_KEYS)
    beside = {name: cell for name, cell in cells.items() if name not in texts}
    if _other_label(task, beside, target):
        return Part(whole, problem="other_label")
    text = texts[task.asked[0]] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)
    return Part(text, rules=("fields",) if beside else ())


def _other_label(task: TaskConfig, beside: Mapping[str, Any], target: Target) -> bool:
    """Whether a field beside a row says that it has another label."""
    if not isinstance(target, int) or not task.labels:
        return False
    names = {_folded(name): at for some in (label_words(task), task.labels) for at, name in enumerate(some)}
    fields = [
        cell for name, cell in beside.items() if name.casefold() in {*_LABEL_FIELDS, task.label.casefold()}
    ]
    said = {names.get(_folded(cell)) for cell in fields if isinstance(cell, str)} - {None}
    return bool(said) and target not in said


def _folded(text: str) -> str:
    return " ".join(folded_words(text))


def _half(task: TaskConfig, text: str, target: Target) -> list[Part]:
    """The whole rows of an answer that was cut off, then the row that was."""
    found: list[Part] = []
    rest = text
    if task.rows_per_answer > 1:
        opening = _LIST.match(text)
        rest = text[opening.end() :] if opening else ""
        while opening:
            rest = rest[_SEPARATOR.match(rest).end() :]  # type: ignore[union-attr]  # it matches nothing, too
            try:
                value, end = _DECODER.raw_decode(rest)
            except (ValueError, RecursionError):
                break
            found.append(_row(task, value, target))
            rest = rest[end:]
    return found if len(found) >= task.rows_per_answer > 1 else [*found, _cut(task, rest)]


def _cut(task: TaskConfig, text: str) -> Part:
    """The row whose string was cut off, as far as it goes."""
    key = re.escape(json.dumps(task.asked[0], ensure_ascii=False))
    begun = re.match(rf'\{{\s*{key}\s*:\s*"((?:[^"\\]|\\.)*)', text, re.DOTALL)
    if begun is None or len(task.asked) > 1 or not begun.group(1).strip():
        return Part(text, problem="truncated")
    try:
        return Part(json.loads(f'"{begun.group(1)}"', strict=False), cut_off=True)
    except ValueError:
        return Part(text, problem="truncated")
