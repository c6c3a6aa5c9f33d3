"""Gold splits, prompt rendering, parsing and scoring: one module a kind of task, one YAML a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig

if TYPE_CHECKING:
    from s3exp.tasks.roles import Gold
    from s3exp.tasks.task import Task


def build_task(config: TaskConfig, llm: LLMConfig, gold: Gold, cut: Callable[[str], str]) -> Task:
    """The task of the config's kind; `cut` shortens a text to the LLM's limit."""
    from s3exp.tasks.kinds import kind_of

    return kind_of(config).build(config, llm, gold, cut)
