"""What becomes of a completion: rows, or rejections with a reason. Curators judge a wave of them before they count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from s3exp.tasks.fingerprints import content
from s3exp.tasks.task import Task
from s3exp.types import Change, Completion, Example, Prompt, Rejected, Target, prompt_hash


class Repaired(Protocol):
    """A completion, and the names of the rules that changed it."""

    @property
    def text(self) -> str: ...

    @property
    def rules(self) -> tuple[str, ...]: ...


class Screen(Protocol):
    """What is asked of every completion at once, before it becomes a row; see curation/screen.py."""

    def repair(self, text: str) -> Repaired: ...

    def problem(self, fields: Mapping[str, str]) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a curator says of a row: the row, changed or as it was, with the reason of a change; or None and the reason
    of the rejection."""

    row: Example | None
    why: str = ""


# A curator judges the rows of a wave, in order: one verdict each.
Judge = Callable[[Sequence[Example]], Sequence[Verdict]]


@dataclass(frozen=True)
class Curation:
    """What is done to rows between their completion and the training: the screen, then curators by name, in order."""

    screen: Screen
    curators: Mapping[str, Judge] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row as it was read: what makes it the same row as another, and the screen's problem with it."""

    fields: dict[str, str]
    target: Target
    content: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A completion as it was read: its rows, or the problem with all of it, and how the screen repaired it."""

    rows: tuple[Candidate, ...]
    problem: str | None = None
    repair: Change | None = None


def read_completion(task: Task, screen: Screen, prompt: Prompt, completion: Completion) -> Parsed:
    """Repair, parse and screen one completion."""
    repaired = screen.repair(completion.text)
    repair = None
    if repaired.rules:
        repair = Change("", "repair", "completion", completion.text, repaired.text, ", ".join(repaired.rules))
    rows = task.parse(prompt, replace(completion, text=repaired.text))
    if isinstance(rows, str):
        return Parsed((), rows, repair)
    candidates = (
        Candidate(row.fields, row.target, content(row.fields.values()), screen.problem(row.fields))
        for row in rows
    )
    return Parsed(tuple(candidates), None, repair)


def example_of(name: str, round_: int, prompt: Prompt, completion: Completion, row: Candidate) -> Example:
    """The example that a candidate becomes; the tokens of a completion with several rows are those of each."""
    return Example(
        name,
        row.fields,
        row.target,
        round_,
        prompt.parent,
        prompt_hash(prompt),
        seed=prompt.seed,
        tokens=completion.prompt_tokens + completion.completion_tokens,
    )


def rejection(reason: str, prompt: Prompt, completion: Completion, row: Example | None = None) -> Rejected:
    """What is kept of a completion that gave no row, or of one `row` of it."""
    text = completion.text if row is None else "\n".join(row.fields.values())
    return Rejected(reason, text, prompt_hash(prompt), prompt.target, prompt.parent)


def curate(
    rows: Sequence[Example], curators: Mapping[str, Judge]
) -> tuple[list[Example | str], list[Change]]:
    """Each row as the curators leave it, or the reason of its rejection, in order; and every change that they made.

    A curator sees what those before it let through.
    """
    judged: list[Example | str] = list(rows)
    changes: list[Change] = []
    for step, judge in curators.items():
        places = [place for place, row in enumerate(judged) if isinstance(row, Example)]
        passed = [row for row in judged if isinstance(row, Example)]
        for place, before, verdict in zip(places, passed, judge(passed), strict=True):
            judged[place] = verdict.why if verdict.row is None else verdict.row
            if verdict.row is not None:
                changes += differences(step, before, verdict.row, verdict.why)
    return judged, changes


def differences(step: str, before: Example, after: Example, why: str) -> list[Change]:
    """One change for each field of a row, and for its target, that a step left different."""
    changes = [
        Change(before.id, step, name, before.fields[name], text, why)
        for name, text in after.fields.items()
        if text != before.fields[name]
    ]
    if after.target != before.target:
        changes.append(Change(before.id, step, "target", before.target, after.target, why))
    return changes
