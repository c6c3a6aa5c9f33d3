"""What every kind of task offers to the loop: prompts, parsing, errors and scores behind the same methods.

Classification and Extraction are the two. Nobody outside this folder asks which one it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from s3exp.settings.task import TaskConfig
from s3exp.tasks.gold import Gold
from s3exp.types import Completion, Example, Prediction, Prompt


@dataclass(frozen=True, slots=True)
class Score:
    """Metrics of one set of predictions: `metrics` by name, the primary one by `groups` where gold rows carry one."""

    metrics: dict[str, float]
    groups: dict[str, float]


class Task(Protocol):
    """A task: its gold rows, and the way between rows, prompts and completions."""

    @property
    def config(self) -> TaskConfig: ...

    @property
    def gold(self) -> Gold: ...

    @property
    def metric(self) -> str:
        """Name of the primary metric: a share of right rows."""
        ...

    @property
    def labels(self) -> int:
        """How many labels a prompt can ask for; 1 where rows have none."""
        ...

    @property
    def has_rationales(self) -> bool:
        """Whether the prompt set asks for rationales."""
        ...

    def rationale_prompt(self, label: int, seed: int) -> Prompt:
        """Ask for the list of rationales of one label."""
        ...

    def parse_rationales(self, completion: Completion) -> list[str]:
        """The reasons that a completion lists."""
        ...

    def seed_prompt(
        self, label: int, seed: int, context: Mapping[str, str], reasons: Sequence[str] = ()
    ) -> Prompt:
        """Ask for a row from nothing but, if any, a context and rationales."""
        ...

    def extrapolate_prompt(self, shown: Example, label: int, seed: int) -> Prompt:
        """Ask for a row like the gold row `shown`."""
        ...

    def parse(self, prompt: Prompt, completion: Completion) -> dict[str, str] | str:
        """The input fields that a completion makes, or the reason why it makes none."""
        ...

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose prediction is an error, in order."""
        ...

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """The primary metric with its 95% interval (`_low`, `_high`), and whatever else the kind counts."""
        ...


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
    """The share of right rows of every group, where gold rows carry one."""
    groups: dict[str, list[bool]] = {}
    for example, ok in zip(examples, right, strict=True):
        if example.group is not None:
            groups.setdefault(example.group, []).append(ok)
    return {name: sum(oks) / len(oks) for name, oks in sorted(groups.items())}
