"""Prompt templates with named fields in braces. No code in strings: a field is replaced by its value, nothing else.

Knows which fields each kind of template may name; does not know where the values come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from s3exp.settings.run import PromptSet, TaskConfig
from s3exp.types import UserError

_FIELD = re.compile(r"\{(\w+)\}")
_REASON = re.compile(r"^\s*(?:\(?\d+\s*[.):]|[-*•])\s*(.+?)\s*$")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace every `{name}` by its value; braces inside the values are left alone."""
    return _FIELD.sub(lambda found: values[found.group(1)], template)


def check_prompts(task: TaskConfig) -> None:
    """Refuse a prompt set whose templates name fields that do not exist.

    Raises:
        UserError: names the template, the field, and the fields there are.
    """
    prompts = task.prompt_sets[task.prompts]
    context = [name for name in task.fields if name != task.generate]
    target = "label" if task.passage is None else "answer"
    allowed = {
        "seed": [target, *context],
        "extrapolate": [target, *task.fields],
        "rationale": ["label", "count"],
        "seed_with_rationales": ["label", "rationales", *context],
    }
    for name, fields in allowed.items():
        template = getattr(prompts, name)
        if template is None:
            continue
        where = f"task.prompt_sets.{task.prompts}.{name}"
        for field in _FIELD.findall(template):
            if field not in fields:
                raise UserError(
                    f"{where} names {{{field}}}; its fields are {', '.join(f'{{{f}}}' for f in fields)}"
                )
    if prompts.rationale and not prompts.seed_with_rationales:
        raise UserError(f"task.prompt_sets.{task.prompts}: rationale needs seed_with_rationales")


def label_words(task: TaskConfig) -> list[str]:
    """What {label} says, by class index."""
    prompts: PromptSet = task.prompt_sets[task.prompts]
    return prompts.labels or task.labels


def parse_list(text: str) -> list[str]:
    """The items of a numbered or bulleted list, without their marks, in order, each once."""
    found = (_REASON.match(line) for line in text.split("\n"))
    items = [match.group(1).rstrip(" .;") for match in found if match]
    return list(dict.fromkeys(item for item in items if item))
