"""Checks of each kind of task on its options: one line for every kind of tasks/kinds.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s3exp.settings.answer import check_generation
from s3exp.settings.labels import check_labels
from s3exp.settings.retrieval import check_retrieval
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, CausalConfig, PairsConfig, TableModelConfig
from s3exp.settings.table import check_tabular, check_words
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError


@dataclass(frozen=True)
class Rules:
    """`check` refuses options without a meaning for the kind; a target fills the prompt field `target` (empty: none).

    `foreign` are options of the task that only other kinds read. `row` is the prompt field of a row shown,
    `asked_about` that of one whose target is asked for; empty: each of its columns has a field. `lines`: several rows
    of an answer stand in lines. `free`: the LLM writes the target, too, which is asked for by no template, shown by
    those that show a row, and corrected by what the LLM answers to it.
    """

    check: Callable[[Config], None]
    target: str
    foreign: tuple[str, ...] = ()
    row: str = ""
    asked_about: str = ""
    lines: bool = False
    free: bool = False


def check_foreign(task: TaskConfig) -> None:
    """Refuse options that the task's kind does not read.

    Raises:
        UserError: names the option.
    """
    for name in rules_of(task).foreign:
        if getattr(task, name) != getattr(TaskConfig(), name):
            raise UserError(
                f"task.{name} is an option of another kind of task; this one has task.kind={task.kind}: leave it out"
            )


def check_kind(config: Config) -> None:
    """Refuse options that make no sense for the task's kind.

    Raises:
        UserError: names the option and what to do.
    """
    task, rules = config.task, rules_of(config.task)
    if isinstance(config.small_model, PairsConfig) and not task.ranked:
        raise UserError(
            f"small_model=pairs ranks passages, and task.kind={task.kind} has none: choose another small model"
        )
    if isinstance(config.small_model, CausalConfig) and not rules.free:
        raise UserError(
            f"small_model={config.small_model.kind} writes free answers, and task.kind={task.kind} has none: choose "
            "small_model=bag or an encoder"
        )
    program = config.curation.program
    if program != "none" and task.answer.program is None:
        raise UserError(
            f"curation.program={program} checks by the program of task.answer.program, which is not set: name one "
            "(task.kind=generation), or have the LLM check (curation.label)"
        )
    if program == "correct" and task.answer.program == "equations":
        raise UserError(
            "curation.program=correct takes the program's answer, and task.answer.program=equations has none of its "
            "own: set curation.program=reject"
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
    check_words(task)
    _check_texts(config)


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
    _check_texts(config)
    if task.labels:
        raise UserError(f"task.labels={task.labels}: an extraction task has none")
    if prompts.rationale or prompts.seed_with_rationales or prompts.labels:
        raise UserError(f"task.prompt_sets.{task.prompts}: an extraction task has seed and extrapolate alone")


def _check_texts(config: Config) -> None:
    """Refuse a small model of tables, and marginals, where rows are texts."""
    if isinstance(config.small_model, TableModelConfig):
        raise UserError(
            f"small_model={config.small_model.kind} reads the columns of a table, and task.kind={config.task.kind} has "
            "texts: choose small_model=bag or an encoder"
        )
    if config.audit.table is not None:
        raise UserError(
            f"audit.table={str(config.audit.table).lower()} measures the columns of a table, and "
            f"task.kind={config.task.kind} has texts: leave it out"
        )
    if config.strategy.seeds == "marginals":
        raise UserError(
            f"strategy.seeds=marginals draws the cells of a table, and task.kind={config.task.kind} has texts: choose "
            "strategy.seeds=templates"
        )


def _check_one_written(task: TaskConfig) -> None:
    if not isinstance(task.generate, str):
        raise UserError(f"task.generate={task.generate}: in a {task.kind} task the LLM writes one column")


RULES = {
    "classification": Rules(
        _check_classification, "label", foreign=("answers", "table", "answer", "retrieval")
    ),
    "extraction": Rules(
        _check_extraction,
        "answer",
        foreign=(
            "label",
            "label_values",
            "rationales",
            "rationales_per_seed",
            "table",
            "answer",
            "retrieval",
        ),
    ),
    "tabular": Rules(
        check_tabular,
        "label",
        foreign=(
            "answers",
            "contexts",
            "rationales",
            "rationales_per_seed",
            "attributes",
            "answer",
            "retrieval",
        ),
        row="row",
        asked_about="features",
        lines=True,
    ),
    "generation": Rules(
        check_generation,
        "answer",
        foreign=(
            "answers",
            "label",
            "label_values",
            "rationales",
            "rationales_per_seed",
            "table",
            "retrieval",
        ),
        lines=True,
        free=True,
    ),
    "retrieval": Rules(
        check_retrieval,
        "",
        foreign=("label", "label_values", "answers", "rationales", "rationales_per_seed", "table", "answer"),
    ),
}
