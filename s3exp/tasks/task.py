"""The protocol of every kind of task: prompts, parsing, errors and scores. kinds.py lists the kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from s3exp.settings.task import TaskConfig
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.roles import Gold
from s3exp.types import Completion, Example, Prediction, Prompt, Target


@dataclass(frozen=True, slots=True)
class Score:
    """Metrics of one set of predictions: `metrics` by name, and the primary one by the gold rows' `groups`."""

    metrics: dict[str, float]
    groups: dict[str, float]


@dataclass(frozen=True, slots=True)
class Written:
    """A row of a completion: its input fields, in the order of `task.fields`, and its target."""

    fields: dict[str, str]
    target: Target


class Rationales(Protocol):
    """Lists of reasons for seeds, one for each of `targets`."""

    @property
    def targets(self) -> Sequence[Target]:
        """The targets of the lists, in order."""

    def prompt(self, target: Target, seed: int) -> Prompt:
        """Ask for the list of one target."""

    def parse(self, completion: Completion) -> list[str]:
        """The reasons of a completion."""


class Task(Protocol):
    """A task: its gold rows, and the way between rows, prompts and completions."""

    @property
    def config(self) -> TaskConfig: ...

    @property
    def gold(self) -> Gold: ...

    @property
    def metric(self) -> str:
        """Name of the primary metric: a share of right rows."""

    @property
    def rows_per_answer(self) -> int:
        """The number of rows that a prompt asks for."""

    @property
    def rationales(self) -> Rationales | None:
        """The lists of reasons of the prompt set; None if it has none."""

    def with_config(self, config: TaskConfig) -> Task:
        """The same task and gold rows under other options."""

    def values(self, row: Example) -> dict[str, str]:
        """The texts of a row, cut to the LLM's limit, and its target in words, for a template."""

    def drawn_target(self, seed: int, round_: int, row: int) -> Target:
        """The target of row `row` of a round without an exemplar; None: the prompt draws it."""

    @property
    def lists(self) -> SeedLists:
        """The lists that the LLM writes for seeds, if the prompt set has templates for them."""

    def seed_prompt(
        self,
        target: Target,
        seed: int,
        context: Mapping[str, str],
        reasons: Sequence[str] = (),
        more: Mapping[str, str] = ...,
    ) -> Prompt:
        """Ask for a row, given at most a context, rationales and `more` fields: an instance, attributes."""

    def template_prompt(self, target: Target, seed: int, context: Mapping[str, str]) -> Prompt:
        """A row that is a filled template, as a prompt that is its own answer."""

    def prompt_of(self, row: Example, seed: int) -> Prompt:
        """The prompt of a seed to which the gold row is an answer."""

    def answer(self, prompt: Prompt, row: Example) -> str:
        """A row as the text that answers the prompt, as `parse` reads it; where JSON is asked for, as its one text."""

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        """Ask for a row with `target` like the gold row `shown`."""

    def parse(self, prompt: Prompt, completion: Completion) -> Sequence[Written] | str:
        """The rows of a completion, or the reason of its rejection."""

    def says(self, target: Target) -> str:
        """A target in words for tables: a label's name, an answer."""

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose prediction is an error, in order."""

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """The primary metric with its 95% interval (`_low`, `_high`), and the kind's other metrics."""


@runtime_checkable
class Tabled(Protocol):
    """A task whose rows have typed columns."""

    def described(self) -> Sequence[tuple[str, str]]:
        """Its columns: their names, and what may stand there, in words."""


@runtime_checkable
class Answering(Protocol):
    """A task of free answers, which the LLM can answer, too."""

    def key(self, target: Target) -> str | None:
        """What any two right answers have in common; None: nothing is answered."""

    def keys(self, row: Example) -> set[str]:
        """Those of a row's right answers."""

    def read(self, completion: Completion) -> str | None:
        """The LLM's answer to a row; None: it gave none."""


@runtime_checkable
class Mistaking(Protocol):
    """A task whose prompts show what the small model said in place of the right answer."""

    def mistaken(self, shown: Sequence[Example], guesses: Sequence[Prediction]) -> list[Example]:
        """The rows shown, with what was said in place of the right answer as target; None where nothing was."""

    def stand_ins(self, shown: Sequence[Example]) -> list[Example]:
        """The same before anything was said, for a plan."""


def wordings(task: Task) -> list[Task]:
    """The task with each of its prompt sets alone, in the order of `task.prompts`."""
    parts = task.config.wordings
    return [task] if len(parts) == 1 else [task.with_config(one) for one in parts]


def share(name: str, right: Sequence[bool]) -> dict[str, float]:
    """The share of right rows as `name`, with its 95% Wilson interval."""
    from scipy.stats import binomtest

    interval = binomtest(sum(right), len(right)).proportion_ci(method="wilson")
    return {
        name: sum(right) / len(right),
        f"{name}_low": float(interval.low),
        f"{name}_high": float(interval.high),
    }


def by_group(examples: Sequence[Example], right: Sequence[bool]) -> dict[str, float]:
    """The share of right rows of every group of gold rows."""
    groups: dict[str, list[bool]] = {}
    for example, ok in zip(examples, right, strict=True):
        if example.group is not None:
            groups.setdefault(example.group, []).append(ok)
    return {name: sum(oks) / len(oks) for name, oks in sorted(groups.items())}
