"""Prompt templates with named fields in braces. No code in strings: a field is replaced by its value, nothing else.

Knows which fields each kind of template may name; does not know where the values come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from s3exp.settings.task import PROMPT_FIELD, PromptSet, TaskConfig

_REASON = re.compile(r"^\s*(?:\(?\d+\s*[.):]|[-*•])\s*(.+?)\s*$")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace every `{name}` by its value; braces inside the values are left alone."""
    return PROMPT_FIELD.sub(lambda found: values[found.group(1)], template)


def label_words(task: TaskConfig) -> list[str]:
    """What {label} says, by class index."""
    prompts: PromptSet = task.prompt_sets[task.prompts]
    return prompts.labels or task.labels


def parse_list(text: str) -> list[str]:
    """The items of a numbered or bulleted list, without their marks, in order, each once."""
    found = (_REASON.match(line) for line in text.split("\n"))
    items = [match.group(1).rstrip(" .;") for match in found if match]
    return list(dict.fromkeys(item for item in items if item))
