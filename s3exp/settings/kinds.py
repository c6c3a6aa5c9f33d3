"""Checks of each kind of task on its options: one line for every kind of tasks/kinds.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s3exp.settings.labels import check_labels, check_names
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError


@dataclass(frozen=True)
class Rules:
    """`check` refuses options without a meaning for the kind; a target fills the prompt field `target`.

    `foreign` are options of the task that only other kinds read.
    """

    check: Callable[[Config], None]
    target: str
    foreign: tuple[str, ...] = ()


def check_kind(config: Config) -> None:
    """Refuse options that the task's kind does not read, or that make no sense for it.

    Raises:
        UserError: names the option and what to do.
    """
    task, rules = config.task, rules_of(config.task)
    for name in rules.foreign:
        if getattr(task, name) != getattr(TaskConfig, name):
            raise UserError(
                f"task.{name} is an option of another kind of task; this one has task.kind={task.kind}: leave it out"
            )
    rules.check(config)


def rules_of(task: TaskConfig) -> Rules:
    """The rules of a task's kind.

    Raises:
        UserError: there is no such kind.
    """
    if task.kind not in RULES:
        raise UserError(f"task.kind={task.kind}: choose one of {', '.join(RULES)}")
    return RULES[task.kind]


def _check_classification(config: Config) -> None:
    task = config.task
    _check_one_written(task)
    check_labels(task.labels, task.label_values)
    for name, prompts in task.prompt_sets.items():
        check_names(f"task.prompt_sets.{name}.labels", prompts.labels or ())
    words = task.prompt_sets[task.prompts].labels
    if words is not None and len(words) != len(task.labels):
        raise UserError(
            f"task.prompt_sets.{task.prompts}.labels has {len(words)} words for {len(task.labels)} labels"
        )
    said = [" ".join(word.casefold().split()) for word in words or task.labels]
    if len(set(said)) < len(said) or "" in said:
        key = "task.labels" if words is None else f"task.prompt_sets.{task.prompts}.labels"
        raise UserError(f"{key}={words or task.labels}: every label needs a word of its own in the prompts")


def _check_extraction(config: Config) -> None:
    task = config.task
    fields, prompts = task.fields, task.prompt_sets[task.prompts]
    _check_one_written(task)
    if len(fields) != 2 or len(set(fields)) != 2 or "answer" in fields:
        raise UserError(
            f"task.fields={fields}: extraction needs a text and a question about it, neither named answer"
        )
    if isinstance(config.small_model, BagConfig):
        raise UserError("small_model.kind=bag finds no spans: choose small_model=minilm or another encoder")
    if config.curation.noise != "none":
        raise UserError(
            f"curation.noise={config.curation.noise}: an extraction task has no labels that could be wrong"
        )
    if config.strategy.labels == "random":
        raise UserError("strategy.labels=random: an extraction task has no labels to draw")
    if config.strategy.shown == "helpful":
        raise UserError("strategy.shown=helpful goes by labels, and task.kind=extraction has none")
    pick = config.strategy.pick
    if pick.by != "none" or pick.spread == "badge" or pick.skip > 0:
        raise UserError(
            f"strategy.pick.by={pick.by}, spread={pick.spread}, skip={pick.skip:g}: task.kind=extraction has no "
            "classes whose probabilities they go by: strategy.pick.spread=kmeans alone goes by the texts"
        )
    if task.labels:
        raise UserError(f"task.labels={task.labels}: an extraction task has none")
    if prompts.rationale or prompts.seed_with_rationales or prompts.labels:
        raise UserError(f"task.prompt_sets.{task.prompts}: an extraction task has seed and extrapolate alone")


def _check_one_written(task: TaskConfig) -> None:
    if not isinstance(task.generate, str):
        raise UserError(f"task.generate={task.generate}: in a {task.kind} task the LLM writes one column")


RULES = {
    "classification": Rules(_check_classification, "label", foreign=("answers",)),
    "extraction": Rules(
        _check_extraction, "answer", foreign=("label", "label_values", "rationales", "rationales_per_seed")
    ),
}
