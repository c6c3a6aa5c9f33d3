"""From a completion to rows, or to rejections with a reason; and the curators, who judge rows before they count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from s3exp.tasks.fingerprints import content
from s3exp.tasks.parsing import CUT_OFF, thought_alone
from s3exp.tasks.task import Task
from s3exp.types import Change, Completion, Example, Prompt, Rejected, prompt_hash


class Repaired(Protocol):
    """A completion, and the names of the rules that changed it.

    `ended`: the row in it is whole, however the completion ended. `problem`: there is no row in it, and why.
    """

    @property
    def text(self) -> str: ...

    @property
    def rules(self) -> tuple[str, ...]: ...

    @property
    def ended(self) -> bool: ...

    @property
    def problem(self) -> str | None: ...


class Screen(Protocol):
    """Repairs a completion, and names the problem with a row of it; see curation/screen.py."""

    def repair(self, prompt: Prompt, completion: Completion, rows: int = 1) -> Repaired: ...

    def problem(self, fields: Mapping[str, str]) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """A curator's verdict: the row, with the reason of any change; or None, with the reason of rejection."""

    row: Example | None
    why: str = ""


# A curator judges the rows of a wave, in order: one verdict each.
Judge = Callable[[Sequence[Example]], Sequence[Verdict]]


@dataclass(frozen=True)
class Curation:
    """The screen, and the curators by name, in the order in which they judge."""

    screen: Screen
    curators: Mapping[str, Judge] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may become an example. Rows with the same words have the same `content`; `problem` is the screen's."""

    row: Example
    content: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """An answered prompt: the rows read from its completion, or the problem with all of it, and the screen's repair."""

    prompt: Prompt
    completion: Completion
    rows: tuple[Candidate, ...]
    problem: str | None = None
    repair: Change | None = None


def read_completion(
    task: Task, screen: Screen, number: int, prompt: Prompt, completion: Completion
) -> Reading:
    """Repair, parse and screen a completion of round `number`; each row of it has the tokens of the whole.

    It is repaired first and judged cut off afterwards: the repair may take off what was cut off.
    """
    if thought_alone(completion):
        return Reading(prompt, completion, (), "only_reasoning")
    repaired = screen.repair(prompt, completion, task.rows_per_answer)
    repair = None
    if repaired.rules:
        repair = Change("", "repair", "completion", completion.text, repaired.text, ", ".join(repaired.rules))
    if repaired.problem is not None:
        return Reading(prompt, completion, (), repaired.problem, repair)
    whole = repaired.ended and completion.finish_reason == CUT_OFF
    ending = "stop" if whole else completion.finish_reason
    parsed = task.parse(prompt, replace(completion, text=repaired.text, finish_reason=ending))
    if isinstance(parsed, str):
        return Reading(prompt, completion, (), parsed, repair)
    rows = (
        Example(
            "",  # named where it is accepted
            row.fields,
            row.target,
            number,
            prompt.parent,
            prompt_hash(prompt),
            seed=prompt.seed,
            tokens=completion.tokens,
        )
        for row in parsed
    )
    return Reading(prompt, completion, tuple(candidate(screen, row) for row in rows), None, repair)


def candidate(screen: Screen, row: Example) -> Candidate:
    """The row with its content and the screen's problem with it."""
    return Candidate(row, content(row.fields.values()), screen.problem(row.fields))


def rejection(reason: str, prompt: Prompt, completion: Completion, row: Example | None = None) -> Rejected:
    """The record of a completion that gave no row, or of one `row` of it."""
    text = completion.text or completion.said if row is None else "\n".join(row.fields.values())
    return Rejected(reason, text, prompt_hash(prompt), prompt.target, prompt.parent)


def curate(
    rows: Sequence[Example], curators: Mapping[str, Judge]
) -> tuple[list[Example | str], list[Change]]:
    """Each row as the curators leave it, or the reason of its rejection, in order; and every change that they made.

    A curator sees the rows that those before it let through.
    """
    judged: list[Example | str] = list(rows)
    changes: list[Change] = []
    for step, judge in curators.items():
        passed = {place: row for place, row in enumerate(judged) if isinstance(row, Example)}
        verdicts = judge(list(passed.values()))
        for (place, before), verdict in zip(passed.items(), verdicts, strict=True):
            judged[place] = verdict.why if verdict.row is None else verdict.row
            if verdict.row is not None:
                changes += _differences(step, before, verdict.row, verdict.why)
    return judged, changes


def _differences(step: str, before: Example, after: Example, why: str) -> list[Change]:
    changes = [
        Change(before.id, step, name, before.fields[name], text, why)
        for name, text in after.fields.items()
        if text != before.fields[name]
    ]
    if after.target != before.target:
        changes.append(Change(before.id, step, "target", before.target, after.target, why))
    return changes
