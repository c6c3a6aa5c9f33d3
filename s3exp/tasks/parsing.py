"""From what the LLM wrote to the fields of a row, or to the reason why there is none. The same for every kind of task.

Knows completions; does not know labels, answers or scores.
"""

from __future__ import annotations

import re

from s3exp.settings.task import TaskConfig
from s3exp.tasks.task import Written
from s3exp.types import Completion, Prompt

_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*(?=\s|$)")


def parse_row(
    task: TaskConfig, truncated: str, prompt: Prompt, completion: Completion
) -> list[Written] | str:
    """The row of a completion that is one written field, with the prompt's context and target, or a reason.

    `truncated` says what becomes of a completion that was cut off: reject, trim or keep.
    """
    text = " ".join(completion.text.split())
    if completion.finish_reason == "too_long":
        return "prompt_too_long"
    if not text:
        return "empty"
    if completion.finish_reason == "length" and truncated != "keep":
        ends = list(_SENTENCE_END.finditer(text))
        if truncated == "reject" or not ends:
            return "truncated"
        text = text[: ends[-1].end()]
    if len(text.split()) < task.min_words:
        return "too_short"
    fields = {**prompt.context, task.written[0]: text}
    return [Written({name: fields[name] for name in task.fields}, prompt.target)]
