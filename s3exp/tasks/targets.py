"""What may be the target of a row, kind by kind: for rows that code of a user has changed."""

from __future__ import annotations

import math

from s3exp.settings.task import TaskConfig
from s3exp.tasks.answered import key_of
from s3exp.types import Answer, Example


def problem_of_class(task: TaskConfig, row: Example) -> str | None:
    """Why the target of a row is no class of the task, or no number where it has none; None: it is."""
    target, labels = row.target, len(task.labels)
    if not labels:
        number = isinstance(target, (int, float)) and math.isfinite(target)
        return None if number else f"returns a row with the target {target!r}, which is no number"
    if isinstance(target, int) and 0 <= target < labels:
        return None
    return f"returns a row of class {target}, and task.labels has {labels}, counted from 0"


def problem_of_spans(task: TaskConfig, row: Example) -> str | None:
    """Why the targets of a row are no spans of its passage; None: they are."""
    place = task.passage or ""
    spans = row.target if isinstance(row.target, tuple) else ()
    if not spans or not all(isinstance(one, Answer) and one.text for one in spans):
        return (
            f"returns a row with the target {row.target!r}, which is no tuple of answers (s3exp.types.Answer)"
        )
    astray = next((one for one in spans if not _stands(one, row.fields[place])), None)
    if astray is None:
        return None
    return f"returns a row whose answer {astray.text!r} does not stand at {astray.start} in {place}"


def _stands(one: Answer, passage: str) -> bool:
    return one.start >= 0 and passage.startswith(one.text, one.start)


def problem_of_free(task: TaskConfig, row: Example) -> str | None:
    """Why the target of a row is no free answer; None: it is."""
    options = task.answer
    if isinstance(row.target, str) and key_of(row.target, options.score, options.lines) is not None:
        return None
    return (
        f"returns a row with the answer {row.target!r}, in which task.answer.score={options.score} reads none"
    )


def problem_of_negative(task: TaskConfig, row: Example) -> str | None:
    """Why the target of a row is no hard negative; None: it is, or there is none."""
    if row.target is None or (isinstance(row.target, str) and row.target.strip()):
        return None
    return f"returns a row with the hard negative {row.target!r}, which is no text"
