"""From a completion to a row, or to the reason of its rejection, for every kind of task."""

from __future__ import annotations

import re

from s3exp.language.words import count
from s3exp.settings.task import TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.task import Written
from s3exp.types import NO_ANSWER, Completion, Prompt

CUT_OFF = "length"  # the reason for which a completion ends at the limit on its tokens
PREAMBLE, EPILOGUE, SEVERAL = (
    "preamble",
    "epilogue",
    "several",
)  # words that a kind leaves out around the rows it finds
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s|$)|[。！？｡．؟۔।॥።၊။។][\"'”’」』）)\]]*")
_UNSEEN = 16  # tokens of an answer without a text, which no model spends on nothing


def parse_row(
    task: TaskConfig, truncated: str, prompt: Prompt, completion: Completion
) -> list[Written] | str:
    """The row of a completion, with the prompt's context and target, or the reason of its rejection.

    `truncated` (reject, trim or keep) applies to a completion that was cut off.
    """
    if completion.finish_reason in NO_ANSWER:
        return NO_ANSWER[completion.finish_reason]
    text = " ".join(plain(completion.text).split())
    if thought_alone(completion):
        return "only_reasoning"
    if not text:
        return "empty"
    if completion.finish_reason == CUT_OFF and truncated != "keep":
        ends = list(_SENTENCE_END.finditer(text))
        if truncated == "reject" or not ends:
            return "truncated"
        text = text[: ends[-1].end()]
    if too_short(text, task):
        return "too_short"
    fields = {**prompt.context, task.written[0]: text}
    return [Written({name: fields[name] for name in task.fields}, prompt.target)]


def too_short(text: str, task: TaskConfig) -> bool:
    """Whether a text has fewer words than `task.min_words`, or none."""
    words = count(text)
    return not words or max(len(text.split()), words) < task.min_words  # marks alone are no word


def says_more(text: str) -> bool:
    """Whether there is a word in what is left out."""
    return any(mark.isalnum() for mark in text)


def thought_alone(completion: Completion) -> bool:
    """Whether a model spent tokens and wrote no text: a server keeps its reasoning in a field of its own."""
    spent = completion.finish_reason == CUT_OFF or (completion.completion_tokens or 0) >= _UNSEEN
    return not completion.text.strip() and spent and completion.finish_reason not in NO_ANSWER
