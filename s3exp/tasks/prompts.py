"""Prompt templates with named fields in braces. No code in strings: values replace fields, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from s3exp.settings.task import PROMPT_FIELD, PromptSet, TaskConfig

_REASON = re.compile(r"^\s*(?:\(?\d+\s*[.):]|[-*•])\s*(.+?)\s*$")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace every `{name}` by its value; braces inside the values are left alone."""
    return PROMPT_FIELD.sub(lambda field: values[field.group(1)], template)


def label_words(task: TaskConfig) -> list[str]:
    """The words for {label}, by class index."""
    prompts: PromptSet = task.prompt_sets[task.prompts]
    return prompts.labels or task.labels


def parse_list(text: str) -> list[str]:
    """The items of a numbered or bulleted list, without their marks, in order, each once."""
    matches = (_REASON.match(line) for line in text.split("\n"))
    items = [match.group(1).rstrip(" .;") for match in matches if match]
    return list(dict.fromkeys(item for item in items if item))
