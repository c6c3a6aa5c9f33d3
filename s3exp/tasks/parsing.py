"""From a completion to a row, or to the reason of its rejection, for every kind of task."""

from __future__ import annotations

import re

from s3exp.settings.task import TaskConfig
from s3exp.tasks.task import Written
from s3exp.types import NO_ANSWER, Completion, Prompt

_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*(?=\s|$)")


def parse_row(
    task: TaskConfig, truncated: str, prompt: Prompt, completion: Completion
) -> list[Written] | str:
    """The row of a completion, with the prompt's context and target, or the reason of its rejection.

    `truncated` (reject, trim or keep) applies to a completion that was cut off.
    """
    if completion.finish_reason in NO_ANSWER:
        return NO_ANSWER[completion.finish_reason]
    text = " ".join(completion.text.split())
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
