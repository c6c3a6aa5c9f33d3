"""Checks of a task of free answers on its options."""

from __future__ import annotations

from s3exp.settings.llm import is_structured
from s3exp.settings.run import Config
from s3exp.settings.small_model import CausalConfig, PluginSmallModelConfig, PythonSmallModelConfig
from s3exp.types import UserError

KIND = "task.kind=generation"
PREDICTING = (CausalConfig, PythonSmallModelConfig, PluginSmallModelConfig)


def check_generation(config: Config) -> None:
    """Refuse options that a task of free answers does not read, or that go by classes.

    Raises:
        UserError: names the options and what to do.
    """
    task, small = config.task, config.small_model
    prompts, where = task.prompt_sets[task.prompts], f"task.prompt_sets.{task.prompts}"
    if task.answer.column in task.fields:
        raise UserError(
            f"task.answer.column={task.answer.column} is one of task.fields: the answer is no column that is read"
        )
    twice = [name for name in task.answer.also if name in (task.answer.column, *task.fields)]
    if twice:
        raise UserError(
            f"task.answer.also has {twice[0]}, which is task.answer.column or one of task.fields: name other columns"
        )
    names = [name for name in task.fields if name == "answer" or not name.isidentifier()]
    if names:
        raise UserError(f"task.fields has {names[0]!r}: name it otherwise, as a word that is not `answer`")
    if task.labels:
        raise UserError(f"task.labels={task.labels}: {KIND} has none")
    if prompts.rationale or prompts.labels or prompts.templates or prompts.revise:
        raise UserError(f"{where}: {KIND} has no rationale, labels, templates and revise")
    if not isinstance(small, PREDICTING):
        raise UserError(
            f"small_model={small.kind} writes no answers: choose small_model=causal_lm (with its checkpoint), or "
            "small_model=smollm2"
        )
    if is_structured(config.llm):
        raise UserError(f"llm.structured=true: {KIND} reads rows from lines: leave it out")
    if task.answer.program == "word_problems" and len(task.written) != 1:
        raise UserError(
            f"task.answer.program=word_problems reads one column, and task.generate={task.generate} has several"
        )
    _refuse_classes(config)


def _refuse_classes(config: Config) -> None:
    """Refuse what goes by classes, or by the columns of a table."""
    small, strategy, curation = config.small_model, config.strategy, config.curation
    chosen = {
        f"curation.noise={curation.noise}": curation.noise != "none",
        f"strategy.labels={strategy.labels}": strategy.labels != "gold",
        f"strategy.shown={strategy.shown}": strategy.shown in ("helpful", "votes"),
        f"strategy.seeds={strategy.seeds}": strategy.seeds not in (None, "plain", "none"),
        f"strategy.pick.by={strategy.pick.by}": strategy.pick.by != "none",
        f"strategy.pick.spread={strategy.pick.spread}": strategy.pick.spread == "badge",
        f"strategy.pick.skip={strategy.pick.skip:g}": strategy.pick.skip > 0,
        f"small_model.members={small.members}": small.members > 1,
        "curation.revise=true": curation.revise,
        "audit.table": config.audit.table is not None,
    }
    for option, on in chosen.items():
        if on:
            raise UserError(
                f"{option}: {KIND} has no such thing, since its answers are free texts: leave it out"
            )
