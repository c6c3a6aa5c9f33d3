"""The kinds of task, and what each brings: its file, and how a gold row's target is read.

A new kind is one file like classification.py and one line here (and, for what its options must be, one in
settings/kinds.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks import classification, extraction
from s3exp.tasks.roles import Gold
from s3exp.tasks.task import Task
from s3exp.types import Example, Target, UserError

Tidy = Callable[[str], str]


@dataclass(frozen=True)
class Kind:
    """What a kind of task brings.

    `build` makes the task; `column` names the column of a gold file that holds the target; `read` makes a target of a
    row of it, whose texts are tidied by the function it gets, or raises UserError with the place it gets; `unit` is
    what must not stand in two roles.
    """

    build: Callable[[TaskConfig, LLMConfig, Gold, Tidy], Task]
    column: Callable[[TaskConfig], str]
    read: Callable[[TaskConfig, Mapping[str, Any], Tidy, str], Target]
    unit: Callable[[TaskConfig, Example], str]


KINDS = {
    "classification": Kind(
        classification.Classification, classification.column, classification.read_target, classification.unit
    ),
    "extraction": Kind(extraction.extraction, extraction.column, extraction.read_target, extraction.unit),
}


def kind_of(task: TaskConfig) -> Kind:
    """The kind of a task.

    Raises:
        UserError: there is no such kind.
    """
    if task.kind not in KINDS:
        raise UserError(f"task.kind={task.kind}: choose one of {', '.join(KINDS)}")
    return KINDS[task.kind]
