"""Prompt templates with named fields in braces. No code in strings: values replace fields, nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from s3exp.settings.task import PROMPT_FIELD, PromptSet, TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.reasoning import without_reasoning
from s3exp.types import Completion

_REASON = re.compile(
    r"^\s*[*_#>]{0,3}\s?(?:(?:[^\W\d_]+ ?)?[(（]?\d+\s*[.):、．：）]\s*|[-*•–·▪]\s+|[-*•](?=\w)|[①-⑳]\s*)(.+?)\s*$"
)
_NUMBERED = re.compile(r"(?:^|(?<=\s)|(?<=[;；,，。.]))(\d{1,2})[.)、．]\s*")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace every `{name}` by its value; braces inside the values are left alone."""
    filled: str = PROMPT_FIELD.sub(lambda field: values[field.group(1)], template)
    return filled


def label_words(task: TaskConfig) -> list[str]:
    """The words for {label}, by class index."""
    prompts: PromptSet = task.prompt_sets[task.prompts]
    return prompts.labels or task.labels


def listed(completion: Completion, *, whole: bool = False) -> list[str]:
    """The items of a list of the LLM, without the reasoning before them and a last one that was cut off.

    `whole`: items are sentences, and keep the mark at their end.
    """
    text = plain(completion.text)
    answer = without_reasoning(text)
    items = parse_list(text if answer is None else answer, whole=whole)
    return items[:-1] if completion.finish_reason == "length" else items


def parse_list(text: str, *, whole: bool = False) -> list[str]:
    """The items of a numbered or bulleted list, or of a JSON list, without their marks, in order, each once.

    Marks at the end of an item go, unless it is `whole`.
    """
    matches = [_REASON.match(line) for line in text.split("\n")]
    items = [match.group(1) for match in matches if match]
    if len(items) < 2:
        items = _in_json(text) or _in_line(text) or items
    tidied = (item.strip('*_ "').rstrip("" if whole else " .;。；,") for item in items)
    return list(dict.fromkeys(item for item in tidied if item))


def _in_json(text: str) -> list[str]:
    """The texts in a list of JSON, which may stand in a fence or under a key."""
    begin, end = text.find("["), text.rfind("]")
    try:
        items = json.loads(text[begin : end + 1]) if 0 <= begin < end else []
    except (ValueError, RecursionError):
        return []
    values = [next(iter(item.values()), "") if isinstance(item, dict) else item for item in items]
    return [value for value in values if isinstance(value, str)]


def _in_line(text: str) -> list[str]:
    """The items of a list that counts from 1 within a line."""
    parts = _NUMBERED.split(text)[1:]  # number, item, number, item, ...
    numbers, items = parts[::2], parts[1::2]
    return items if [int(n) for n in numbers] == list(range(1, len(items) + 1)) else []
