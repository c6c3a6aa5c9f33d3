"""Checks of a task of tables on its options: its columns, what it predicts, and how its rows are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s3exp.settings.columns import is_unit
from s3exp.settings.labels import check_labels, check_names
from s3exp.settings.llm import is_structured
from s3exp.settings.run import Config
from s3exp.settings.small_model import NetworkConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError


def check_tabular(config: Config) -> None:
    """Refuse options that a task of tables does not read, or that contradict each other.

    Raises:
        UserError: names the options and what to do.
    """
    task, table = config.task, config.task.table
    _check_columns_of_table(task)
    if task.labels:
        check_labels(task.labels, task.label_values)
        check_words(task)
    else:
        _refuse_for_numbers(config)
    prompts, where = task.prompt_sets[task.prompts], f"task.prompt_sets.{task.prompts}"
    if prompts.examples or prompts.rationale or prompts.domains or prompts.templates:
        raise UserError(
            f"{where}: a tabular task has seed, extrapolate, shot, form and check alone; task.shots shows gold rows"
        )
    if task.shots and prompts.shot is None:
        raise UserError(
            f"task.shots={task.shots}: {where}.shot says how a row is shown: set it, say to '{{row}}'"
        )
    if is_structured(config.llm):
        raise UserError("llm.structured=true: task.kind=tabular reads rows from lines: leave it out")
    if config.audit.encoder is not None:
        raise UserError(
            f"audit.encoder={config.audit.encoder} reads texts, and task.kind=tabular has vectors of its columns: "
            "leave it out"
        )
    if config.curation.revise:
        raise UserError("curation.revise=true: the rows of task.kind=tabular have no wording: leave it out")
    if config.strategy.seeds not in (None, "plain", "marginals", "none"):
        raise UserError(
            f"strategy.seeds={config.strategy.seeds}: task.kind=tabular has plain seeds, and marginals, whose cells "
            "are drawn from gold without an LLM: choose one of them"
        )
    if table.start != "none" and task.rows_per_answer > 1:
        raise UserError(
            f"task.table.start={table.start} begins one row, and task.rows_per_answer={task.rows_per_answer} asks for "
            "several: leave one of them out"
        )
    if table.labels == "inline" and config.strategy.labels == "random":
        raise UserError(
            "strategy.labels=random asks for labels, and with task.table.labels=inline the LLM writes them: leave one "
            "of them out"
        )


def problem_of_name(name: str) -> str:
    """Why a column's name cannot stand in the text of a row; empty: it can."""
    if not name.replace("\n", "").isprintable():
        return "a name of a column has a character that is not seen, which an LLM does not write: rename it"
    if name.strip() and not any(mark in name for mark in (", ", " is ", "\n", ": ", "=")):
        return ""
    return "a name of a column stands before ' is ' in the text of a row: rename it, without ', ', ' is ', ': ' and '='"


def same_name(name: str, others: Sequence[str]) -> str | None:
    """The first of some names that differs from a name in case alone."""
    return next((one for one in others if one.casefold().strip() == name.casefold().strip()), None)


def _check_columns_of_table(task: TaskConfig) -> None:
    """Refuse names that the text of a row could not be read by."""
    names = [*task.fields, task.label]
    for place, name in enumerate(names):
        if why := problem_of_name(name):
            raise UserError(f"task.fields has {name!r}: {why}")
        if (other := same_name(name, names[:place])) is not None and name == task.label:
            raise UserError(
                f"task.fields and task.label={task.label}: {other} is there twice: the target is no column that is read"
            )
        if other is not None:
            raise UserError(
                f"task.fields has {other!r} and {name!r}, which a row's text cannot tell apart: rename one"
            )
    if set(task.written) != set(task.fields):
        raise UserError(
            f"task.generate={task.generate}: a row of a tabular task is written whole: name all task.fields"
        )
    unknown = [name for name in task.table.columns if name not in names]
    if unknown:
        raise UserError(
            f"task.table.columns.{unknown[0]}: no such column; task.fields are {', '.join(task.fields)}"
        )
    for name, column in task.table.columns.items():
        key, is_class = f"task.table.columns.{name}", bool(task.labels) and name == task.label
        for option, value in (("decimal", column.decimal), ("unit", column.unit)):
            if value is not None and (is_class or column.values or column.type == "category"):
                why = "task.labels" if is_class else f"{key}.{'values' if column.values else 'type'}"
                raise UserError(
                    f"{key}.{option}={value} is of numbers, and by {why} the column has none: leave one of them out"
                )
        if column.unit is not None and not is_unit(column.unit):
            raise UserError(
                f"{key}.unit={column.unit!r}: must have three points where the number stands, and signs beside them "
                "that are no part of a number: '$...' or '... kg'"
            )
    if task.labels and task.table.tolerance is not None:
        raise UserError(
            f"task.table.tolerance={task.table.tolerance:g} is of a number to predict, and task.labels are classes: "
            "leave one of them out"
        )


def _refuse_for_numbers(config: Config) -> None:
    """Refuse what goes by classes, where the target is a number."""
    small, strategy, curation = config.small_model, config.strategy, config.curation
    what = "and the target of this task is a number (task.labels=[])"
    by_classes: dict[str, tuple[Any, Any]] = {
        "curation.noise": (curation.noise, "none"),
        "curation.label": (curation.label, "none"),
        "strategy.pick.by": (strategy.pick.by, "none"),
        "strategy.pick.spread": (strategy.pick.spread if strategy.pick.spread == "badge" else "none", "none"),
        "strategy.pick.skip": (strategy.pick.skip, 0),
    }
    for key, (value, off) in by_classes.items():
        if value != off:
            raise UserError(f"{key}={value} goes by classes, {what}: set it to {off}")
    if strategy.shown in ("helpful", "votes"):
        raise UserError(f"strategy.shown={strategy.shown} goes by classes, {what}: choose another")
    if isinstance(small, NetworkConfig):
        raise UserError(
            f"small_model={small.kind} predicts classes, {what}: choose small_model=boosting or small_model=logistic"
        )
    if small.members > 1:
        raise UserError(
            f"small_model.members={small.members}: members share probabilities, {what}: set it to 1"
        )


def check_words(task: TaskConfig) -> None:
    """Refuse words for labels that are not one for each, or that two labels share."""
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
