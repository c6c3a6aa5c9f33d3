"""From a completion to rows, or to rejections with a reason; and the curators, who judge rows before they count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from s3exp.tasks.fingerprints import content
from s3exp.tasks.parsing import CUT_OFF, thought_alone
from s3exp.tasks.structured import Part, parts_of
from s3exp.tasks.task import Task, Written
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


@runtime_checkable
class ScreensTargets(Protocol):
    """A screen that knows targets which are texts of the LLM."""

    def problem_of_target(self, row: Example) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """A curator's verdict: the row, with the reason of any change; or None, with the reason of rejection.

    `counts` are the numbers of the round (`curation/<name>`) that it adds one to.
    """

    row: Example | None
    why: str = ""
    counts: tuple[str, ...] = ()


# A curator judges the rows of a wave, in order: one verdict each.
Judge = Callable[[Sequence[Example]], Sequence[Verdict]]
# The LLM's completions of a curator's questions, in order; None where no tokens are left for one.
Ask = Callable[[Sequence[Prompt]], Sequence[Completion | None]]


@runtime_checkable
class Asking(Protocol):
    """A curator that asks the LLM. Its questions are in the store, the record and the token budget of the round."""

    def begin(self, number: int, ask: Ask) -> Mapping[str, float]:
        """Ask what it must know before the first prompt of round `number`; returns numbers for the record."""
        ...

    def first_questions(self) -> list[Prompt]:
        """The questions that it asks before round 0."""
        ...

    def questions(self, rows: Sequence[Example]) -> list[Prompt]:
        """Its questions about some rows."""
        ...

    def most_tokens(self, prompt: Prompt) -> int:
        """The most tokens that its questions about all rows of one answer to `prompt` can take."""
        ...

    def judge(self, rows: Sequence[Example], ask: Ask) -> Sequence[Verdict]:
        """One verdict for each row of a wave, in order."""
        ...


@runtime_checkable
class Parted(Protocol):
    """A task that finds the rows of an answer itself: nothing is taken off around them."""

    def parts(self, prompt: Prompt, completion: Completion) -> list[Part]:
        """The rows of an answer, or one part that says why there is none."""
        ...


def nothing_copied(text: str) -> bool:
    """The answer where no text is compared with gold."""
    return False


@runtime_checkable
class Counting(Protocol):
    """A curator with numbers of its own."""

    def end_round(self) -> Mapping[str, float]:
        """Forget the round, and return its numbers by name: `curation/...` on record; empty: it judged no row."""


@dataclass(frozen=True)
class Curation:
    """The screen, and the curators by name, in the order in which they judge.

    `copied` says whether a text that seeds would be about copies one of a gold row. `keep` is the share of rows that
    the curators are expected to pass: so many more are asked for.
    """

    screen: Screen
    curators: Mapping[str, Judge | Asking] = field(default_factory=dict)
    copied: Callable[[str], bool] = nothing_copied
    keep: float = 1.0

    @property
    def asking(self) -> list[Asking]:
        """The curators that ask the LLM, in order."""
        return [judge for judge in self.curators.values() if isinstance(judge, Asking)]

    def end_round(self) -> dict[str, float]:
        """Have the curators that keep count themselves forget the round; returns their numbers of it."""
        judges: list[object] = list(self.curators.values())
        counting = [judge for judge in judges if isinstance(judge, Counting)]
        return {name: value for judge in counting for name, value in judge.end_round().items()}


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


def curate(
    rows: Sequence[Example], curators: Mapping[str, Judge | Asking], ask: Ask, numbers: dict[str, float]
) -> tuple[list[Example | str], list[Change]]:
    """Each row as the curators leave it, or the reason of its rejection, in order; and every change that they made.

    A curator sees the rows that those before it let through. The counts of the verdicts are added to `numbers`.
    """
    judged: list[Example | str] = list(rows)
    changes: list[Change] = []
    for step, judge in curators.items():
        passed = {place: row for place, row in enumerate(judged) if isinstance(row, Example)}
        left = list(passed.values())
        verdicts = judge.judge(left, ask) if isinstance(judge, Asking) else judge(left)
        for (place, before), verdict in zip(passed.items(), verdicts, strict=True):
            for name in verdict.counts:
                numbers[name] = numbers.get(name, 0) + 1
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
