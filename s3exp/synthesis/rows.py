"""From a completion to rows, or to rejections with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from s3exp.synthesis.curating import Screen, ScreensTargets
from s3exp.tasks.fingerprints import content
from s3exp.tasks.parsing import CUT_OFF, thought_alone
from s3exp.tasks.structured import Part, parts_of
from s3exp.tasks.task import Task, Written
from s3exp.types import Change, Completion, Example, Prompt, Rejected, prompt_hash


@runtime_checkable
class Parted(Protocol):
    """A task that finds the rows of an answer itself: nothing is taken off around them."""

    def parts(self, prompt: Prompt, completion: Completion) -> list[Part]:
        """The rows of an answer, or one part that says why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may become an example. Rows with the same words have the same `content`; `problem` is the screen's.

    `repair` is the change of its text in the completion.
    """

    row: Example
    content: str
    problem: str | None
    repair: Change | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """A place in a completion where a row should stand and none does: the text there, and the reason."""

    place: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """An answered prompt: the rows read from its completion, or the problem with all of it.

    `lost` are the others of several rows. `reasoned`: the LLM's reasoning was cut off.
    """

    prompt: Prompt
    completion: Completion
    rows: tuple[Candidate, ...]
    problem: str | None = None
    lost: tuple[Lost, ...] = ()
    reasoned: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """A text of a completion: the rows in it, or its problem, and the rules and the change of the screen."""

    text: str
    rows: Sequence[Written] = ()
    problem: str | None = None
    rules: tuple[str, ...] = ()
    repair: Change | None = None


def read_completion(
    task: Task, screen: Screen, number: int, prompt: Prompt, completion: Completion, count: int | None = None
) -> Reading:
    """Repair, parse and screen a completion of round `number`, as a whole or, where it is JSON, row by row.

    The rows of a completion share its tokens evenly. It was asked for `count` rows (None: as many as the task says).
    """
    if thought_alone(completion):
        return Reading(prompt, completion, (), "only_reasoning", reasoned=bool(completion.reasoning))
    if isinstance(task, Parted):
        texts = [_parsed(task, prompt, completion, part) for part in task.parts(prompt, completion)]
    elif prompt.schema is None:
        texts = [_read(task, screen, prompt, completion, count)]
    else:
        parts = parts_of(task.config, completion, prompt.target)
        texts = [_read_part(task, screen, prompt, completion, part) for part in parts]
    reasoned = bool(completion.reasoning) or any("reasoning" in text.rules for text in texts)
    if len(texts) == 1 and texts[0].problem is not None:
        return Reading(prompt, completion, (), texts[0].problem, reasoned=reasoned)
    rows, lost = list[Candidate](), list[Lost]()
    places = sum(max(1, len(text.rows)) for text in texts)
    tokens = _shares(completion.tokens, places)
    for text in texts:
        place = len(rows) + len(lost)
        if text.problem is not None:
            lost.append(Lost(place, text.text, text.problem))
        for at, row in enumerate(text.rows, place):
            made = Example(
                "",  # named where it is accepted
                row.fields,
                row.target,
                number,
                prompt.parent,
                prompt_hash(prompt),
                seed=prompt.seed,
                tokens=tokens[at],
                place=at if places > 1 else None,
                set=prompt.set,
            )
            rows.append(candidate(screen, made, text.repair))
    return Reading(prompt, completion, tuple(rows), None, tuple(lost), reasoned)


def _read(
    task: Task, screen: Screen, prompt: Prompt, completion: Completion, rows: int | None = None
) -> _Read:
    """Repair and parse a completion.

    It is repaired first and judged cut off afterwards: the repair may take off what was cut off.
    """
    repaired = screen.repair(prompt, completion, task.rows_per_answer if rows is None else rows)
    change = None
    if repaired.rules:
        change = Change("", "repair", "completion", completion.text, repaired.text, ", ".join(repaired.rules))
    whole = repaired.ended and completion.finish_reason == CUT_OFF
    ending = "stop" if whole else completion.finish_reason
    parsed = repaired.problem or task.parse(
        prompt, replace(completion, text=repaired.text, finish_reason=ending)
    )
    if isinstance(parsed, str):
        return _Read(completion.text, (), parsed, repaired.rules, change)
    return _Read(completion.text, parsed, None, repaired.rules, change)


def _read_part(task: Task, screen: Screen, prompt: Prompt, completion: Completion, part: Part) -> _Read:
    """Repair and parse one row of JSON as a completion of its own."""
    if part.problem is not None:
        return _Read(part.text, (), part.problem, part.rules)
    ending = CUT_OFF if part.cut_off else "stop"
    read = _read(task, screen, prompt, replace(completion, text=part.text, finish_reason=ending), 1)
    rules = (*part.rules, *read.rules)
    if not part.rules or read.problem is not None:
        return replace(read, rules=rules)
    after = read.repair.after if read.repair else part.text
    return replace(
        read, rules=rules, repair=Change("", "repair", "completion", completion.text, after, ", ".join(rules))
    )


def _parsed(task: Task, prompt: Prompt, completion: Completion, part: Part) -> _Read:
    """Parse a row that its task has found."""
    if part.problem is not None:
        return _Read(part.text, (), part.problem, part.rules)
    ending = CUT_OFF if part.cut_off else "stop"
    parsed = task.parse(prompt, replace(completion, text=part.text, finish_reason=ending))
    if isinstance(parsed, str):
        return _Read(part.text, (), parsed, part.rules)
    rules = ", ".join(part.rules)
    change = Change("", "repair", "completion", completion.text, part.text, rules) if rules else None
    return _Read(part.text, parsed, None, part.rules, change)


def _shares(tokens: int | None, count: int) -> list[int | None]:
    """Tokens in `count` parts that differ by at most one."""
    if tokens is None:
        return [None] * count
    each, more = divmod(tokens, count)
    return [each + (place < more) for place in range(count)]


def candidate(screen: Screen, row: Example, repair: Change | None = None) -> Candidate:
    """The row with its content and the screen's problem with it."""
    problem = screen.problem(row.fields)
    if problem is None and isinstance(screen, ScreensTargets):
        problem = screen.problem_of_target(row)
    return Candidate(row, content(row.fields.values()), problem, repair)


def rejections(reading: Reading) -> Iterator[Rejected]:
    """The record of a completion that gave no row, and of the places in one where there is none."""
    if reading.problem is not None:
        yield rejection(reading.problem, reading.prompt, reading.completion)
    for lost in reading.lost:
        whole = rejection(lost.reason, reading.prompt, reading.completion)
        yield replace(whole, raw=lost.text, place=lost.place)


def rejection(reason: str, prompt: Prompt, completion: Completion, row: Example | None = None) -> Rejected:
    """The record of a completion that gave no row, or of one `row` of it."""
    text = completion.text or completion.said if row is None else "\n".join(row.fields.values())
    place = None if row is None else row.place
    return Rejected(reason, text, prompt_hash(prompt), prompt.target, prompt.parent, place)
