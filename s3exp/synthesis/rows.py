"""What becomes of a completion: a row, or a rejection with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from s3exp.tasks.fingerprints import content
from s3exp.tasks.task import Task
from s3exp.types import Completion, Example, Prompt, Rejected, prompt_hash


class Repaired(Protocol):
    """A completion, and the names of the rules that changed it."""

    @property
    def text(self) -> str: ...

    @property
    def rules(self) -> tuple[str, ...]: ...


class Screen(Protocol):
    """What synthesis asks before a completion becomes a row; see curation/screen.py."""

    def repair(self, text: str) -> Repaired: ...

    def problem(self, fields: Mapping[str, str]) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read in a completion: fields, what makes them the same row as another, and what is wrong with them."""

    fields: dict[str, str]
    content: str
    problem: str | None
    repaired: tuple[str, ...]


def read_completion(task: Task, screen: Screen, prompt: Prompt, completion: Completion) -> Parsed:
    repaired = screen.repair(completion.text)
    fields = task.parse(prompt, replace(completion, text=repaired.text))
    if isinstance(fields, str):
        return Parsed({}, "", fields, repaired.rules)
    return Parsed(fields, content(fields.values()), screen.problem(fields), repaired.rules)


def example_of(name: str, round_: int, prompt: Prompt, completion: Completion, found: Parsed) -> Example:
    return Example(
        name,
        found.fields,
        prompt.label,
        round_,
        prompt.parent,
        prompt_hash(prompt),
        answers=prompt.answers,
        seed=prompt.seed,
        tokens=completion.prompt_tokens + completion.completion_tokens,
        repaired=found.repaired,
    )


def rejection(reason: str, prompt: Prompt, completion: Completion) -> Rejected:
    return Rejected(reason, completion.text, prompt_hash(prompt), prompt.label, prompt.parent)
