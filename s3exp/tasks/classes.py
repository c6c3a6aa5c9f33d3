"""The classes that the roles of gold have rows of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from s3exp.settings.task import TaskConfig
from s3exp.tasks.columns import warn_once
from s3exp.types import Example, UserError


@dataclass(frozen=True, slots=True)
class Parts:
    """The gold rows by role, before test is sealed."""

    mining: Sequence[Example]
    select: Sequence[Example]
    train: Sequence[Example]
    test: Sequence[Example]


def check_classes(task: TaskConfig, parts: Parts) -> None:
    """Refuse rows of one class alone where the run learns from them, and warn of classes without rows.

    Raises:
        UserError: all rows of validation or train have one label.
    """
    if not task.labels:
        return
    validation = [*parts.mining, *parts.select]
    for role, rows in (("validation", validation), ("train", parts.train), ("test", parts.test)):
        source, lacking = task.gold.source(role), _lacking(task, rows)
        if len(rows) > 1 and len(lacking) == len(task.labels) - 1 and role != "test":
            raise UserError(
                f"{_option(task, role)}: {source}: all {len(rows):,} rows are {task.labels[rows[0].label]}: rows of "
                f"{', '.join(lacking)} are needed too"
            )
        if rows and lacking:
            warn_once(f"{role}: {source}: no row is {', '.join(lacking)}: the scores say nothing about that")
    for role, rows in (("mining", parts.mining), ("select", parts.select)):
        lost = [name for name in _lacking(task, rows) if name not in _lacking(task, validation)]
        if lost:
            warn_once(
                f"{task.gold.source('validation')}: no row of {role} is {', '.join(lost)}: it has too few of them"
            )


def _option(task: TaskConfig, role: str) -> str:
    """The option that names the source of a role."""
    return f"task.gold.{role if task.gold.source(role) == getattr(task.gold, role) else 'file'}"


def _lacking(task: TaskConfig, rows: Sequence[Example]) -> list[str]:
    """The labels that no row has."""
    has = {row.label for row in rows}
    return [name for index, name in enumerate(task.labels) if index not in has]
