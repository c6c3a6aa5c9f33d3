"""Checks of what a run's seeds are asked with: written contexts, templates and attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from s3exp.settings.prompts import check_spelling
from s3exp.settings.run import OF_SEEDS, Config
from s3exp.settings.task import PROMPT_FIELD, AttributeConfig, PromptSet, TaskConfig
from s3exp.types import UserError

CLOZE, BLANK, INSTANCE = "cloze", "blank", "instance"  # fields of templates and seeds; a slot
_FIELDS = {"label", "answer", "count", "rationales", "form", "domain", INSTANCE, CLOZE}
_WORD = re.compile(r"\w+")


def check_seeds(config: Config) -> None:
    """Refuse seeds that the prompt set has no templates for, or that leave another option without a meaning.

    Raises:
        UserError: names the options and what to do.
    """
    if config.strategy.human or config.strategy.given:
        return
    seeds, task = config.strategy.seeds, config.task
    if seeds == "written":
        _check_written(task)
    elif seeds == "templates":
        _check_templates(config)
    elif seeds == "rationales" and not task.prompt_sets[task.prompts].rationale:
        raise UserError(
            f"strategy.seeds=rationales: task.prompt_sets.{task.prompts} of task {task.name} has no rationale prompt: "
            "write one, or choose other task.prompts"
        )
    _check_attributes(config)


def without_unused(config: Config) -> Config:
    """The config without the templates of other seeds than its own: a run that does not use them does not know them."""
    task, seeds = config.task, config.strategy.seeds
    unset = PromptSet()
    sets = {
        name: replace(
            one, **{field: getattr(unset, field) for field, use in OF_SEEDS.items() if use != seeds}
        )
        for name, one in task.prompt_sets.items()
    }
    return replace(config, task=replace(task, prompt_sets=sets))


def fillers(prompts: PromptSet, slot: str, label: str | None) -> list[str]:
    """The texts that may stand in a slot in a row of one label."""
    texts = prompts.slots[slot]
    return list(_by_name(texts)[str(label)] if isinstance(texts, Mapping) else texts)


def _by_name(lists: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): texts for name, texts in lists.items()}  # YAML reads 1 as a number


def _check_written(task: TaskConfig) -> None:
    prompts, where = task.prompt_sets[task.prompts], f"task.prompt_sets.{task.prompts}"
    if len(task.context) > 1:
        raise UserError(
            f"strategy.seeds=written writes one context column, and task {task.name} has {', '.join(task.context)} "
            "(task.fields without task.generate): choose other strategy.seeds"
        )
    if task.context and task.contexts is not None:
        raise UserError(
            f"task.contexts={task.contexts} would not be read: with strategy.seeds=written the LLM writes the contexts "
            "of seeds: unset one of them (task.contexts=null)"
        )
    needed = ["domains", "instances", *([] if task.context else ["seed_with_instance"])]
    missing = [name for name in needed if not getattr(prompts, name)]
    if missing:
        raise UserError(
            f"strategy.seeds=written: {where} of task {task.name} lacks {' and '.join(missing)}: write them, or choose "
            "other task.prompts"
        )
    if task.context and prompts.seed_with_instance:
        raise UserError(
            f"{where}.seed_with_instance is not read: in task {task.name} an instance is the column "
            f"{task.context[0]}, which seed names: leave it out"
        )


def _check_templates(config: Config) -> None:
    task = config.task
    prompts, where = task.prompt_sets[task.prompts], f"task.prompt_sets.{task.prompts}"
    if not prompts.templates:
        raise UserError(
            f"strategy.seeds=templates: {where} of task {task.name} has no templates: write them, or choose other "
            "task.prompts"
        )
    if task.rows_per_answer > 1:
        raise UserError(
            f"task.rows_per_answer={task.rows_per_answer}: a template of strategy.seeds=templates is one row: "
            "set it to 1"
        )
    spans = task.kind == "extraction"
    taken = {*_FIELDS, *task.fields}
    for slot in prompts.slots:
        if slot in taken or not _WORD.fullmatch(slot):
            raise UserError(
                f"{where}.slots.{slot}: choose another name: letters, and not one of {', '.join(taken)}"
            )
        _check_slot(task, f"{where}.slots.{slot}", prompts.slots[slot])
    known = [*prompts.slots, *task.context, *(("answer", CLOZE) if spans else ())]
    used: set[str] = {BLANK} if spans else set()
    for number, text in enumerate(prompts.templates):
        place = f"{where}.templates[{number}]"
        if not isinstance(text, str) or not text.strip():
            raise UserError(f"{place}={text}: must be a text (YAML may need quotes)")
        check_spelling(place, text, known)
        names = set(PROMPT_FIELD.findall(text))
        used |= names
        if spans and not names & {"answer", CLOZE}:
            raise UserError(f"{place} has neither {{answer}} nor {{{CLOZE}}}, so it asks for no answer")
        if task.labels and not any(isinstance(prompts.slots.get(name), Mapping) for name in names):
            raise UserError(
                f"{place} has no slot with texts by label, so its rows are alike for every label: give one of its "
                "slots a list for each label"
            )
    unused = [slot for slot in prompts.slots if slot not in used]
    if unused:
        raise UserError(f"{where}.slots.{unused[0]}: no template has the field {{{unused[0]}}}")


def _check_slot(task: TaskConfig, key: str, texts: Any) -> None:
    if not isinstance(texts, Mapping):
        _check_texts(key, texts)
        return
    _check_by_label(task, key, texts)


def _check_by_label(task: TaskConfig, key: str, lists: Mapping[Any, Any]) -> None:
    if not task.labels:
        raise UserError(f"{key}: a task of task.kind={task.kind} has no labels: give one list")
    named = _by_name(lists)
    wrong = [name for name in task.labels if name not in named] + [
        name for name in named if name not in task.labels
    ]
    if wrong:
        raise UserError(
            f"{key} has lists for {', '.join(named) or 'no label'}; needed is one for each of {', '.join(task.labels)}"
        )
    for name, texts in named.items():
        _check_texts(f"{key}.{name}", texts)


def _check_texts(key: str, texts: Any) -> None:
    if not isinstance(texts, Sequence) or isinstance(texts, str) or not texts:
        raise UserError(f"{key}={texts}: must be a list of texts with at least one of them")
    for text in texts:
        if not isinstance(text, str):
            raise UserError(f"{key} has {text}: must be a text (YAML may need quotes)")


def _check_attributes(config: Config) -> None:
    task, seeds = config.task, config.strategy.seeded
    if not task.attributes:
        return
    prompts, where = task.prompt_sets[task.prompts], f"task.prompt_sets.{task.prompts}"
    first = next(iter(task.attributes))
    if seeds == "templates":
        raise UserError(
            f"task.attributes.{first}: with strategy.seeds=templates no seed prompt reads it: give the templates a slot"
        )
    template = _template_of(task, seeds)
    named = PROMPT_FIELD.findall(getattr(prompts, template) or "")
    for name, one in task.attributes.items():
        key = f"task.attributes.{name}"
        if name in {*_FIELDS, *task.fields} or not _WORD.fullmatch(name):
            raise UserError(f"{key}: choose another name: letters, and none that prompts have already")
        if name not in named:
            raise UserError(
                f"{key}: {where}.{template}, by which this run asks for seeds, has no field {{{name}}}"
            )
        _check_attribute(task, key, one)
    if prompts.shot is None and (task.shots or prompts.examples) and set(named) & set(task.attributes):
        raise UserError(
            f"task.attributes.{first}: worked examples (task.shots, {where}.examples) are shown as seed prompts, "
            f"and have no attributes: write {where}.shot"
        )
    if (
        seeds == "rationales"
        and prompts.rationale
        and set(task.attributes) - set(PROMPT_FIELD.findall(prompts.seed))
    ):
        raise UserError(
            f"task.attributes.{first}: {where}.seed needs its field too: a label that gets no reasons is seeded by it"
        )


def _template_of(task: TaskConfig, seeds: str) -> str:
    """The template by which seeds are asked for."""
    prompts = task.prompt_sets[task.prompts]
    if seeds == "rationales" and prompts.seed_with_rationales:
        return "seed_with_rationales"
    return "seed_with_instance" if seeds == "written" and not task.context else "seed"


def _check_attribute(task: TaskConfig, key: str, one: AttributeConfig) -> None:
    if bool(one.values) == bool(one.by_label):
        raise UserError(f"{key} needs either values or by_label, with at least one text")
    if one.by_label:
        _check_by_label(task, f"{key}.by_label", one.by_label)
    else:
        _check_texts(f"{key}.values", one.values)
    names = [*task.labels, *(task.prompt_sets[task.prompts].labels or ())]
    lists = _by_name(one.by_label).values() if one.by_label else [one.values]
    for text in (text for texts in lists for text in texts):
        if said := _says(text, names):
            raise UserError(
                f"{key} has {text!r}, which says the label {said}: choose words that fit every label"
            )


def _says(text: str, names: Sequence[str]) -> str | None:
    """The label whose name stands in a text."""
    said = f" {' '.join(_folded(text))} "
    return next((name for name in names if f" {' '.join(_folded(name))} " in said), None)


def _folded(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
