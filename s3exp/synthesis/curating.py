"""The screen and the curators: who looks at the rows of an answer before they count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from s3exp.types import Change, Completion, Example, Prompt


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
